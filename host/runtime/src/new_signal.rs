use serde_json::Value;
use stockade_workflow::Signal;
use uuid::Uuid;

/// A signal that a run is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSignal {
    name: String,
    payload: Value,
    key: Option<String>,
    by: String,
}

impl NewSignal {
    /// A signal of this name that says this.
    pub fn new(name: impl Into<String>, payload: Value) -> Self {
        Self { name: name.into(), payload, key: None, by: "host".to_owned() }
    }

    /// Gives it a key: sent again under the same key, it is still one signal.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Says who sends it.
    #[must_use]
    pub fn by(self, by: impl Into<String>) -> Self {
        Self { by: by.into(), ..self }
    }

    pub(crate) fn at(self, at_ms: u64) -> Signal {
        let Self { name, payload, key, by } = self;
        Signal { key: key.unwrap_or_else(|| Uuid::now_v7().to_string()), name, payload: payload.into(), by, at_ms }
    }
}
