use serde_json::Value;
use stockade_workflow::{RunId, Settlement};

use crate::Run;

/// The result of a call whose tool has said that it tells it later.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    result: Result<Value, String>,
    by: String,
}

/// Whom a result was for.
pub struct Completed {
    /// The run.
    pub run: RunId,
    /// The run in flight, if it goes on here.
    pub resumed: Option<Run>,
}

impl Completion {
    /// The call has answered this.
    pub fn done(output: Value) -> Self {
        Self { result: Ok(output), by: "host".to_owned() }
    }

    /// The call has failed, for this reason.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { result: Err(message.into()), by: "host".to_owned() }
    }

    /// Says who tells it.
    #[must_use]
    pub fn by(self, by: impl Into<String>) -> Self {
        Self { by: by.into(), ..self }
    }

    pub(crate) fn of(self, key: &str) -> Settlement {
        match self.result {
            Ok(output) => Settlement::done(key, output, &self.by),
            Err(message) => Settlement::refused(key, message, &self.by),
        }
    }
}
