use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Effect, Event, Fault, Kind, Message, ModelOutcome, Question, Reply, Stop};

/// The most errors of a schema that a model is told at once.
const ERRORS_MAX: usize = 10;

/// A question whose answer must be JSON that fits a schema, with the attempts that it has left.
///
/// An answer that does not fit is asked for again, with the exact errors; each attempt is an effect of its own, charged
/// like any other. Nothing is repaired in silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    key: String,
    question: Question,
    attempt: u32,
    attempts: u32,
}

/// What an answer came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It fits.
    Value(Value),
    /// It does not, and is asked for again.
    Again(Asked),
    /// There is none.
    Failed(Fault),
}

impl Asked {
    /// How often a question is asked where nobody says otherwise.
    pub const ATTEMPTS: u32 = 3;

    /// Asks for an answer that fits the question's schema, at most so many times.
    pub fn new(key: &str, question: Question, attempts: u32) -> Self {
        Self { key: key.to_owned(), question, attempt: 1, attempts }
    }

    /// Returns what is wanted for this attempt.
    pub fn effect(&self) -> Effect {
        Effect::ask(&self.key(), self.question.clone())
    }

    /// Returns whether an event is the outcome of this attempt.
    pub fn awaits(&self, event: &Event) -> bool {
        event.key() == Some(self.key().as_str())
    }

    /// Takes the outcome of this attempt.
    pub fn answered(self, outcome: ModelOutcome) -> Answered {
        let reply = match outcome {
            ModelOutcome::Failed(fault) => return Answered::Failed(fault),
            ModelOutcome::Replied(reply) => reply,
        };
        if reply.stop == Stop::Refused {
            return Answered::Failed(refused(&reply));
        }
        match fitting(self.question.schema.as_ref(), &reply) {
            Ok(value) => Answered::Value(value),
            Err(fault) if fault.detail.as_deref() == Some("schema_itself") => Answered::Failed(fault),
            Err(fault) if self.attempt >= self.attempts => {
                let message = format!("the model's answer {}, after {} attempts", fault.message, self.attempt);
                Answered::Failed(Fault::new(Kind::Model, message).detail("schema"))
            }
            Err(fault) => Answered::Again(self.again(&reply, &fault.message)),
        }
    }

    fn key(&self) -> String {
        if self.attempt == 1 { self.key.clone() } else { format!("{}-{}", self.key, self.attempt) }
    }

    fn again(mut self, reply: &Reply, why: &str) -> Self {
        // Providers refuse an empty message.
        let said = !reply.text.is_empty() || !reply.calls.is_empty();
        self.question.messages.extend(said.then(|| Message::Assistant {
            text: reply.text.clone(),
            calls: Vec::new(),
            carried: Value::Null,
        }));
        let text = format!("Your answer {why}. Answer again with JSON that fits the schema, and nothing else.");
        self.question.messages.push(Message::user(text));
        self.attempt += 1;
        self
    }
}

/// Returns the answer as JSON that fits the schema, if there is one.
///
/// # Errors
///
/// Kind [`Kind::Model`] with what is wrong with it, and kind [`Kind::Invalid`] where the schema itself is.
pub(crate) fn fitting(schema: Option<&Value>, reply: &Reply) -> Result<Value, Fault> {
    let wrong = |message: String| Err(Fault::new(Kind::Model, message).detail("schema"));
    if reply.stop == Stop::Length {
        return wrong("was cut off where it had no tokens left".to_owned());
    }
    let value: Value = match serde_json::from_str(reply.text.trim()) {
        Ok(value) => value,
        Err(error) => return wrong(format!("is not JSON: {error}")),
    };
    let errors = schema.map_or(Ok(Vec::new()), |schema| misfits(schema, &value))?;
    if errors.is_empty() { Ok(value) } else { wrong(format!("does not fit its schema: {}", errors.join("; "))) }
}

/// Returns what of a value does not fit a JSON Schema, each with its path.
///
/// # Errors
///
/// Kind [`Kind::Invalid`] where the schema itself is none.
pub(crate) fn misfits(schema: &Value, value: &Value) -> Result<Vec<String>, Fault> {
    let validator = jsonschema::validator_for(schema).map_err(|error| {
        let message = format!("the schema of a question is no JSON Schema: {error}");
        Fault::invalid("schema", message).detail("schema_itself")
    })?;
    let errors = validator.iter_errors(value).take(ERRORS_MAX);
    Ok(errors.map(|error| format!("at ${}: {error}", error.instance_path())).collect())
}

/// The fault of a model that does not want to answer.
pub(crate) fn refused(reply: &Reply) -> Fault {
    let why = if reply.text.is_empty() { "without a reason".to_owned() } else { format!("saying: {}", reply.text) };
    Fault::new(Kind::Model, format!("the model \"{}\" refused to answer, {why}", reply.model)).detail("refused")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked() -> Asked {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
        Asked::new("ask", Question::new("how many?").schema(schema), 2)
    }

    fn replied(text: &str, stop: Stop) -> ModelOutcome {
        ModelOutcome::Replied(Box::new(Reply { text: text.to_owned(), stop, ..Reply::default() }))
    }

    #[test]
    fn an_answer_that_fits_is_its_value() {
        assert_eq!(asked().answered(replied(" {\"n\": 3}\n", Stop::Ended)), Answered::Value(json!({"n": 3})));
    }

    #[test]
    fn what_does_not_fit_is_asked_for_again_with_its_errors_and_then_fails() {
        for (text, stop, says) in [
            ("", Stop::Ended, "is not JSON"),
            ("```json\n{\"n\": 3}\n```", Stop::Ended, "is not JSON"),
            ("{\"n\": \"3\"}", Stop::Ended, "at $/n: \"3\" is not of type \"integer\""),
            ("{\"n\": 3}", Stop::Length, "was cut off"),
        ] {
            let Answered::Again(again) = asked().answered(replied(text, stop)) else { panic!("{text}") };
            assert_eq!(again.effect().key(), "ask-2");
            let Some(Message::User { content }) = again.question.messages.last() else { panic!("{again:?}") };
            assert!(format!("{content:?}").replace("\\\"", "\"").contains(says), "{content:?}");
            let Answered::Failed(fault) = again.answered(replied(text, stop)) else { panic!("{text}") };
            assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Model, Some("schema")));
        }
    }

    #[test]
    fn a_refusal_is_not_asked_again() {
        let Answered::Failed(fault) = asked().answered(replied("no", Stop::Refused)) else { panic!() };
        assert_eq!(fault.detail.as_deref(), Some("refused"));
    }
}
