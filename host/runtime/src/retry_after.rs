//! When a tool wants to be called again, as its error says.

use std::time::Duration;

use serde_json::Value;
use stockade_workflow::json::{self, Bounds};
use stockade_workflow::{Fault, Kind};

/// The field of a tool's error that says after how many seconds the tool may be called again. In WIT it is `retry-after-s`.
const FIELD: &str = "retry_after_s";

/// Returns how long a tool wants to be left alone, where its error case is a record with that field, or a variant's case which
/// carries one.
pub(crate) fn retry_after(fault: &Fault) -> Option<Duration> {
    if fault.kind != Kind::GuestError || !fault.message.contains(FIELD) {
        return None;
    }
    let said = json::parse(&fault.message, &Bounds::OUTSIDE).ok()?;
    let members = said.as_object()?;
    let case = members.values().next().filter(|_| members.len() == 1).and_then(Value::as_object);
    let seconds = members.get(FIELD).or_else(|| case?.get(FIELD))?.as_f64()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &str) -> Option<u64> {
        retry_after(&Fault::new(Kind::GuestError, message)).map(|wait| wait.as_secs())
    }

    #[test]
    fn an_error_says_when_by_its_field_or_by_that_of_its_case() {
        assert_eq!(said(r#"{"retry_after_s":30}"#), Some(30));
        assert_eq!(said(r#"{"unavailable":{"retry_after_s":7.5,"message":"full"}}"#), Some(7));
        for nothing in [
            "retry_after_s",
            r#""retry_after_s""#,
            r#"{"retry_after_s":null}"#,
            r#"{"retry_after_s":"30"}"#,
            r#"{"retry_after_s":-1}"#,
            r#"{"retry_after_s":1e300}"#,
            r#"{"a":{"b":{"retry_after_s":1}}}"#,
            r#"{"a":{"retry_after_s":1},"b":1}"#,
        ] {
            assert_eq!(said(nothing), None, "{nothing}");
        }
        assert_eq!(retry_after(&Fault::new(Kind::Trap, r#"{"retry_after_s":30}"#)), None);
    }
}
