use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, de};

#[cfg(feature = "postgres")]
use stockade_memory::postgres::{Database, Migrated};
use stockade_memory::{self as memory, Archive, Embed, Lexical, Service, SqliteArchive};
use stockade_models::Price;
use stockade_workflow::Fault;

use super::NEVER_WRITTEN;
#[cfg(feature = "postgres")]
use super::database::tuned;
#[cfg(feature = "postgres")]
use super::key_of;

/// What `[memory]` says: where the long-term memory is, and how it knows what texts are about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Memory {
    /// The file of the memory. Without it, `memory.db` beside the journal.
    pub path: Option<PathBuf>,
    /// A database in which the memory is in place of a file, as `postgres://USER@HOST:PORT/DATABASE`, to which `?sslmode=` and
    /// `sslrootcert=` may be added. Many hosts may share it.
    pub url: Option<String>,
    /// The name of the secret that is the password of the database.
    pub password: Option<String>,
    /// How many connections to the database a host has at most.
    pub connections: Option<u32>,
    /// Milliseconds that the database may take to let the host in.
    pub connect_timeout_ms: Option<u64>,
    /// Milliseconds that one statement may take.
    pub statement_timeout_ms: Option<u64>,
    /// What makes vectors of texts: `"lexical"` (the default), a folder with a model2vec model, or a provider.
    pub embedding: Embedding,
}

/// What makes vectors of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Embedding {
    /// What is built in: words, and parts of words.
    #[default]
    Lexical,
    /// A model2vec model, in its folder.
    Model2vec(PathBuf),
    /// A provider.
    Provider(Provider),
}

/// A provider of embeddings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// `openai` (also for compatible servers), `ollama`, `gemini` or `cohere`.
    pub provider: String,
    /// The model, as the provider calls it.
    pub model: String,
    /// The provider's address, if it is not the usual one.
    pub url: Option<String>,
    /// The name of the secret that is the key.
    pub key: Option<String>,
    /// What it costs. Of `{ input, output }`, only `input` counts.
    pub price: Option<Price>,
}

impl Memory {
    /// Returns the name of the secret that is the password of the database, if the memory is in one that has a password.
    pub fn database_secret(&self) -> Option<&str> {
        self.url.as_ref().and(self.password.as_deref())
    }

    /// Returns the name of the secret that is the key of the embedding.
    pub fn secret(&self) -> Option<&str> {
        match &self.embedding {
            Embedding::Provider(Provider { key, .. }) => key.as_deref(),
            Embedding::Lexical | Embedding::Model2vec(_) => None,
        }
    }

    /// Opens the archive: in its database, in its file or, if it names neither, in the file beside the journal. `secrets` are the
    /// values of secrets, by name.
    ///
    /// # Errors
    ///
    /// Both a file and a database are named; the file is not an archive of ours, or cannot be written; the database cannot be
    /// used, or this build has not the feature `postgres`.
    pub async fn archive(&self, beside: &Path, secrets: &BTreeMap<String, String>) -> crate::Result<Arc<dyn Archive>> {
        match (&self.path, &self.url) {
            (Some(path), Some(_)) => Err(twice(path)),
            (None, Some(url)) => self.in_database(url, secrets).await,
            (path, None) => Ok(Arc::new(SqliteArchive::open(path.as_deref().unwrap_or(beside))?)),
        }
    }

    #[cfg(feature = "postgres")]
    async fn in_database(&self, url: &str, secrets: &BTreeMap<String, String>) -> crate::Result<Arc<dyn Archive>> {
        Ok(Arc::new(memory::PostgresArchive::open(self.parsed(url, secrets)?).await?))
    }

    #[cfg(not(feature = "postgres"))]
    async fn in_database(&self, _: &str, _: &BTreeMap<String, String>) -> crate::Result<Arc<dyn Archive>> {
        Err(crate::features::off("long-term memory in a PostgreSQL database", "postgres"))
    }

    /// Returns the database at its URL as it is spoken to. No text repeats the URL.
    #[cfg(feature = "postgres")]
    fn parsed(&self, url: &str, secrets: &BTreeMap<String, String>) -> crate::Result<Database> {
        let password =
            self.password.as_deref().map(|name| key_of(name, "the long-term memory", secrets)).transpose()?;
        let database = Database::of_memory(url, password.as_deref())?;
        Ok(tuned(database, self.connections, self.connect_timeout_ms, self.statement_timeout_ms))
    }

    /// Makes the tables of the memory, or changes them to the version of this program; a memory in a file changes by itself.
    /// Returns what was done, if the memory is in a database. `secrets` are the values of secrets, by name.
    ///
    /// # Errors
    ///
    /// Both a file and a database are named; the database cannot be used, or its tables are of a newer version.
    #[cfg(feature = "postgres")]
    pub async fn migrate(&self, secrets: &BTreeMap<String, String>) -> crate::Result<Option<Migrated>> {
        match (&self.path, &self.url) {
            (Some(path), Some(_)) => Err(twice(path)),
            (None, Some(url)) => memory::PostgresArchive::migrate(self.parsed(url, secrets)?).await.map(Some),
            (_, None) => Ok(None),
        }
    }

