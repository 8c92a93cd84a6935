//! What agents remember beyond a run.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use stockade::memory::{Forget, Page};
use stockade::{Clock, Fault, Label, Memory, Namespace, NewMemory, Query, Remembered, RunId};

use crate::body::Given;
use crate::links;
use crate::problem::Answer;
use crate::query::{self, parsed};
use crate::service::Service;

/// The most memories of one page.
const PAGE: u32 = 100;

/// How many memories a search finds where it does not say so.
const FOUND: u32 = 5;

/// What a request says of memories behind the question mark.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    namespace: Option<Namespace>,
    source: Option<String>,
    run: Option<RunId>,
    ids: Vec<u64>,
    all: bool,
    text: Option<String>,
    after: u64,
    limit: Option<u32>,
}

/// A text that is kept in pieces.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    source: String,
    text: String,
    #[serde(default)]
    namespace: Namespace,
    #[serde(default)]
    labels: BTreeSet<Label>,
    keep_ms: Option<u64>,
}

pub(crate) async fn list(State(service): State<Service>, uri: Uri) -> Answer<Response> {
    let Asked { namespace, source, after, limit, .. } = Asked::read(&uri, &query::OF_MEMORIES)?;
    let limit = limit.unwrap_or(PAGE).clamp(1, PAGE);
    let page = Page { namespace, source, after, limit, now_ms: now_ms() };
    let found = service.host().memory()?.list(page).await?;
    let last = found.last().filter(|_| found.len() >= limit as usize).map(|last| last.memory.id.to_string());
    Ok(links::page(found, &uri, "after", last.as_deref()))
}

pub(crate) async fn search(State(service): State<Service>, uri: Uri) -> Answer<Json<Vec<Memory>>> {
    let Asked { namespace, text, limit, .. } = Asked::read(&uri, &query::OF_SEARCH)?;
    let text = text.ok_or_else(|| Fault::invalid("query", "\"text\" is missing, by which memories are found"))?;
    let query = Query { namespace: namespace.unwrap_or_default(), text, limit: limit.unwrap_or(FOUND) };
    Ok(Json(service.host().memory()?.recall(&query, now_ms()).await?.value))
}

/// Keeps a text, in place of what there was of its source.
pub(crate) async fn keep(State(service): State<Service>, Given(document): Given<Document>) -> Answer<Json<Value>> {
    let Document { source, text, namespace, labels, keep_ms } = document;
    let note = NewMemory { namespace, text, source: Some(source), labels, keep_ms };
    let remembered = service.host().memory()?.add_document(&note, now_ms(), &|_, _| {}).await?.value;
    let (mut kept, mut known) = (Vec::new(), Vec::new());
    for one in remembered {
        match one {
            Remembered::Kept(id) => kept.push(id),
            Remembered::Known(id) => known.push(id),
            Remembered::Failed(fault) => return Err(fault.into()),
        }
    }
    Ok(Json(json!({"kept": kept, "known": known})))
}

pub(crate) async fn forget(State(service): State<Service>, uri: Uri) -> Answer<Json<Value>> {
    let (namespace, what) = Asked::read(&uri, &query::OF_FORGOTTEN)?.forgotten()?;
    let forgotten = service.host().memory()?.forget(namespace.as_ref(), what).await?;
    Ok(Json(json!({"forgotten": forgotten})))
}

fn now_ms() -> u64 {
    Clock::default().now_ms()
}

impl Asked {
    fn read(uri: &Uri, known: &[(&str, &str)]) -> Answer<Self> {
        let mut asked = Self::default();
        for (name, value) in query::parameters(uri, known)? {
            match &*name {
                "namespace" => asked.namespace = Some(namespace(&value)?),
                "source" => asked.source = Some(value.into_owned()),
                "run" => asked.run = Some(value.parse()?),
                "id" => asked.ids.push(parsed(&name, &value)?),
                "all" => asked.all = parsed(&name, &value)?,
                "text" => asked.text = Some(value.into_owned()),
                "after" => asked.after = query::behind(&name, &value)?,
                "limit" => asked.limit = Some(parsed(&name, &value)?),
                _ => return Err(query::unknown(&name, known).into()),
            }
        }
        Ok(asked)
    }

    /// Returns what is to be forgotten, which is said in one way.
    fn forgotten(self) -> Answer<(Option<Namespace>, Forget)> {
        let Self { namespace, source, run, ids, all, .. } = self;
        let ids = (!ids.is_empty()).then_some(Forget::Ids(ids));
        let all = all.then_some(Forget::All);
        let mut ways = ids.into_iter().chain(source.map(Forget::Source)).chain(run.map(Forget::Run)).chain(all);
        match (ways.next(), ways.next()) {
            (Some(what), None) => Ok((namespace, what)),
            _ => {
                Err(Fault::invalid("query", "say what is forgotten in one way: by id, source, run or all=true").into())
            }
        }
    }
}

/// Reads `TENANT/USER/AGENT`, of which the last ones may be left out.
pub(crate) fn namespace(text: &str) -> Result<Namespace, Fault> {
    let mut names = text.split('/').map(str::to_owned);
    let mut next = || names.next().unwrap_or_default();
    let namespace = Namespace { tenant: next(), user: next(), agent: next() };
    match names.next() {
        None => Ok(namespace),
        Some(_) => Err(Fault::invalid("namespace", format!("\"{text}\" is not a namespace; write TENANT/USER/AGENT"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forgotten(query: &str) -> Answer<(Option<Namespace>, Forget)> {
        Asked::read(&format!("/v1/memory?{query}").parse().unwrap(), &query::OF_FORGOTTEN)?.forgotten()
    }

    #[test]
    fn what_is_forgotten_is_said_in_one_way() {
        let acme = Namespace { tenant: "acme".to_owned(), user: "dana".to_owned(), ..Namespace::default() };
        let source = forgotten("source=a%26b&namespace=acme/dana").unwrap();
        assert_eq!(source, (Some(acme), Forget::Source("a&b".to_owned())));
        assert_eq!(forgotten("id=7&id=8").unwrap(), (None, Forget::Ids(vec![7, 8])));
        assert_eq!(forgotten("all=true").unwrap().1, Forget::All);
        for wrong in
            ["", "all=false", "namespace=acme", "all=true&id=7", "id=x", "namespace=a/b/c/d&all=true", "text=a"]
        {
            assert!(forgotten(wrong).is_err(), "{wrong}");
        }
    }
}
