//! What a message of a client says.

use serde::Deserialize;
use serde_json::{Number, Value, json};
use stockade::Fault;

use super::rpc::{Code, Refusal, Told};
use crate::approvals::Decided;

/// Numbers up to here are whole in a double as well, which every number of A2A is.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// The parameters of a message that is sent. They may say more, of which no use is made.
#[derive(Deserialize)]
pub(crate) struct Sending {
    message: Message,
    #[serde(default)]
    configuration: Option<Configuration>,
    #[serde(default)]
    metadata: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    #[serde(default)]
    return_immediately: bool,
}

/// A message of a client.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    message_id: String,
    #[serde(default)]
    context_id: String,
    #[serde(default)]
    task_id: String,
    #[serde(default)]
    parts: Vec<Part>,
    #[serde(default)]
    metadata: Value,
}

/// A part of a message. It is a file where it is neither a text nor data.
#[derive(Deserialize)]
struct Part {
    text: Option<String>,
    data: Option<Value>,
}

impl Sending {
    /// Returns whether the client does not wait for the end of the task.
    pub(crate) fn returns_immediately(&self) -> bool {
        self.configuration.as_ref().is_some_and(|configuration| configuration.return_immediately)
    }

    /// Returns the message, with the skill that may be named beside it.
    pub(crate) fn message_of_skill(self) -> Told<Message> {
        let Self { mut message, metadata, .. } = self;
        if message.message_id.is_empty() {
            return Err(wrong("messageId", "the message has no \"messageId\", by which it is known again".to_owned()));
        }
        if message.skill().is_none() {
            message.metadata = metadata;
        }
        Ok(message)
    }
}

impl Message {
    /// Returns the task that it goes on with; a message that names none begins one.
    pub(crate) fn task(&self) -> Option<&str> {
        Some(self.task_id.as_str()).filter(|task| !task.is_empty())
    }

    /// Returns the context that the client has named.
    pub(crate) fn context(&self) -> Option<&str> {
        Some(self.context_id.as_str()).filter(|context| !context.is_empty())
    }

    /// Returns the skill that it names in its metadata.
    pub(crate) fn skill(&self) -> Option<&str> {
        self.metadata.get("skill").and_then(Value::as_str)
    }

    /// Returns the key under which it starts one run, however often it comes.
    pub(crate) fn key(&self) -> String {
        // With its length, no two contexts and messages make the same key.
        format!("a2a/{}/{}/{}", self.context_id.len(), self.context_id, self.message_id)
    }

    /// Returns what a workflow takes: the data of the message, or its texts as the task of an agent.
    pub(crate) fn input(&self) -> Told<Value> {
        if self.parts.iter().any(|part| part.text.is_none() && part.data.is_none()) {
            let message = "a part of the message is neither text nor data, and files are not taken";
            return Err(Refusal::new(Code::ContentType, Fault::invalid("parts", message)));
        }
        let mut data = self.parts.iter().filter_map(|part| part.data.as_ref());
        match (data.next(), data.next()) {
            (Some(input), None) => Ok(whole(input.clone())),
            (Some(_), Some(_)) => {
                Err(wrong("parts", "the message has several parts of data; the input is one".to_owned()))
            }
            (None, _) => self.text().map(|task| json!({"task": task})),
        }
    }

    fn text(&self) -> Told<String> {
        let texts: Vec<_> = self.parts.iter().filter_map(|part| part.text.as_deref()).collect();
        let text = texts.join("\n");
        if text.trim().is_empty() {
            return Err(wrong("parts", "the message has neither a text nor data".to_owned()));
        }
        Ok(text)
    }

    /// Reads the decisions of a message to a task that asks, each with the key of its question. A text decides nothing.
    pub(crate) fn decisions(self) -> Told<Vec<(String, Decided)>> {
        let decisions = self.parts.into_iter().map(Part::decision).collect::<Told<Vec<_>>>()?;
        if decisions.is_empty() {
            return Err(wrong("parts", "the message has no part, and so no decision".to_owned()));
        }
        Ok(decisions)
    }
}

