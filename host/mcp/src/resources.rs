//! The runs that a client has started, as resources: how each stands, what it ended with, and what happened in it.
//!
//! A timeline names what was done, and has nothing of what was said: a run of a workflow may have read what its client may not.

use std::collections::BTreeMap;

use rmcp::model::{JsonObject, MetaObject, Resource, ResourceContents, ResourceTemplate, object};
use serde::Serialize;
use serde_json::{Value, json};
use stockade::{
    Budget, End, Entry, Filter, Host, Principal, Report, RunId, RunState, Sort, Status, Summary, Usage, unknown_run,
    utc,
};

use crate::marks;
use crate::pieces::piece;
use crate::refusal::{Answer, Refusal};
use crate::request_state::run_id;
use crate::starting::LABEL;
use crate::told::words;

/// What the addresses of all begin with.
const RUNS: &str = "stockade://runs/";

/// How many runs are listed, the one that has changed last first.
const LISTED_MAX: usize = 50;

const JSON: &str = "application/json";

/// What of a run is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Run,
    Result,
    Timeline,
}

/// A resource: of which run, what, and from where on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    run: RunId,
    what: What,
    /// Of a timeline the number of an entry; of anything else a byte.
    from: u64,
}

/// A run, as its client sees it.
#[derive(Serialize)]
struct View<'a> {
    run_id: RunId,
    workflow: &'a str,
    status: Status,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    /// The tools on whose calls people are to decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    asked: Vec<&'a str>,
    result: String,
    timeline: String,
    usage: Usage,
    budget: Budget,
}

/// Returns the address of a run's result.
pub(crate) fn of_result(run: RunId) -> String {
    format!("{RUNS}{run}/result")
}

/// Returns the run of a client that it started itself.
///
/// # Errors
///
/// As if there were no such run, where another one started it.
pub(crate) async fn own(host: &Host, principal: &Principal, run: RunId) -> Answer<RunState> {
    let state = host.state(run).await?;
    if state.origin().by.as_deref() == Some(principal.name.as_str()) { Ok(state) } else { Err(unknown_run(run).into()) }
}

/// Returns the runs that a client has started.
pub(crate) async fn list(host: &Host, principal: &Principal) -> Answer<Vec<Resource>> {
    let labels = BTreeMap::from([(LABEL.to_owned(), principal.name.clone())]);
    let filter = Filter { labels, sort: Sort::Changed, reverse: true, limit: Some(LISTED_MAX), ..Filter::default() };
    Ok(host.runs(&filter).await?.iter().map(listed).collect())
}

fn listed(run: &Summary) -> Resource {
    let Summary { run_id, workflow, status, updated_ms, .. } = run;
    Resource::new(format!("{RUNS}{run_id}"), run_id.to_string())
        .with_description(format!("A run of \"{workflow}\", {status} since {}", utc(*updated_ms)))
        .with_mime_type(JSON)
}

/// Returns the forms of the addresses.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    let template = |end: &str, name: &str, description: &str| {
        ResourceTemplate::new(format!("{RUNS}{{run_id}}{end}"), name).with_description(description).with_mime_type(JSON)
    };
    vec![
        template("", "run", "How a run stands."),
        template(
            "/result{?from}",
            "result",
            "What a run ended with, in pieces: `from` is the byte at which one begins.",
        ),
        template(
            "/timeline{?from}",
            "timeline",
            "What happened in a run: `from` is the number of the last entry that is known.",
        ),
    ]
}

/// Reads a resource.
pub(crate) async fn read(
    host: &Host,
    principal: &Principal,
    address: &str,
    bytes_max: usize,
) -> Answer<ResourceContents> {
    let place = Place::read(address)?;
    let state = own(host, principal, place.run).await?;
    let mut marks = marks::of(&state);
    let (text, next) = match place.what {
        What::Run => (view(host, state).await?, None),
        What::Result => {
            let text = result(&state)?;
            marks.0.insert("stockade/bytes".to_owned(), text.len().into());
            let piece = piece(&text, usize::try_from(place.from).unwrap_or(usize::MAX), bytes_max);
            (piece.text.to_owned(), piece.next.map(|next| next as u64))
        }
        What::Timeline => timeline(host.entries_after(place.run, place.from).await?, bytes_max),
    };
    if let Some(next) = next {
        marks.0.insert("stockade/next".to_owned(), format!("{}?from={next}", place.address()).into());
    }
    Ok(contents(address, text, marks))
}

