#[cfg(any(feature = "postgres", feature = "sqlite"))]
use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use stockade_journal::Keyring;
#[cfg(feature = "postgres")]
use stockade_journal::PostgresJournal;
#[cfg(feature = "postgres")]
use stockade_journal::postgres::{Database, Migrated};
use stockade_workflow::Fault;

use super::anchored;
#[cfg(feature = "postgres")]
use super::database::tuned;
use super::journal_place::JournalPlace;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use super::key_of;
use crate::Result;

/// What `[journal]` says: where runs are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Journal {
    /// A file, as `PATH` or `sqlite:PATH`, or a database, as `postgres://USER@HOST:PORT/DATABASE`, to which `?sslmode=` and
    /// `sslrootcert=` may be added. Without it, `journal.db` in the data directory.
    pub url: Option<String>,
    /// In place of `url`, two databases or more, among which runs are spread by a hash of their ids. They are empty at first, and
    /// stay those, in this order.
    pub urls: Vec<String>,
    /// The name of the secret that is the password of the database, or of each of them.
    pub password: Option<String>,
    /// How many connections to a database a host has at most.
    pub connections: Option<u32>,
    /// Milliseconds that the database may take to let the host in.
    pub connect_timeout_ms: Option<u64>,
    /// Milliseconds that one statement may take.
    pub statement_timeout_ms: Option<u64>,
    /// Under which keys what runs take in, do and answer is sealed in the journal. Without it, nothing is.
    pub encryption: Option<Encryption>,
}

/// What `[journal] encryption` says: which keys seal the journal. Each is made of a secret of at least 32 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Encryption {
    /// The name of the secret under which is sealed what is written from now on. Without it, that is not sealed.
    pub key: Option<String>,
    /// The names of secrets of before, which open what is sealed under them still.
    pub previous: Vec<String>,
}

