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
