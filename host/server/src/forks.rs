//! Forks of runs: new runs that begin as another one stood, and ask again from there.

use std::collections::BTreeSet;

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use stockade::{NewRun, Principal, RunId, Started};

use crate::amounts::{self, Amounts};
use crate::body::Given;
use crate::key::key;
use crate::names::Names;
use crate::problem::Answer;
use crate::runs::{answer, begin};
use crate::service::Service;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fork {
    #[serde(default = "beginning")]
    after: u64,
    #[serde(default)]
    repeat: BTreeSet<String>,
}

/// The number of the first entry.
pub(crate) fn beginning() -> u64 {
    1
}

pub(crate) async fn fork(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
    headers: HeaderMap,
    Given(Fork { after, repeat }): Given<Fork>,
) -> Answer<Response> {
    let new = service.host().fork_of(names.run()?, after, &repeat).await?;
    let started = forked(&service, &principal, new, key(&headers)?).await?;
    answer(&service, started).await
}

/// Forks a run after an entry, with leave to perform again what that run did behind it.
pub(crate) async fn fork_again(
    service: &Service,
    principal: &Principal,
    (run, after): (RunId, u64),
    key: String,
) -> Answer<Started> {
    let repeat = service.host().performed_after(run, after).await?;
    let new = service.host().fork_of(run, after, &repeat).await?;
    forked(service, principal, new, Some(key)).await
}

/// Starts a fork, if its principal may start such a run and give it so much.
async fn forked(service: &Service, principal: &Principal, new: NewRun, key: Option<String>) -> Answer<Started> {
    service.host().check_workflow(principal, new.workflow())?;
    let budget = new.budget_in_all();
    let new = if new.has_history() {
        // What it has spent of it is spent.
        amounts::check(principal, &budget)?;
        new
    } else {
        new.budget(amounts::of_start(principal, &Amounts::default(), budget)?)
    };
    begin(service, principal, key.into_iter().fold(new, NewRun::key)).await
}
