use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::stray;
use crate::json::{self, Bounds};
use crate::schema::Schema;
use crate::thread::cut;
use crate::{Effect, EffectOutcome, Event, Fault, FinishReason, Kind, Message, ModelOutcome, Question, Reply};

/// The most errors of a schema that a model is told at once.
const ERRORS_MAX: usize = 10;
/// The most of one of them: it repeats what does not fit, which may be all of the answer.
const ERROR_BYTES_MAX: usize = 500;
/// The most of an answer that did not do that is kept in the conversation; each attempt writes it down once more.
const SAID_BYTES_MAX: usize = 64 << 10;
/// The most of what a model says of why it does not answer.
const REFUSAL_BYTES_MAX: usize = 2 << 10;

const CUT_OFF: &str = "was cut off where it had no tokens left";

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

/// What became of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered<T = Value> {
    /// It fits.
    Value(T),
    /// It does not, and is asked for again.
    Again(Asked),
    /// The model did not answer, or never with what fits.
    Failed(Fault),
}

impl Asked {
    /// How often a question is asked by default.
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

    /// Returns how this attempt ended.
    ///
    /// # Errors
    ///
    /// The event is not the outcome of this attempt: it does not belong to the state of this name.
    pub fn reply(&self, position: &str, event: Event) -> Result<ModelOutcome, Fault> {
        let awaited = self.awaits(&event);
        match event {
            Event::Ended { outcome: EffectOutcome::ModelReplied(outcome), .. } if awaited => Ok(outcome),
            event => Err(stray(position, &event)),
        }
    }

    /// Takes the outcome of this attempt.
    pub fn answered(self, outcome: ModelOutcome) -> Answered {
        self.answered_as(outcome, Ok)
    }

    /// Takes the outcome of this attempt as what `read` makes of it: a rule that a schema cannot say.
    ///
    /// The message of its fault goes on after "your answer", for the model; the last one is what the asking fails with.
    pub fn answered_as<T>(self, outcome: ModelOutcome, read: impl FnOnce(Value) -> Result<T, Fault>) -> Answered<T> {
        self.taken(outcome, |asked, reply| read(fitting(asked.question.schema.as_ref(), reply)?))
    }

    /// Takes the outcome of this attempt as text, which may be neither empty nor longer than so many bytes.
    pub fn told(self, outcome: ModelOutcome, bytes_max: usize) -> Answered<String> {
        self.taken(outcome, |_, reply| text(reply, bytes_max))
    }

    /// Returns the same question once more, where an attempt is left: for one that got no answer at all.
    pub fn once_more(self) -> Option<Self> {
        (self.attempt < self.attempts).then(|| Self { attempt: self.attempt + 1, ..self })
    }

    fn taken<T>(self, outcome: ModelOutcome, read: impl FnOnce(&Self, &Reply) -> Result<T, Fault>) -> Answered<T> {
        let reply = match outcome {
            ModelOutcome::Failed(fault) => return Answered::Failed(fault),
            ModelOutcome::Replied(reply) => reply,
        };
        if reply.stop == FinishReason::Refused {
            return Answered::Failed(refused(&reply));
        }
        match read(&self, &reply) {
            Ok(value) => Answered::Value(value),
            Err(fault) if fault.detail.as_deref() == Some("schema_itself") => Answered::Failed(fault),
            Err(fault) if self.attempt >= self.attempts => Answered::Failed(self.last(fault)),
            Err(fault) => Answered::Again(self.again(&reply, &fault.message)),
        }
    }

    fn last(&self, fault: Fault) -> Fault {
        fault.reworded(|why| format!("the model's answer {why}, after {} attempts", self.attempt))
    }

    fn key(&self) -> String {
        if self.attempt == 1 { self.key.clone() } else { format!("{}-{}", self.key, self.attempt) }
    }

