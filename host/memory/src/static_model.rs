use std::path::{Path, PathBuf};

use async_trait::async_trait;
use model2vec_rs::model::StaticModel;
use stockade_workflow::{Digest, Fault};

use super::embedding::{Embed, Embedded};
use crate::Result;

/// The largest file of a model: the largest that are published have half of it. It is read into memory.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// The files of a model.
const FILES: [&str; 3] = ["tokenizer.json", "model.safetensors", "config.json"];

/// An embedding of the user's own: a model2vec folder, with a vector for each token, whose mean is a text's.
pub struct Static {
    name: String,
    folder: PathBuf,
    model: StaticModel,
}

impl Static {
    /// Loads a model from its folder; nothing is downloaded.
    ///
    /// # Errors
    ///
    /// Kind [`Invalid`](stockade_workflow::Kind::Invalid) where the folder is not that of a model.
    pub fn load(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        let [tokenizer, vectors, config] = FILES.map(|name| read(&folder, name));
        let (tokenizer, vectors, config) = (tokenizer?, vectors?, config?);
        let all: Vec<u8> = [&tokenizer, &vectors, &config].map(|file| Digest::of(file).to_string()).concat().into();
        let name = format!("model2vec:{}", Digest::of(&all).short());
        let model = StaticModel::from_bytes(&tokenizer, &vectors, &config, None);
        let model = model.map_err(|error| unusable(&folder, format!("{error:#}")))?;
        Ok(Self { name, folder, model })
    }
}

#[async_trait]
impl Embed for Static {
    fn name(&self) -> &str {
        &self.name
    }

    async fn embed(&self, texts: &[String]) -> Result<Embedded> {
        let (model, texts) = (self.model.clone(), texts.to_vec());
        // Its files may not fit each other, which the library finds out by a panic.
        let vectors = tokio::task::spawn_blocking(move || model.encode(&texts)).await;
        let vectors = vectors.map_err(|_| unusable(&self.folder, "its files do not fit each other".to_owned()))?;
        Ok(Embedded { vectors, tokens: 0 })
    }
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>> {
    let bytes = stockade_system::file::read(&folder.join(name), FILE_BYTES_MAX);
    bytes.map_err(|error| unusable(folder, format!("{name}: {error}")))
}

fn unusable(folder: &Path, why: String) -> Fault {
    let message = format!(
        "\"{}\" is not the folder of a model2vec model: {why}; such a folder has {}",
        folder.display(),
        FILES.join(", ")
    );
    Fault::invalid("embedding", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Writes a model of three words with two numbers each.
    fn write(folder: &Path, words: &[&str], numbers: &[f32]) {
        let vocabulary: serde_json::Map<_, _> =
            words.iter().enumerate().map(|(id, word)| ((*word).to_owned(), id.into())).collect();
        let tokenizer = json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "post_processor": null,
            "decoder": null, "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"},
            "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
        });
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let shape = [numbers.len() / 2, 2];
        let header =
            json!({"embeddings": {"dtype": "F32", "shape": shape, "data_offsets": [0, bytes.len()]}}).to_string();
        let vectors = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &bytes].concat();
        std::fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
        std::fs::write(folder.join("model.safetensors"), vectors).unwrap();
        std::fs::write(folder.join("config.json"), r#"{"normalize": false}"#).unwrap();
    }

    const WORDS: [&str; 3] = ["[UNK]", "cat", "dog"];
    const NUMBERS: [f32; 6] = [9.0, 9.0, 1.0, 0.0, 0.0, 1.0];

    #[tokio::test]
    async fn a_text_is_the_mean_of_its_words() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &WORDS, &NUMBERS);
        let model = Static::load(dir.path()).unwrap();
        let texts = ["cat", "Cat dog", "bird"].map(String::from);
        let embedded = model.embed(&texts).await.unwrap();
        assert_eq!(embedded, Embedded { vectors: vec![vec![1.0, 0.0], vec![0.5, 0.5], vec![0.0, 0.0]], tokens: 0 });
        // Other numbers are another embedding, in the same folder or not.
        let name = model.name().to_owned();
        assert_eq!(Static::load(dir.path()).unwrap().name(), name);
        write(dir.path(), &WORDS, &[9.0, 9.0, 1.0, 0.0, 0.0, 2.0]);
        assert_ne!(Static::load(dir.path()).unwrap().name(), name);
    }

    #[tokio::test]
    async fn what_is_no_model_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let refused = |folder: &Path| Static::load(folder).err().unwrap();
        let fault = refused(&dir.path().join("absent"));
        assert_eq!(fault.detail.as_deref(), Some("embedding"));
        assert!(fault.message.contains("absent\" is not the folder of a model2vec model: tokenizer.json"), "{fault}");
        write(dir.path(), &WORDS, &NUMBERS);
        std::fs::write(dir.path().join("model.safetensors"), "no tensors").unwrap();
        assert!(refused(dir.path()).message.contains("safetensors"));
        std::fs::write(dir.path().join("tokenizer.json"), "{}").unwrap();
        assert!(refused(dir.path()).message.contains("tokenizer"));
        // A word without its numbers is found out when it is met.
        write(dir.path(), &WORDS, &NUMBERS[..4]);
        let fault = Static::load(dir.path()).unwrap().embed(&["dog".to_owned()]).await.unwrap_err();
        assert!(fault.message.contains("do not fit each other"), "{fault}");
    }
}
