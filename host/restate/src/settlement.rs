//! What a person has found out about a call of which it is not known whether it happened.

use serde::Deserialize;
use serde_json::Value;
use stockade::{Fault, Result, Settlement};

use crate::body::Body;

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Found {
    Done,
    Failed,
}

/// Takes a settlement.
pub(crate) fn settlement(body: &mut Body) -> Result<Settlement> {
    let (key, by): (String, _) = (body.take("key")?, body.by()?);
    let settlement = match (body.take("found")?, body.maybe::<Value>("output")?) {
        (Found::Done, output) => Settlement::done(&key, output.unwrap_or_default(), &by),
        (Found::Failed, None) => Settlement::failed(&key, &by),
        (Found::Failed, Some(_)) => {
            return Err(Fault::invalid("settlement", "a call that failed has no output; leave \"output\" out"));
        }
    };
    Ok(settlement.comment(body.maybe("comment")?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_settlement_says_what_was_found_and_one_of_a_failure_has_no_output() {
        let read = |body: Value| Body::read(body.to_string().as_bytes(), settlement);
        let done =
            read(json!({"key": "a", "by": "dana", "found": "done", "output": {"b": 1}, "comment": "seen"})).unwrap();
        assert_eq!(done, Settlement::done("a", json!({"b": 1}), "dana").comment(Some("seen".to_owned())));
        assert_eq!(read(json!({"key": "a", "by": "dana", "found": "failed"})), Ok(Settlement::failed("a", "dana")));
        let refused = read(json!({"key": "a", "by": "dana", "found": "failed", "output": 1})).unwrap_err();
        assert_eq!(refused.detail.as_deref(), Some("settlement"));
        let refused = read(json!({"key": "a", "by": "dana", "found": "failed", "coment": "seen"})).unwrap_err();
        assert!(refused.message.contains("\"coment\" does not belong"), "{refused}");
    }
}
