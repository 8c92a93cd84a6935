//! The body of a request: an object of JSON, of which each member is taken by its name, and none is left.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use stockade::json::{self, Bounds};
use stockade::{Decision, Fault, Result};

/// The longest name of a person, a program or a workflow.
const NAME_BYTES_MAX: usize = 256;

/// How much of what was given an error quotes.
const QUOTED_CHARS_MAX: usize = 100;

/// The members that were not taken yet, and the names of those that may be there.
pub(crate) struct Body {
    members: Map<String, Value>,
    names: Vec<&'static str>,
}

impl Body {
    /// Reads a body of which this takes all members.
    ///
    /// # Errors
    ///
    /// It is no object of JSON, lacks a member, has one that does not fit, or has one that is not taken.
    pub(crate) fn read<T>(bytes: &[u8], take: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let mut body = Self { members: members(bytes)?, names: Vec::new() };
        let taken = take(&mut body)?;
        body.check_taken()?;
        Ok(taken)
    }

    /// Takes a member that must be there.
    pub(crate) fn take<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T> {
        self.names.push(name);
        let value =
            self.members.shift_remove(name).ok_or_else(|| invalid(format!("the body lacks \"{name}\"; add it")))?;
        fitting(name, value)
    }

    /// Takes a member that may be left out, or null.
    pub(crate) fn maybe<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<Option<T>> {
        self.names.push(name);
        self.members.shift_remove(name).map_or(Ok(None), |value| fitting(name, value))
    }

    /// Takes a name: of a workflow, a person or a program.
    pub(crate) fn name(&mut self, name: &'static str) -> Result<String> {
        let text: String = self.take(name)?;
        check_name(name, &text)?;
        Ok(text)
    }

    /// Takes the person or the program that asks.
    pub(crate) fn by(&mut self) -> Result<String> {
        let by = self.name("by")?;
        check_person(&by)?;
        Ok(by)
    }

    /// Takes the person or the program that asks, if it is said.
    pub(crate) fn maybe_by(&mut self) -> Result<Option<String>> {
        let is_said = self.members.get("by").is_some_and(|by| !by.is_null());
        if is_said { self.by().map(Some) } else { self.maybe("by") }
    }

    fn check_taken(&self) -> Result<()> {
        let Some(name) = self.members.keys().next() else { return Ok(()) };
        let allowed = if self.names.is_empty() { "nothing".to_owned() } else { self.names.join(", ") };
        Err(invalid(format!("\"{}\" does not belong to the body; it takes {allowed}", quoted(name))))
    }
}

fn members(bytes: &[u8]) -> Result<Map<String, Value>> {
    let text =
        std::str::from_utf8(bytes).map_err(|error| invalid(format!("the body is no text: {error}; send UTF-8")))?;
    let read = json::parse(text, &Bounds::OUTSIDE);
    match read.map_err(|fault| fault.reworded(|why| format!("the body is not read: {why}")).detail("body"))? {
        Value::Object(members) => Ok(members),
        other => Err(invalid(format!("the body is {}; send an object, as in {{}}", quoted(&other.to_string())))),
    }
}

fn fitting<T: DeserializeOwned>(name: &str, value: Value) -> Result<T> {
    serde_json::from_value(value)
        .map_err(|error| invalid(format!("\"{name}\" does not fit: {}", told(&error.to_string()))))
}

fn check_name(what: &str, name: &str) -> Result<()> {
    if name.trim().is_empty() || name.len() > NAME_BYTES_MAX {
        let bytes = name.len();
        return Err(invalid(format!(
            "\"{what}\" is a name of {bytes} bytes; it has 1 to {NAME_BYTES_MAX}, not all blank"
        )));
    }
    Ok(())
}

fn check_person(by: &str) -> Result<()> {
    if by == Decision::HOST {
        return Err(invalid(format!("\"{by}\" is the host's own name; say that of a person or a program as \"by\"")));
    }
    Ok(())
}

/// Returns the beginning of a text, as an error quotes it.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{}… (cut)", text.split_at(end).0),
        None => text.to_owned(),
    }
}

/// Returns what a reader says, which quotes what was given at its beginning and says at its end what is allowed.
fn told(message: &str) -> String {
    let (head, chars) = (quoted(message), message.chars().count());
    if chars <= 2 * QUOTED_CHARS_MAX {
        return message.to_owned();
    }
    head + &message.chars().skip(chars.saturating_sub(QUOTED_CHARS_MAX)).collect::<String>()
}

fn invalid(message: String) -> Fault {
    Fault::invalid("body", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(body: &str) -> String {
        let taken = Body::read(body.as_bytes(), |body| {
            Ok((body.name("workflow")?, body.maybe::<u64>("deadline_ms")?, body.maybe_by()?))
        });
        let fault = taken.unwrap_err();
        assert_eq!(fault.detail.as_deref(), Some("body"), "{fault}");
        fault.message
    }

    #[test]
    fn a_body_is_an_object_whose_members_are_all_taken() {
        for (body, told) in [
            (r#"{"workflow": "#, "the body is not read: "),
            (r#"["refund", {}]"#, r#"the body is ["refund",{}]; send an object"#),
            (r"{}", r#"the body lacks "workflow""#),
            (r#"{"workflow": "a", "deadline_ms": "5"}"#, r#""deadline_ms" does not fit: invalid type: string "5""#),
            (
                r#"{"workflow": "a", "deadlineMs": 5}"#,
                r#""deadlineMs" does not belong to the body; it takes workflow, d"#,
            ),
            (r#"{"workflow": "a", "workflow": "b"}"#, "the body is not read: "),
        ] {
            assert!(refused(body).contains(told), "{body}: {}", refused(body));
        }
        let read = Body::read(br#"{"a": null, "b": 1}"#, |body| Ok((body.maybe::<u64>("a")?, body.take::<u64>("b")?)));
        assert_eq!(read, Ok((None, 1)));
    }

    #[test]
    fn a_person_has_a_name_that_is_not_the_hosts_and_not_long() {
        for (by, told) in
            [(" ".to_owned(), "1 to 256"), ("stockade".to_owned(), "own name"), ("x".repeat(257), "257 bytes")]
        {
            let message = refused(&json!({"workflow": "a", "by": by}).to_string());
            assert!(message.contains(told), "{message}");
        }
    }

    #[test]
    fn an_error_quotes_the_beginning_of_what_was_given() {
        let long = "x".repeat(100_000);
        let bodies =
            [json!(long), json!({"workflow": "a", "deadline_ms": long}), json!({"workflow": "a", (long.clone()): 1})];
        for body in bodies {
            let message = refused(&body.to_string());
            assert!(message.len() < 400 && message.contains("(cut)"), "{message}");
        }
        assert!(refused(&json!({"workflow": "a", "deadline_ms": long}).to_string()).ends_with("expected u64"));
    }
}
