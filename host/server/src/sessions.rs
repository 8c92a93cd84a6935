//! Sessions of agents' code: listed, shown, and begun with the variables of another one.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;
use stockade::{Principal, RemovedSession};

use crate::body::Given;
use crate::links;
use crate::names::Names;
use crate::problem::Answer;
use crate::query::{self, parsed};
use crate::service::Service;

/// The most sessions of a page, and the most pieces of code of one.
const PAGE: usize = 100;

/// What a request says behind the question mark.
#[derive(Default)]
struct Asked {
    cursor: Option<String>,
    after: Option<u64>,
    limit: Option<usize>,
}

impl Asked {
    fn read(uri: &Uri, known: &[(&str, &str)]) -> Answer<Self> {
        let mut asked = Self::default();
        for (name, value) in query::parameters(uri, known)? {
            match &*name {
                "cursor" => asked.cursor = Some(value.into_owned()),
                "after" => asked.after = Some(query::behind(&name, &value)?),
                "limit" => asked.limit = Some(parsed(&name, &value)?),
                _ => return Err(query::unknown(&name, known).into()),
            }
        }
        Ok(asked)
    }

    fn limit(&self) -> usize {
        self.limit.unwrap_or(PAGE).clamp(1, PAGE)
    }
}

pub(crate) async fn list(State(service): State<Service>, uri: Uri) -> Answer<Response> {
    let asked = Asked::read(&uri, &query::OF_SESSIONS)?;
    let limit = asked.limit();
    let mut found = service.host().sessions(asked.cursor.as_deref(), limit.saturating_add(1)).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more).cloned();
    let found: Vec<_> = found.into_iter().map(|name| json!({"session": name})).collect();
    Ok(links::page(found, &uri, "cursor", last.as_deref()))
}

pub(crate) async fn show(State(service): State<Service>, names: Names, uri: Uri) -> Answer<Response> {
    let asked = Asked::read(&uri, &query::OF_CELLS)?;
    let limit = asked.limit();
    let mut found = service.host().session(names.text("session"), asked.after, limit.saturating_add(1)).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more).map(|cell| cell.number.to_string());
    Ok(links::page(found, &uri, "after", last.as_deref()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSession {
    to: String,
}

/// Begins a session with the cells of another one.
pub(crate) async fn fork(
    State(service): State<Service>,
    names: Names,
    Given(NewSession { to }): Given<NewSession>,
) -> Answer<Response> {
    service.host().fork(names.text("session"), &to).await?;
    Ok((StatusCode::CREATED, Json(json!({"session": to}))).into_response())
}

/// Removes a session, and the runs that only ran its code.
pub(crate) async fn remove(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
) -> Answer<Json<RemovedSession>> {
    Ok(Json(service.host().remove_session(names.text("session"), &principal.name).await?))
}
