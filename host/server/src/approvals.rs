//! What people are asked, and what they decide.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use stockade::{
    Approval, ApprovalId, Decision, Digest, Fault, Filter, Json as Text, Kind, Principal, Report, RunState, Verb,
};

use crate::audit::named;
use crate::body::Given;
use crate::links;
use crate::names::Names;
use crate::problem::Answer;
use crate::query;
use crate::runs::report;
use crate::service::Service;

pub(crate) async fn list(State(service): State<Service>, uri: Uri) -> Answer<Response> {
    let filter = query::filter(&uri, &query::OF_QUESTIONS)?;
    let limit = service.page(filter.limit);
    let page = service.host().open_questions(&Filter { limit: Some(limit), ..filter }).await?;
    page.unreadable.iter().for_each(|left_out| service.tell(&left_out.error));
    Ok(links::page(page.found, &uri, "cursor", page.next.map(query::cursor).as_deref()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decided {
    decision: Verb,
    /// The digest of the question as the person saw it, or its first twelve digits.
    pub(crate) seen: String,
    arguments: Option<Value>,
    response: Option<String>,
    remember: Option<Value>,
    comment: Option<String>,
}

pub(crate) async fn decide(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
    Given(decided): Given<Decided>,
) -> Answer<Json<Report>> {
    let (run, key) = (names.run()?, names.text("key").to_owned());
    take(&service, principal, ApprovalId { run, key }, decided).await?;
    report(&service, run).await
}

/// Takes the decision of a principal on a question.
pub(crate) async fn take(service: &Service, principal: Principal, id: ApprovalId, decided: Decided) -> Answer<()> {
    let question = service.host().question(id.run, Some(&id.key)).await?;
    let (seen, decision) = (seen(&question, &decided.seen)?, decided.of(principal));
    note(&id, &decision);
    service.host().decide(&id, &seen, decision).await?;
    Ok(())
}

/// Takes a decision as [`take`] does, unless the very same one was taken before: of several that come together, some may have
/// been taken when they come again.
pub(crate) async fn take_once(service: &Service, principal: Principal, id: ApprovalId, decided: Decided) -> Answer<()> {
    let question = service.host().question(id.run, Some(&id.key)).await?;
    let (seen, decision) = (seen(&question, &decided.seen)?, decided.of(principal));
    note(&id, &decision);
    if !question.is_taken(&decision) {
        service.host().decide(&id, &seen, decision).await?;
    }
    Ok(())
}

/// Says to the log what is decided.
pub(crate) fn note(id: &ApprovalId, decision: &Decision) {
    named("run", id.run);
    named("approval", &id.key);
    named("decision", decision.verdict.past());
}

/// Takes back that an approval holds for later calls too.
pub(crate) async fn revoke(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
) -> Answer<Json<Report>> {
    let (run, key) = (names.run()?, names.text("key").to_owned());
    service.host().revoke(&ApprovalId { run, key }, &principal.name).await?;
    report(&service, run).await
}

/// Returns the digest of a question that a run has asked, if it is the one that the person saw.
pub(crate) fn asked(state: &RunState, key: &str, digest: &str) -> Result<Digest, Fault> {
    let question = state.approval(key).ok_or_else(|| {
        let message = format!("run {} has asked no question \"{key}\"", state.run());
        Fault::new(Kind::NotFound, message).detail("question")
    })?;
    seen(question, digest)
}

/// Returns the digest of a question, if it is the one that the person saw.
pub(crate) fn seen(question: &Approval, seen: &str) -> Result<Digest, Fault> {
    let digest = question.digest();
    if digest.is_written(seen) {
        return Ok(digest);
    }
    let message =
        format!("question \"{}\" is {}, and \"{seen}\" was seen; look at it again", question.key, digest.short());
    Err(Fault::new(Kind::Conflict, message).detail("seen"))
}

impl Decided {
    /// A no to a question of this digest, for its answer was given up.
    pub(crate) fn cancelled(seen: String) -> Self {
        let comment = Some("cancelled".to_owned());
        Self { decision: Verb::Deny, seen, arguments: None, response: None, remember: None, comment }
    }

    /// The decision, by the person whose token it is. What does not belong to it is refused with it.
    fn of(self, Principal { name: by, .. }: Principal) -> Decision {
        let decision = self.decision.decision(by, self.arguments.map(Text::from), self.response);
        decision.remember(self.remember.map(Text::from)).comment(self.comment)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};
    use stockade::{Role, Verdict};

    use super::*;

    fn decided(body: Value) -> Decision {
        from_value::<Decided>(body).unwrap().of(Principal::new("dana", Role::Approver))
    }

    #[test]
    fn a_decision_is_of_the_principal_and_has_what_the_body_says() {
        let yes = decided(json!({"decision": "approve", "seen": "", "comment": "fine"}));
        assert_eq!(yes, Decision::approve("dana").comment(Some("fine".to_owned())));
        assert_eq!(decided(json!({"decision": "denied", "seen": ""})).verdict, Verdict::Denied);
        let edited = decided(json!({"decision": "edit", "seen": "", "arguments": {"amount_cents": 1}}));
        assert_eq!(edited, Decision::edit("dana", json!({"amount_cents": 1})));
        assert_eq!(
            decided(json!({"decision": "respond", "seen": "", "response": "half"})),
            Decision::respond("dana", "half")
        );
        for wrong in
            [json!({"decision": "edit", "seen": ""}), json!({"decision": "approve", "seen": "", "arguments": {}})]
        {
            assert!(decided(wrong).check().is_err());
        }
        assert!(from_value::<Decided>(json!({"decision": "approve", "seen": "", "by": "eve"})).is_err());
    }
}