    /// Makes the embedding. `key` is the value of the secret that [`Memory::secret`] names.
    ///
    /// # Errors
    ///
    /// There is no such model or provider, or this build has not the feature of such a model.
    pub fn embed(&self, key: Option<String>) -> crate::Result<Arc<dyn Embed>> {
        Ok(match &self.embedding {
            Embedding::Lexical => Arc::new(Lexical),
            Embedding::Model2vec(folder) => static_model(folder)?,
            Embedding::Provider(Provider { provider, model, url, .. }) => {
                let service = Service { provider: provider.clone(), model: model.clone(), url: url.clone(), key };
                Arc::new(memory::Provider::new(stockade_system::http::client()?, service)?)
            }
        })
    }

    /// Makes relative paths relative to a folder.
    pub(super) fn anchor(&mut self, folder: &Path) {
        if let Some(path) = &mut self.path {
            *path = folder.join(&path);
        }
        if let Embedding::Model2vec(model) = &mut self.embedding {
            *model = folder.join(&model);
        }
    }
}

fn twice(path: &Path) -> Fault {
    let message = format!(
        "[memory] names the file \"{}\" as its path, and a database as its url; the memory is in one of them",
        path.display()
    );
    Fault::invalid("memory", message)
}

#[cfg(feature = "static-embeddings")]
fn static_model(folder: &Path) -> crate::Result<Arc<dyn Embed>> {
    Ok(Arc::new(memory::Static::load(folder)?))
}

#[cfg(not(feature = "static-embeddings"))]
fn static_model(folder: &Path) -> crate::Result<Arc<dyn Embed>> {
    let fault = crate::features::off("model2vec models", "static-embeddings");
    Err(fault.reworded(|why| format!("\"{}\" cannot be read: {why}", folder.display())))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Named(String),
    Model2vec(Model2vec),
    Provider(Provider),
    Other(de::IgnoredAny),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Model2vec {
    model2vec: PathBuf,
}

impl<'de> Deserialize<'de> for Embedding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Named(name) if name == "lexical" => Ok(Self::Lexical),
            Written::Model2vec(Model2vec { model2vec }) => Ok(Self::Model2vec(model2vec)),
            Written::Provider(provider) if has_password(&provider) => Err(de::Error::custom(format!(
                "a password {NEVER_WRITTEN}; name a secret in its place: key = \"NAME\""
            ))),
            Written::Provider(provider) => Ok(Self::Provider(provider)),
            // It may hold a key, so it is not repeated.
            Written::Named(_) | Written::Other(_) => Err(de::Error::custom(
                "no embedding is written so; write \"lexical\", { model2vec = \"FOLDER\" }, or { provider = \"NAME\", \
                 model = \"NAME\" } with a url, and a key that is the name of a secret",
            )),
        }
    }
}

/// Returns whether a provider's address has a user in it, or a key among its parameters.
fn has_password(provider: &Provider) -> bool {
    let url = provider.url.as_deref().unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) || rest.contains('?')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Memory, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn each_embedding_is_read() {
        assert_eq!(parse("").unwrap(), Memory::default());
        assert_eq!(parse("embedding = \"lexical\"").unwrap().embedding, Embedding::Lexical);
        let mut memory = parse("path = \"m.db\"\nembedding = { model2vec = \"models/potion\" }").unwrap();
        memory.anchor(Path::new("/etc/stockade"));
        assert_eq!(memory.path, Some("/etc/stockade/m.db".into()));
        assert_eq!(memory.embedding, Embedding::Model2vec("/etc/stockade/models/potion".into()));
        let text =
            "embedding = { provider = \"ollama\", model = \"nomic\", url = \"http://127.0.0.1:1/\", key = \"k\" }";
        let memory = parse(text).unwrap();
        let Embedding::Provider(provider) = &memory.embedding else { panic!("{memory:?}") };
        assert_eq!((provider.provider.as_str(), provider.model.as_str()), ("ollama", "nomic"));
        assert_eq!((provider.url.as_deref(), memory.secret()), (Some("http://127.0.0.1:1/"), Some("k")));
    }

    #[cfg(not(feature = "static-embeddings"))]
    #[test]
    fn a_model_that_the_binary_cannot_read_is_refused_by_the_name_of_the_feature() {
        let memory = parse("embedding = { model2vec = \"models/potion\" }").unwrap();
        let fault = memory.embed(None).err().unwrap();
        assert_eq!((fault.kind, fault.detail.as_deref()), (crate::Kind::Invalid, Some("feature")));
        assert!(
            fault.message.contains("\"models/potion\"") && fault.message.contains("feature `static-embeddings`"),
            "{fault}"
        );
    }

    #[test]
    fn what_is_no_embedding_is_refused_and_not_repeated() {
        for text in [
            "embedding = \"sk_live\"",
            "embedding = { model2vec = \"m\", token = \"sk_live\" }",
            "embedding = { provider = \"openai\" }",
            "embedding = { provider = \"openai\", model = \"m\", api_key = \"sk_live\" }",
            "embedding = { provider = \"openai\", model = \"m\", url = \"https://me:sk_live@h/\" }",
            "embedding = { provider = \"openai\", model = \"m\", url = \"https://h/?key=sk_live\" }",
            "embedding = 3",
            "embeding = \"lexical\"",
        ] {
            let error = parse(text).unwrap_err();
            assert!(!error.message().contains("sk_live"), "{error}");
        }
        assert!(parse("embedding = \"vectors\"").unwrap_err().message().contains("write \"lexical\""));
    }
}
