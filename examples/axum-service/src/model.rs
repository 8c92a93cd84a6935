//! A model of the program's own: a client of the provider that you have stands in its place.

use async_trait::async_trait;
use serde_json::{Value, json};
use stockade::model::{Failure, Model, Request, Told};
use stockade::{Fault, Message, Part, Reply};

/// Writes the letter to the customer: "refunded $149.00: re_1" of the facts that it is told.
pub(crate) struct Writer;

#[async_trait]
impl Model for Writer {
    async fn ask(&self, request: &Request<'_>, _: &Told<'_>) -> Result<Reply, Failure> {
        let Some(Message::User { content }) = request.question.messages.first() else {
            return Err(Failure::new("malformed", "a question without a message of the user"));
        };
        let Some(Part::Text { text }) = content.first() else {
            return Err(Failure::new("malformed", "a message without a text"));
        };
        let facts: Value = serde_json::from_str(text).map_err(|error| Fault::invalid("question", error.to_string()))?;
        let fact = |name| facts.get(name).and_then(Value::as_str).unwrap_or_default();
        let letter = format!("{} {}: {}", fact("outcome"), fact("refunded"), fact("reference"));
        Ok(Reply { text: json!({"letter": letter}).to_string(), tokens_in: 100, tokens_out: 20, ..Reply::default() })
    }
}
