use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a provider wants to see again with an answer of its own. Journals have it in this form.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Carried {
    /// Whose it is: another has no use for it, and may refuse it.
    by: String,
    /// Signed and sealed thoughts, in order.
    thoughts: Vec<Thought>,
    /// The signatures of each call.
    signatures: Vec<Option<Vec<String>>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Thought {
    /// Signs a thought, a call or a text, or is a thought that is sealed.
    #[serde(rename = "ThoughtSignature")]
    Signature(String),
    /// What was thought.
    #[serde(rename = "ReasoningContent")]
    Reasoning(String),
    /// A part of the answer as it was.
    Custom { data: Value },
}

impl Carried {
    pub(super) fn new(by: &str, thoughts: Vec<Thought>, signatures: Vec<Option<Vec<String>>>) -> Self {
        Self { by: by.to_owned(), thoughts, signatures }
    }

    /// Reads what was kept of an answer; of another's, nothing.
    pub(super) fn read(carried: &Value, by: &str) -> Self {
        let carried = Self::deserialize(carried).unwrap_or_default();
        if carried.by == by { carried } else { Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.thoughts.is_empty() && self.signatures.iter().all(Option::is_none)
    }

    /// Returns the signatures that stand for themselves, in order.
    pub(super) fn signatures(&self) -> impl Iterator<Item = &str> {
        self.thoughts.iter().filter_map(|thought| match thought {
            Thought::Signature(signature) => Some(signature.as_str()),
            Thought::Reasoning(_) | Thought::Custom { .. } => None,
        })
    }

    /// Returns the signature of a call.
    pub(super) fn of_call(&self, at: usize) -> Option<&str> {
        self.signatures.get(at)?.as_ref()?.first().map(String::as_str)
    }

    pub(super) fn is_of_a_call(&self, signature: &str) -> bool {
        self.signatures.iter().flatten().flatten().any(|of_call| of_call == signature)
    }

    /// Returns the thoughts as Anthropic had them: each with its signature, or sealed as a whole. Thoughts that do not
    /// match their signatures are left out, for they would be refused.
    pub(super) fn signed(&self) -> Vec<Value> {
        let reasoning = self.thoughts.iter().filter_map(|thought| match thought {
            Thought::Reasoning(text) => Some(text),
            Thought::Signature(_) | Thought::Custom { .. } => None,
        });
        let pairs: Vec<_> = reasoning.zip(self.signatures()).collect();
        let is_whole = pairs.len() == self.signatures().count()
            && pairs.len() * 2
                == self.thoughts.iter().filter(|thought| !matches!(thought, Thought::Custom { .. })).count();
        let mut pairs = pairs.into_iter().filter(|_| is_whole);
        let block = |thought: &Thought| match thought {
            Thought::Signature(_) => pairs
                .next()
                .map(|(thinking, signature)| json!({"type": "thinking", "thinking": thinking, "signature": signature})),
            Thought::Reasoning(_) => None,
            Thought::Custom { data } => Some(data.clone()),
        };
        self.thoughts.iter().filter_map(block).collect()
    }
}
