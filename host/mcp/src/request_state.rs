//! What a client sends back to go on with a call for which a person had to decide first.
//!
//! It says which run is meant, and nothing that the host would not look up again. It is signed, bound to the client and to the
//! very call, holds for a while, and is used once: what another client has overheard, or sends for another call, opens nothing.

use std::time::Duration;

use rmcp::model::{JsonObject, RequestStateCodec, SealOptions};
use stockade::{Digest, Fault, Host, Kind, Principal, RunId};
use uuid::Uuid;

use crate::refusal::{Answer, Refusal};

/// For how long it holds. A run that waits for longer is found by its id.
const TIME: Duration = Duration::from_secs(24 * 3_600);

/// What the key of the journal is for.
const PURPOSE: &str = "mcp-request-state";

/// Writes and reads what clients send back.
pub(crate) struct Seals(RequestStateCodec);

/// What one holds for: a client, and a call.
pub(crate) struct Bound(String);

impl Bound {
    pub(crate) fn new(principal: &Principal, name: &str, arguments: &JsonObject) -> Self {
        Self(format!("{}\n{}\n{name}\n{}", principal.name, principal.id, Digest::of_json(arguments)))
    }
}

impl Seals {
    /// Takes the key that all hosts of the journal share, so that a client may go on with another one.
    pub(crate) async fn new(host: &Host) -> stockade::Result<Self> {
        let unfit = |error: rmcp::model::RequestStateError| Fault::new(Kind::HostBug, error.to_string());
        Ok(Self(RequestStateCodec::try_new(host.shared_key(PURPOSE).await?).map_err(unfit)?))
    }

    pub(crate) fn seal(&self, run: RunId, bound: &Bound) -> String {
        let options = SealOptions::new().associated_data(bound.0.as_bytes()).ttl(TIME);
        self.0.seal_with(format!("{run} {}", Uuid::new_v4().simple()).as_bytes(), &options)
    }

    /// Returns the run that is meant, and what is to be used up.
    pub(crate) fn open(&self, text: &str, bound: &Bound) -> Answer<(RunId, String)> {
        let opened = self.0.open_with(text, bound.0.as_bytes()).map_err(|error| unusable(&error.to_string()))?;
        let opened = String::from_utf8(opened).map_err(|error| unusable(&error.to_string()))?;
        let (run, once) = opened.split_once(' ').ok_or_else(|| unusable("it names no run"))?;
        Ok((run_id(run)?, once.to_owned()))
    }

    /// Uses it up.
    pub(crate) async fn use_up(&self, host: &Host, run: RunId, once: &str) -> Answer<()> {
        if host.use_once(run, &format!("mcp/{once}")).await? { Ok(()) } else { Err(unusable("it was used before")) }
    }
}

/// Reads the id of a run.
pub(crate) fn run_id(text: &str) -> Answer<RunId> {
    text.parse::<Uuid>().map(RunId::from).map_err(|_| Refusal::params(format!("\"{text}\" is not the id of a run")))
}

fn unusable(why: &str) -> Refusal {
    Refusal::params(format!("the requestState is refused: {why}; make the call without it, or ask run_status"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stockade::Role;

    use super::*;

    fn bound(name: &str, tool: &str, cents: u64) -> Bound {
        let arguments = rmcp::model::object(json!({"cents": cents}));
        Bound::new(&Principal::new(name, Role::Operator), tool, &arguments)
    }

    #[test]
    fn a_state_opens_for_the_client_and_the_call_that_it_was_made_for_and_for_no_other() {
        let seals = Seals(RequestStateCodec::try_new(vec![7; 64]).unwrap());
        let (run, own) = (RunId::from_bytes([7; 16]), bound("bot", "payments__refund", 1));
        let [one, other] = [(); 2].map(|()| seals.seal(run, &own));
        let [one, other] = [one, other].map(|state| seals.open(&state, &own).unwrap());
        assert!(one.0 == run && other.0 == run && one.1 != other.1, "each is used up by itself");
        let state = seals.seal(run, &own);
        for foreign in
            [bound("eve", "payments__refund", 1), bound("bot", "payments__pay", 1), bound("bot", "payments__refund", 2)]
        {
            assert!(seals.open(&state, &foreign).is_err());
        }
        for forged in ["", "rs1.a.b", &format!("{state}x"), &state.replace('.', "")] {
            assert!(seals.open(forged, &own).is_err(), "{forged}");
        }
    }
}