impl Journal {
    /// Names a journal by its URL, with the defaults for all else.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: Some(url.into()), ..Self::default() }
    }

    /// Returns the file of the journal; none where it is in a database, or not said.
    pub fn file(&self) -> Option<&Path> {
        JournalPlace::read(self.url.as_deref()?).ok()?.file()
    }

    /// Names the databases of a journal by their URLs, with the defaults for all else.
    pub fn across<U: Into<String>>(urls: impl IntoIterator<Item = U>) -> Self {
        Self { urls: urls.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Returns the URLs of the databases of the journal, in their order; none where it is in a file, or not said.
    pub fn databases(&self) -> impl Iterator<Item = &str> {
        self.url.iter().chain(&self.urls).filter_map(|url| JournalPlace::read(url).ok()?.database())
    }

    pub(crate) fn is_in_databases(&self) -> bool {
        self.databases().next().is_some()
    }

    /// Whether it names a place, or keys.
    pub(crate) fn is_said(&self) -> bool {
        self.url.is_some() || !self.urls.is_empty() || self.encryption.is_some()
    }

    /// Returns the keys of the journal; `secrets` are the values of secrets, by name.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`](crate::Kind::NotFound) where a secret has no value, and kind
    /// [`Kind::Invalid`](crate::Kind::Invalid) with detail `encryption` where it is too short.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn keys(&self, secrets: &BTreeMap<String, String>) -> Result<Keyring> {
        let Some(Encryption { key, previous }) = &self.encryption else { return Ok(Keyring::default()) };
        let secret =
            |name: &String| -> Result<(String, String)> { Ok((name.clone(), key_of(name, "the journal", secrets)?)) };
        let key = key.as_ref().map(secret).transpose()?;
        let previous = previous.iter().map(secret).collect::<Result<Vec<_>>>()?;
        Keyring::new(key.as_ref().map(lent), &previous.iter().map(lent).collect::<Vec<_>>())
    }

    /// Checks that it names one place, or several databases, and keys where it says that there are some.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](crate::Kind::Invalid) with detail `journal`, or `encryption`. No text repeats a URL.
    pub fn check(&self) -> Result<()> {
        if self.encryption.as_ref().is_some_and(|keys| *keys == Encryption::default()) {
            let why = "`encryption` names no secret; { key = \"NAME\" } seals what is written, { previous = [\"NAME\"] } only opens";
            return Err(Fault::invalid("encryption", why));
        }
        let why = match (&self.url, self.urls.as_slice()) {
            (None, []) => return Ok(()),
            (Some(url), []) => match JournalPlace::read(url) {
                Ok(_) => return Ok(()),
                Err(why) => return Err(Fault::invalid("journal", why)),
            },
            (Some(_), _) => "both `url` and `urls` say where the journal is; name one of them",
            (None, [_]) => "`urls` names one database; name it by `url`, or two or more",
            (None, urls) if self.databases().count() < urls.len() => {
                "each of `urls` must be a database, \"postgres://USER@HOST:PORT/DATABASE\"; a file is named by `url`, and is one"
            }
            (None, _) => return Ok(()),
        };
        Err(Fault::invalid("journal", why))
    }

    /// Returns the database at its URL as it is spoken to; `secrets` are the values of secrets, by name.
    ///
    /// # Errors
    ///
    /// The URL is not one of a database, or holds a password; kind [`Kind::NotFound`](crate::Kind::NotFound) where the secret
    /// has no value. No text repeats the URL.
    #[cfg(feature = "postgres")]
    pub(crate) fn parsed(&self, url: &str, secrets: &BTreeMap<String, String>) -> Result<Database> {
        let password = self.password.as_deref().map(|name| key_of(name, "the journal", secrets)).transpose()?;
        let database = Database::parse(url, password.as_deref())?;
        Ok(tuned(database, self.connections, self.connect_timeout_ms, self.statement_timeout_ms))
    }

    /// Makes the tables of the journal, or changes them to the version of this program; a journal in a file changes by itself.
    /// Returns what was done in each database, in their order.
    ///
    /// # Errors
    ///
    /// The database cannot be used, or its tables are of a newer version.
    #[cfg(feature = "postgres")]
    pub async fn migrate(&self, secrets: &BTreeMap<String, String>) -> Result<Vec<Migrated>> {
        self.check()?;
        let mut migrated = Vec::new();
        for url in self.databases().collect::<Vec<_>>() {
            migrated.push(PostgresJournal::migrate(self.parsed(url, secrets)?).await?);
        }
        Ok(migrated)
    }

    /// Returns the name of the secret that the journal needs, if it is in a database that has a password.
    pub fn secret(&self) -> Option<&str> {
        self.password.as_deref().filter(|_| self.is_in_databases())
    }

    /// Returns the names of all secrets that the journal needs.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let keys = self.encryption.iter().flat_map(|keys| keys.key.iter().chain(&keys.previous));
        self.secret().into_iter().chain(keys.map(String::as_str))
    }

    pub(super) fn anchor(&mut self, folder: &Path) {
        // What names no file stays as it is, and is refused.
        if self.check().is_err() {
            return;
        }
        if let Some(path) = self.file().and_then(Path::to_str).map(|path| anchored(folder, path)) {
            self.url = Some(path);
        }
    }
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn lent((name, value): &(String, String)) -> (&str, &str) {
    (name, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_of_a_file_or_of_a_database() {
        let file = |url: &str| Journal::at(url).file().map(|path| path.display().to_string());
        for url in ["a/journal.db", "sqlite:a/journal.db", "sqlite://a/journal.db"] {
            assert_eq!(file(url).as_deref(), Some("a/journal.db"), "{url}");
        }
        let there = Journal::at("postgresql://u@h/d");
        assert!(there.file().is_none() && there.databases().eq(["postgresql://u@h/d"]));
        assert!(Journal::default().file().is_none() && !Journal::default().is_in_databases());
    }

    #[test]
    fn a_url_that_names_neither_a_file_nor_a_known_database_is_refused_without_its_password() {
        for (url, why) in [
            ("", "is empty"),
            ("sqlite:", "is empty"),
            ("sqlite://", "is empty"),
            (":memory:", "would be lost"),
            ("sqlite::memory:", "would be lost"),
            ("file:a.db", "\"file:\""),
            ("sqlite:file::memory:?cache=shared", "\"file:\""),
            ("postgre://u:hunter2@h/d", "\"postgre://\""),
            ("Postgres://u:hunter2@h/d", "\"Postgres://\""),
            ("postgres:u:hunter2@h/d", "no \"//\""),
            (" postgres://u:hunter2@h/d", "\"postgres://\""),
        ] {
            let config = crate::Config::parse(&format!("[journal]\nurl = \"{url}\"")).unwrap();
            for fault in [Journal::at(url).check().unwrap_err(), config.journal.check().unwrap_err()] {
                let message = &fault.message;
                assert!(message.contains(why) && !message.contains("hunter2"), "{url}: {message}");
                assert_eq!(fault.detail.as_deref(), Some("journal"));
            }
        }
        for url in ["a:b.db", "./file:a", "a/b://c", "://x", "sqlite:///var/journal.db", "postgresql://u@h/d"] {
            Journal::at(url).check().unwrap();
        }
    }

    #[test]
    fn several_places_are_databases() {
        let [one, other] = ["postgres://u@h/a", "postgres://u@h/b"];
        let several = Journal::across([one, other]);
        several.check().unwrap();
        assert!(several.databases().eq([one, other]) && several.file().is_none());
        let both = Journal { url: Some("journal.db".to_owned()), ..several };
        for (wrong, why) in [
            (both, "name one of them"),
            (Journal::across([one]), "`urls` names one database"),
            (Journal::across([one, "journal.db"]), "a file is named by `url`, and is one"),
        ] {
            let message = wrong.check().unwrap_err().message;
            assert!(message.contains(why), "{message}");
        }
    }

    #[test]
    fn keys_are_secrets_by_their_names() {
        let text = "[journal]\nencryption = { key = \"new\", previous = [\"old\"] }";
        let journal = crate::Config::parse(text).unwrap().journal;
        assert!(journal.secrets().eq(["new", "old"]) && journal.is_said());
        let none = crate::Config::parse("[journal]\nencryption = {}").unwrap().journal;
        assert!(none.check().unwrap_err().message.contains("names no secret"));
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn a_key_that_has_no_value_or_a_short_one_is_refused_by_its_name() {
        let encryption = Some(Encryption { key: Some("new".to_owned()), previous: Vec::new() });
        let journal = Journal { encryption, ..Journal::default() };
        let keys = |value: Option<&str>| {
            journal.keys(&value.map(|value| ("new".to_owned(), value.to_owned())).into_iter().collect())
        };
        assert!(keys(None).unwrap_err().message.contains("\"new\""));
        let short = keys(Some("hunter2")).unwrap_err();
        assert!(short.message.contains("\"new\" has 7 bytes") && !short.message.contains("hunter2"), "{short}");
        assert!(keys(Some(&"k".repeat(32))).unwrap().seals());
    }

    #[test]
    fn a_file_is_beside_the_configuration() {
        let anchored = |url: &str| {
            let mut journal = Journal::at(url);
            journal.anchor(Path::new("/etc/stockade"));
            journal.url.unwrap()
        };
        assert_eq!(anchored("sqlite:journal.db"), "/etc/stockade/journal.db");
        assert_eq!(anchored("/var/journal.db"), "/var/journal.db");
        assert_eq!(anchored("postgres://u@h/d"), "postgres://u@h/d");
    }
}