impl Part {
    fn decision(self) -> Told<(String, Decided)> {
        let undecided = |why: &str| {
            let example = r#"{"data": {"approval": "KEY", "decision": "approve", "seen": "DIGEST"}}"#;
            wrong("parts", format!("a decision is a part as in {example}: {why}"))
        };
        let mut data = self.data.map(whole).ok_or_else(|| undecided("this part is no data"))?;
        let key = data.as_object_mut().and_then(|members| members.remove("approval"));
        let key = key.as_ref().and_then(Value::as_str).ok_or_else(|| undecided("\"approval\" names no question"))?;
        let decided = serde_json::from_value(data).map_err(|error| undecided(&error.to_string()))?;
        Ok((key.to_owned(), decided))
    }
}

fn wrong(what: &str, message: String) -> Refusal {
    Refusal::new(Code::Params, Fault::invalid(what, message))
}

/// Writes numbers without a fraction as whole ones: clients send all as doubles, and what takes them counts in cents and steps.
fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(double) if number.is_f64() && double.fract() == 0.0 && double.abs() <= WHOLE_MAX => {
                Value::Number(Number::from(double as i64))
            }
            Some(_) | None => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, whole(value))).collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(parts: Value) -> Message {
        let send =
            json!({"message": {"messageId": "m", "role": "ROLE_USER", "parts": parts}, "metadata": {"skill": "desk"}});
        serde_json::from_value::<Sending>(send).unwrap().message_of_skill().ok().unwrap()
    }

    fn detail(refusal: Refusal) -> Option<String> {
        match refusal {
            Refusal::Call(_, fault) => fault.detail,
            Refusal::Request(problem) => problem.fault.detail,
        }
    }

    #[test]
    fn an_input_is_the_data_of_a_message_with_whole_numbers_or_its_texts() {
        let data = message(json!([{"text": "please"}, {"data": {"cents": 7900.0, "share": 0.5, "list": [1.0]}}]));
        assert_eq!(data.input().unwrap(), json!({"cents": 7_900, "share": 0.5, "list": [1]}));
        let texts = message(json!([{"text": "refund"}, {"text": "me", "mediaType": "text/plain"}]));
        assert_eq!(texts.input().unwrap(), json!({"task": "refund\nme"}));
        assert_eq!((texts.skill(), texts.task(), texts.context()), (Some("desk"), None, None));
        for wrong in
            [json!([]), json!([{"text": " "}]), json!([{"url": "http://x"}]), json!([{"data": 1}, {"data": 2}])]
        {
            assert_eq!(message(wrong).input().err().and_then(detail).as_deref(), Some("parts"));
        }
    }

    #[test]
    fn a_message_without_an_id_is_refused_and_two_contexts_make_no_key_alike() {
        let nameless: Sending = serde_json::from_value(json!({"message": {"messageId": "", "parts": []}})).unwrap();
        assert_eq!(nameless.message_of_skill().err().and_then(detail).as_deref(), Some("messageId"));
        let key = |context: &str, id: &str| {
            let send = json!({"message": {"messageId": id, "contextId": context}});
            serde_json::from_value::<Sending>(send).unwrap().message_of_skill().ok().unwrap().key()
        };
        assert_ne!(key("a", "b/c"), key("a/b", "c"));
    }

    #[test]
    fn a_decision_is_data_with_a_question_and_never_a_text() {
        let yes = json!({"data": {"approval": "refund", "decision": "approve", "seen": "0123456789ab"}});
        let decisions = message(json!([yes])).decisions().ok().unwrap();
        assert_eq!((&*decisions[0].0, &*decisions[0].1.seen), ("refund", "0123456789ab"));
        for wrong in [json!([]), json!([{"text": "yes"}]), json!([{"data": {"decision": "approve", "seen": "0"}}])] {
            assert_eq!(message(wrong).decisions().err().and_then(detail).as_deref(), Some("parts"));
        }
    }
}