    fn again(mut self, reply: &Reply, why: &str) -> Self {
        // Providers refuse an empty message.
        let said = !reply.text.trim().is_empty();
        self.question.messages.extend(said.then(|| Message::Assistant {
            text: cut(&reply.text, SAID_BYTES_MAX),
            calls: Vec::new(),
            carried: Value::Null,
        }));
        let how = self.question.schema.as_ref().map_or("", |_| " with JSON that fits the schema, and nothing else");
        let text = format!("Your answer {why}. Answer again{how}.");
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
pub fn fitting(schema: Option<&Value>, reply: &Reply) -> Result<Value, Fault> {
    let wrong = |message: String| Err(Fault::new(Kind::Model, message).detail("schema"));
    if reply.stop == FinishReason::Length {
        return wrong(CUT_OFF.to_owned());
    }
    let value: Value = match json::parse(reply.text.trim(), &Bounds::OUTSIDE) {
        Ok(value) => value,
        Err(fault) if fault.breach.is_some() => return wrong(format!("is not taken: {fault}")),
        Err(fault) => return wrong(format!("is not JSON: {fault}")),
    };
    let errors = schema.map_or(Ok(Vec::new()), |schema| misfits(schema, &value))?;
    if errors.is_empty() { Ok(value) } else { wrong(format!("does not fit its schema: {}", errors.join("; "))) }
}

/// Returns what a model said, if that is a whole text of at most so many bytes.
///
/// # Errors
///
/// Kind [`Kind::Model`], with a message that goes on after "your answer".
pub fn text(reply: &Reply, bytes_max: usize) -> Result<String, Fault> {
    let said = reply.text.trim();
    let wrong = |detail: &str, message: String| Err(Fault::new(Kind::Model, message).detail(detail));
    match said.len() {
        _ if reply.stop == FinishReason::Length => wrong("length", CUT_OFF.to_owned()),
        0 => wrong("malformed", "is empty".to_owned()),
        bytes if bytes > bytes_max => wrong("too_large", format!("has {bytes} bytes; at most {bytes_max} are taken")),
        _ => Ok(said.to_owned()),
    }
}

/// Returns what of a value does not fit a JSON Schema, each with its path.
///
/// # Errors
///
/// Kind [`Kind::Invalid`] where the schema itself is not valid.
pub fn misfits(schema: &Value, value: &Value) -> Result<Vec<String>, Fault> {
    let schema = Schema::new(schema).map_err(|error| {
        let message = format!("the schema of a question is no JSON Schema: {error}");
        Fault::invalid("schema", message).detail("schema_itself")
    })?;
    let misfits = schema.misfits(value, ERRORS_MAX).into_iter();
    Ok(misfits.map(|misfit| cut(&format!("at ${}: {misfit}", misfit.pointer()), ERROR_BYTES_MAX)).collect())
}

/// The fault of a model that does not want to answer.
pub fn refused(reply: &Reply) -> Fault {
    let said = cut(&reply.text, REFUSAL_BYTES_MAX);
    let why = if said.is_empty() { "without a reason".to_owned() } else { format!("saying: {said}") };
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

    fn replied(text: &str, stop: FinishReason) -> ModelOutcome {
        ModelOutcome::Replied(Box::new(Reply { text: text.to_owned(), stop, ..Reply::default() }))
    }

    #[test]
    fn an_answer_that_fits_is_its_value() {
        assert_eq!(asked().answered(replied(" {\"n\": 3}\n", FinishReason::Ended)), Answered::Value(json!({"n": 3})));
    }

    #[test]
    fn what_does_not_fit_is_asked_for_again_with_its_errors_and_then_fails() {
        for (text, stop, says) in [
            ("", FinishReason::Ended, "is not JSON"),
            ("```json\n{\"n\": 3}\n```", FinishReason::Ended, "is not JSON"),
            ("{\"n\": \"3\"}", FinishReason::Ended, "at $/n: \"3\" is not of type \"integer\""),
            ("{\"n\": 3}", FinishReason::Length, "was cut off"),
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
    fn a_rule_that_no_schema_says_is_told_and_keeps_its_kind_at_the_end() {
        let rule = |value: Value| match value["n"].as_i64() {
            Some(n) if n > 2 => Err(Fault::limit(Kind::Agent, "n", 2, 3, "is more than 2")),
            n => Ok(n),
        };
        let three = || replied("{\"n\": 3}", FinishReason::Ended);
        let Answered::Again(again) = asked().answered_as(three(), rule) else { panic!() };
        assert!(format!("{:?}", again.question.messages.last()).contains("Your answer is more than 2. Answer again"));
        let Answered::Failed(fault) = again.clone().answered_as(three(), rule) else { panic!() };
        assert_eq!((fault.kind, fault.breach.unwrap().used), (Kind::Agent, 3));
        assert_eq!(fault.message, "the model's answer is more than 2, after 2 attempts");
        assert_eq!(again.answered_as(replied("{\"n\": 1}", FinishReason::Ended), rule), Answered::Value(Some(1)));
    }

    #[test]
    fn text_is_whole_short_and_there() {
        let asked = || Asked::new("ask", Question::new("why?"), 2);
        assert_eq!(asked().told(replied(" so \n", FinishReason::Ended), 2), Answered::Value("so".to_owned()));
        for (text, stop, says) in [
            (" \n", FinishReason::Ended, "Your answer is empty. Answer again."),
            ("so", FinishReason::Length, "was cut off"),
            ("so?", FinishReason::Ended, "has 3 bytes; at most 2 are taken"),
        ] {
            let Answered::Again(again) = asked().told(replied(text, stop), 2) else { panic!("{text}") };
            assert!(format!("{:?}", again.question.messages.last()).contains(says), "{again:?}");
        }
    }

    #[test]
    fn a_long_answer_is_neither_kept_nor_repeated_in_full() {
        let long = "x".repeat(1 << 20);
        let wrong = || replied(&format!("{{\"n\": \"{long}\"}}"), FinishReason::Ended);
        let Answered::Again(again) = asked().answered(wrong()) else { panic!() };
        let asked_again = serde_json::to_string(&again).unwrap();
        assert!(asked_again.len() < SAID_BYTES_MAX + (4 << 10), "{}", asked_again.len());
        let Answered::Failed(fault) = again.answered(wrong()) else { panic!() };
        assert!(fault.message.len() < 1 << 10 && fault.message.contains("at $/n: \"xxx"), "{}", fault.message.len());
        let Answered::Failed(fault) = asked().answered(replied(&long, FinishReason::Refused)) else { panic!() };
        assert!(fault.message.len() < 4 << 10, "{}", fault.message.len());
    }

    #[test]
    fn a_refusal_is_not_asked_again() {
        let Answered::Failed(fault) = asked().answered(replied("no", FinishReason::Refused)) else { panic!() };
        assert_eq!(fault.detail.as_deref(), Some("refused"));
    }
}