fn contents(address: &str, text: String, meta: MetaObject) -> ResourceContents {
    ResourceContents::TextResourceContents {
        uri: address.to_owned(),
        mime_type: Some(JSON.to_owned()),
        text,
        meta: Some(meta),
    }
}

async fn view(host: &Host, mut state: RunState) -> Answer<String> {
    let status = host.status(&mut state).await?;
    let report = Report::from(&state);
    let view = View {
        run_id: report.run_id,
        workflow: &report.workflow,
        status,
        created: utc(state.created_ms()),
        error: report.error.as_ref().map(words),
        asked: state.open_approvals().map(|question| question.call.tool.as_str()).collect(),
        result: of_result(report.run_id),
        timeline: format!("{RUNS}{}/timeline", report.run_id),
        usage: report.usage,
        budget: report.budget,
    };
    Ok(serde_json::to_string(&view).unwrap_or_default())
}

fn result(state: &RunState) -> Answer<String> {
    match state.end() {
        Some(End::Done(output)) => Ok(output.text().to_owned()),
        Some(End::Failed(fault)) => Ok(json!({"error": words(fault)}).to_string()),
        None => {
            Err(Refusal::params(format!("run {} has no result yet; its status is {}", state.run(), state.status())))
        }
    }
}

/// Writes what entries are, a line each, as far as there is room, and returns the number of the last one where there are more.
fn timeline(entries: Vec<Entry>, bytes_max: usize) -> (String, Option<u64>) {
    let (mut text, mut last) = (String::new(), None);
    for entry in &entries {
        let line = Value::Object(line(entry)).to_string();
        if !text.is_empty() && text.len() + line.len() > bytes_max {
            return (text, last);
        }
        text.push_str(&line);
        text.push('\n');
        last = Some(entry.seq);
    }
    // A page of the journal may not be all of it.
    (text, last)
}

/// The members of an entry that say what it is.
fn line(Entry { seq, at_ms, change, .. }: &Entry) -> JsonObject {
    let change = serde_json::to_value(change).unwrap_or_default();
    let mut line = object(json!({"seq": seq, "at": utc(*at_ms)}));
    for name in ["change", "key", "position"] {
        if let Some(said @ Value::String(_)) = change.get(name) {
            line.insert(name.to_owned(), said.clone());
        }
    }
    line
}

impl Place {
    fn read(address: &str) -> Answer<Self> {
        let unknown = || Refusal::no_resource(address);
        let rest = address.strip_prefix(RUNS).ok_or_else(unknown)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, "from=0"));
        let from = query.strip_prefix("from=").and_then(|from| from.parse().ok()).ok_or_else(unknown)?;
        let (run, what) = match path.split_once('/') {
            None => (path, What::Run),
            Some((run, "result")) => (run, What::Result),
            Some((run, "timeline")) => (run, What::Timeline),
            Some(_) => return Err(unknown()),
        };
        Ok(Self { run: run_id(run)?, what, from })
    }

    fn address(&self) -> String {
        let end = match self.what {
            What::Run => "",
            What::Result => "/result",
            What::Timeline => "/timeline",
        };
        format!("{RUNS}{}{end}", self.run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_run_and_what_of_it_is_read() {
        let run = RunId::from_bytes([7; 16]);
        let read = |end: &str| Place::read(&format!("stockade://runs/{run}{end}")).ok();
        assert_eq!(read(""), Some(Place { run, what: What::Run, from: 0 }));
        assert_eq!(read("/result?from=7"), Some(Place { run, what: What::Result, from: 7 }));
        assert_eq!(read("/timeline"), Some(Place { run, what: What::Timeline, from: 0 }));
        for wrong in ["/entries", "/result/x", "?to=1", "/result?from=-1", "/../x"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert!(Place::read("file:///etc/passwd").is_err());
    }
}
