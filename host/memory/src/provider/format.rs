use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// How a provider of embeddings is asked, and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    OpenAi,
    Ollama,
    Gemini,
    Cohere,
}

/// What a provider answers: vectors, each with the place of its text, and what it charges where it says so.
#[derive(Debug, Default)]
pub(super) struct Vectors {
    pub(super) vectors: Vec<(usize, Vec<f32>)>,
    pub(super) tokens: Option<u64>,
}

impl Format {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "openai" => Some(Self::OpenAi),
            "ollama" => Some(Self::Ollama),
            "gemini" => Some(Self::Gemini),
            "cohere" => Some(Self::Cohere),
            _ => None,
        }
    }

    /// Returns the provider's own address.
    pub(super) fn url(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1/",
            Self::Ollama => "http://localhost:11434/",
            Self::Gemini => "https://generativelanguage.googleapis.com/v1beta/",
            Self::Cohere => "https://api.cohere.com/v2/",
        }
    }

    /// Returns where texts are sent, under an address.
    pub(super) fn target(self, mut base: Url, model: &str) -> Url {
        let folder = base.path().trim_end_matches('/').to_owned();
        base.set_path(&match self {
            Self::OpenAi => format!("{folder}/embeddings"),
            Self::Ollama => format!("{folder}/api/embed"),
            Self::Gemini => format!("{folder}/models/{model}:batchEmbedContents"),
            // Its conversations are at the first version, and people write that address.
            Self::Cohere => format!("{}/v2/embed", folder.trim_end_matches("/v1").trim_end_matches("/v2")),
        });
        base
    }

    pub(super) fn body(self, model: &str, texts: &[String]) -> Value {
        match self {
            Self::OpenAi | Self::Ollama => json!({"model": model, "input": texts}),
            Self::Gemini => {
                let request = |text: &String| {
                    let content = json!({"parts": [{"text": text}]});
                    json!({"model": format!("models/{model}"), "content": content, "taskType": "SEMANTIC_SIMILARITY"})
                };
                json!({"requests": texts.iter().map(request).collect::<Value>()})
            }
            Self::Cohere => json!({
                "model": model, "texts": texts, "input_type": "search_document", "embedding_types": ["float"],
                "truncate": "END",
            }),
        }
    }

    /// Returns the header that a key is sent in, with its value.
    pub(super) fn key(self, key: &str) -> (&'static str, String) {
        match self {
            Self::Gemini => ("x-goog-api-key", key.to_owned()),
            Self::OpenAi | Self::Ollama | Self::Cohere => ("authorization", format!("Bearer {key}")),
        }
    }

    /// Reads an answer; none, where it is not one.
    pub(super) fn read(self, answer: &[u8]) -> Option<Vectors> {
        match self {
            Self::OpenAi => serde_json::from_slice::<OpenAi>(answer).ok().map(OpenAi::vectors),
            Self::Ollama => serde_json::from_slice::<Ollama>(answer).ok().map(Ollama::vectors),
            Self::Gemini => serde_json::from_slice::<Gemini>(answer).ok().map(Gemini::vectors),
            Self::Cohere => serde_json::from_slice::<Cohere>(answer).ok().map(Cohere::vectors),
        }
    }
}

#[derive(Deserialize)]
struct OpenAi {
    data: Vec<Datum>,
    #[serde(default)]
    usage: Usage,
}

#[derive(Deserialize)]
struct Datum {
    index: usize,
    embedding: Vec<f32>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    prompt_tokens: Option<u64>,
    total_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Ollama {
    embeddings: Vec<Vec<f32>>,
    #[serde(default)]
    prompt_eval_count: Option<u64>,
}

#[derive(Deserialize)]
struct Gemini {
    embeddings: Vec<Values>,
}

#[derive(Deserialize)]
struct Values {
    values: Vec<f32>,
}

#[derive(Deserialize)]
struct Cohere {
    embeddings: Floats,
    #[serde(default)]
    meta: Meta,
}

#[derive(Deserialize)]
struct Floats {
    float: Vec<Vec<f32>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    billed_units: Billed,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Billed {
    input_tokens: Option<u64>,
}

impl OpenAi {
    fn vectors(self) -> Vectors {
        let vectors = self.data.into_iter().map(|datum| (datum.index, datum.embedding)).collect();
        Vectors { vectors, tokens: self.usage.total_tokens.or(self.usage.prompt_tokens) }
    }
}

impl Ollama {
    fn vectors(self) -> Vectors {
        Vectors { vectors: self.embeddings.into_iter().enumerate().collect(), tokens: self.prompt_eval_count }
    }
}

impl Gemini {
    fn vectors(self) -> Vectors {
        Vectors { vectors: self.embeddings.into_iter().map(|one| one.values).enumerate().collect(), tokens: None }
    }
}

impl Cohere {
    fn vectors(self) -> Vectors {
        let vectors = self.embeddings.float.into_iter().enumerate().collect();
        Vectors { vectors, tokens: self.meta.billed_units.input_tokens }
    }
}
