//! What a client is answered: the report of its run, or why its request is refused.

use restate_sdk::prelude::*;
use serde_json::{Value, json};
use stockade::{Fault, Report, RunId};

use crate::kept::Kept;

/// What is told in place of a message that may speak of the inside: of paths, of databases.
const INSIDE: &str = "the program that Restate calls could not do this; its operator can read why";

pub(crate) fn report(kept: &Kept, run: RunId) -> HandlerResult<Json<Value>> {
    let state = kept.state(run).map_err(|fault| refusal(&fault))?;
    Ok(Json(serde_json::to_value(Report::from(&state)).unwrap_or_else(|error| json!({"error": error.to_string()}))))
}

/// Returns the answer to a client whose request is refused.
pub(crate) fn refusal(fault: &Fault) -> TerminalError {
    let (code, fault) = (fault.kind.http_status(), fault.clone());
    let told = if fault.kind.is_of_the_inside() { fault.reworded(|_| INSIDE.to_owned()) } else { fault };
    TerminalError::new_with_code(code, serde_json::to_string(&told).unwrap_or(told.message))
}

#[cfg(test)]
mod tests {
    use stockade::Kind;

    use super::*;

    #[test]
    fn a_fault_of_the_inside_is_no_mistake_of_the_client_and_its_message_stays_here() {
        let refused = refusal(&Fault::new(Kind::System, "no threads for /srv/shop.db"));
        assert_eq!((refused.code(), refused.message().contains("shop.db")), (503, false), "{refused}");
        let refused = refusal(&Fault::new(Kind::Unavailable, "the model rests"));
        assert_eq!((refused.code(), refused.message().contains("the model rests")), (503, true), "{refused}");
    }
}
