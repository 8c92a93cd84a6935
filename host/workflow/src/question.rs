use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Fault;
use crate::json::memory_bytes;

/// What a model is asked: the whole of it, for a model remembers nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    /// The name of the model in the host's configuration; without one, the host's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What the model is told before anything else.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub system: String,
    /// The conversation so far, of which the last message is answered.
    pub messages: Vec<Message>,
    /// The registered tools whose functions the model may ask for. The host writes down their schemas.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// The language in which the model may call those tools from code instead: it is then offered the one function
    /// [`RUN_CODE`], whose description has theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Functions of the workflow itself that the model may ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<ToolDefinition>,
    /// The JSON Schema that the answer must fit. Where the provider can enforce it, it does; the host checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// The most tokens of the answer; without it, what the configuration of the model says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_max: Option<u32>,
}

/// The function that a model asks for to run code; its argument is `source`, and where it may read results too, `results`.
pub const RUN_CODE: &str = "run_code";

/// The function that a model asks for to read a part of a result of which it has only the beginning and the end.
pub const READ_RESULT: &str = "read_result";

/// A function that a workflow offers to a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolDefinition {
    /// Its name: letters, digits and underscores.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub schema: Value,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// Of the one who asks.
    User {
        /// What it says and shows.
        content: Vec<Part>,
    },
    /// Of the model.
    Assistant {
        /// What it says.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
        /// What it asks for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<ModelCall>,
        /// What the provider wants to see again with it, unread.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        carried: Value,
    },
    /// How a call ended.
    Tool {
        /// The call's id.
        id: String,
        /// The answer, as the model reads it.
        content: String,
        /// Whether it failed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        failed: bool,
    },
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// Its media type, as in `image/png`.
        media_type: String,
        /// Its bytes, in base64.
        data: String,
    },
}

/// A call that a model asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCall {
    /// By which its answer is told from others.
    pub id: String,
    /// `tool.function`, or the name of an [`ToolDefinition`].
    pub name: String,
    /// The arguments by name. What the model wrote and was no JSON is a string here.
    pub arguments: Value,
}

/// What a model answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// What it says, without its reasoning.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Its reasoning, where the provider tells. It is not part of the answer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// What it asks for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ModelCall>,
    /// Why it stopped.
    pub stop: FinishReason,
    /// The model that answered, as its provider calls it.
    pub model: String,
    /// Tokens of the question.
    pub tokens_in: u64,
    /// Tokens of the answer.
    pub tokens_out: u64,
    /// What the provider wants to see again with the answer, unread.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub carried: Value,
}

/// Why a model stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It had said all.
    #[default]
    Ended,
    /// It waits for the calls that it asked for.
    Called,
    /// It had no tokens left.
    Length,
    /// It, or its provider, refuses to answer.
    Refused,
}

/// How the asking of a model ended. It changes nothing in the world, so it can always be done again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelOutcome {
    /// It answered.
    Replied(Box<Reply>),
    /// It did not; of kind [`Kind::Model`](crate::Kind::Model) where the provider is why.
    Failed(Fault),
}

impl ModelOutcome {
    /// Returns why there is no answer, where it is missing.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Replied(_) => None,
            Self::Failed(fault) => Some(fault),
        }
    }

    /// Returns how much memory it takes, about. A fault is small.
    pub fn memory_bytes(&self) -> u64 {
        match self {
            Self::Replied(reply) => reply.memory_bytes(),
            Self::Failed(_) => 0,
        }
    }
}

impl Question {
    /// Asks one thing.
    pub fn new(text: impl Into<String>) -> Self {
        Self { messages: vec![Message::user(text)], ..Self::default() }
    }

    /// Tells the model something before anything else.
    #[must_use]
    pub fn system(self, system: impl Into<String>) -> Self {
        Self { system: system.into(), ..self }
    }

    /// Asks the model of this name.
    #[must_use]
    pub fn model(self, model: Option<String>) -> Self {
        Self { model, ..self }
    }

    /// Wants an answer that fits a JSON Schema.
    #[must_use]
    pub fn schema(self, schema: Value) -> Self {
        Self { schema: Some(schema), ..self }
    }
}

impl Message {
    /// Text of the one who asks.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User { content: vec![Part::Text { text: text.into() }] }
    }

    /// How a call ended.
    pub fn tool(id: &str, content: impl Into<String>, failed: bool) -> Self {
        Self::Tool { id: id.to_owned(), content: content.into(), failed }
    }
}

impl Reply {
    fn memory_bytes(&self) -> u64 {
        let calls = self.calls.iter().map(|call| memory_bytes(&call.arguments)).sum::<u64>();
        calls + memory_bytes(&self.carried) + (self.text.len() + self.reasoning.len()) as u64
    }

    /// Returns the answer as a message of the conversation, without the reasoning.
    pub fn message(&self) -> Message {
        Message::Assistant { text: self.text.clone(), calls: self.calls.clone(), carried: self.carried.clone() }
    }
}
