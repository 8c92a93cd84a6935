//! One run: what it did and when, what it may still spend, how it stood at any entry, and what a person can do with it.

mod account;
mod graph;
mod scale;
mod timeline;
mod waterfall;

use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::Response;
use stockade::{Budget, Clock, Currency, Entry, Fault, Host, Principal, Report, Right, RunId, RunState, utc};
use url::form_urlencoded::parse;

use self::timeline::Timeline;
use super::form::Fields;
use super::frame::{self, Place};
use super::html::{El, Html, el, of};
use super::inbox;
use super::runs::{Order, status, with_orders};
use super::viewer::Viewer;
use super::words::{document, name, used};
use crate::amounts;
use crate::audit::named;
use crate::forks::{beginning, fork_again};
use crate::names::Names;
use crate::problem::Answer;
use crate::runs::add_to_budget;
use crate::service::Service;

/// The most bytes of entries that a view reads, about: pages of the journal have about a megabyte each.
const PAGES_MAX: usize = 8;

/// The label of a run that begins anew what another one began.
const FORK: &str = "forked_from";

/// A run as far as a view reads it.
struct Read {
    state: RunState,
    report: Report,
    entries: Vec<Entry>,
    now_ms: u64,
}

impl Read {
    async fn of(host: &Host, run: RunId) -> Result<Self, Fault> {
        let mut state = host.state(run).await?;
        let status = host.status(&mut state).await?;
        let report = Report { status, ..Report::from(&state) };
        let mut entries: Vec<Entry> = Vec::new();
        for _ in 0..PAGES_MAX {
            let after = entries.last().map_or(0, |entry| entry.seq);
            let page = host.entries_after(run, after).await?;
            if page.is_empty() {
                break;
            }
            entries.extend(page.into_iter().filter(|entry| entry.seq <= state.seq()));
            if entries.last().is_none_or(|entry| entry.seq >= state.seq()) {
                break;
            }
        }
        Ok(Self { state, report, entries, now_ms: Clock::default().now_ms() })
    }

    /// Returns the number of the last entry that was read.
    fn last(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.seq)
    }
}

/// Reads after which entry a run is to be shown; at the end where the address does not say so.
fn at(uri: &Uri, last: u64) -> Result<u64, Fault> {
    let mut query = parse(uri.query().unwrap_or_default().as_bytes());
    let Some((_, at)) = query.find(|(name, _)| name == "at") else { return Ok(last) };
    let wrong = || Fault::invalid("query", format!("\"{at}\" is not the number of an entry"));
    Ok(at.parse::<u64>().map_err(|_| wrong())?.clamp(1, last.max(1)))
}

/// Draws the states of a run's workflow, with the path that the run took as far as a view reads it.
///
/// # Errors
///
/// An unknown run, a workflow that is not here or has too many states, a journal that fails.
pub(crate) async fn picture(host: &Host, run: RunId) -> Result<String, Fault> {
    let read = Read::of(host, run).await?;
    let workflow = host.workflow(&read.report.workflow)?;
    graph::alone(workflow.graph(), &Timeline::read(&read.entries).path, read.report.status.is_over())
}

pub(crate) async fn show(State(service): State<Service>, viewer: Viewer, names: Names, uri: Uri) -> Answer<Response> {
    let read = Read::of(service.host(), names.run()?).await?;
    let at = at(&uri, read.last())?;
    let inner = inner(service.host(), &viewer, &read, at)?;
    let run = read.report.run_id;
    let live = (!read.report.status.is_over()).then(|| format!("/live?run={run}"));
    Ok(frame::page(&viewer, Place::Runs, &format!("{} {run}", read.report.workflow), live.as_deref(), inner))
}

fn inner(host: &Host, viewer: &Viewer, read: &Read, at: u64) -> Result<Html, Fault> {
    let Read { state, report, entries, now_ms } = read;
    let (run, is_over) = (report.run_id, report.status.is_over());
    let timeline = Timeline::read(entries);
    let may = viewer.may(Right::Operate);
    let fork = (may && at < state.seq()).then(|| fork_here(viewer, run, at));
    let graph = host.workflow(&report.workflow).ok();
    let graph = graph.map(|workflow| graph::draw(workflow.graph(), &timeline.path, is_over));
    let parts = [
        Some(head(report, state)),
        questions(report),
        ending(report),
        may.then(|| orders(viewer, run, is_over)),
        Some(waterfall::draw(viewer, run, &timeline.rows, *now_ms, may)),
        unread(read),
        graph,
        Some(account::gauges(state)),
        Some(account::scrubber(run, entries, at, read.last(), fork)?),
        Some(documents(report, state)),
    ];
    Ok(parts.into_iter().flatten().collect())
}

fn head(report: &Report, state: &RunState) -> El {
    let Report { run_id: run, workflow, labels, parent, children, .. } = report;
    let by = state.origin().by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let labels = labels.iter().map(|(name, value)| {
        let label = of("span", "label").text(format!("{name}={value}"));
        // What it was forked from is a run, if the label is ours.
        let link = value.parse::<RunId>().ok().filter(|_| name == FORK);
        match link {
            Some(other) => el("a").attr("href", format!("/runs/{other}")).with(label),
            None => label,
        }
    });
    let position = report.state.as_ref().map(|position| of("span", "tag").text(position));
    let link = |run: RunId| el("a").attr("href", format!("/runs/{run}")).text(run);
    let parent = parent.as_ref().map(|parent| el("p").text("Started by run ").with(link(parent.run)));
    let children = children.iter().filter_map(|child| {
        let end = child.end.unwrap_or("not ended");
        Some(el("li").with(link(child.run_id?)).text(format!(" {end}")))
    });
    let children: Vec<_> = children.collect();
    let children = (!children.is_empty()).then(|| {
        of("details", "card")
            .attr("id", "children")
            .with(el("summary").text("Runs that it has started"))
            .with(el("ul").all(children))
    });
    let waits = report.waits.iter().map(|wait| of("p", "waits").text(format!("Waits {wait}")));
    of("div", "head")
        .attr("id", "head")
        .with(el("h1").text(workflow).text(" ").with(status(report.status)).all(position))
        .with(of("p", "hint").text(format!("run {run} · started {}{by}", utc(state.created_ms()))).all(labels))
        .all(waits)
        .all(parent)
        .all(children)
}

/// Leads to what a person is asked.
fn questions(report: &Report) -> Option<El> {
    let open: Vec<_> = report.approvals.iter().filter(|approval| approval.is_open()).collect();
    let place = open.first().map(|approval| format!("#{}", inbox::id(report.run_id, approval))).unwrap_or_default();
    let open = if report.status.is_over() { 0 } else { open.len().saturating_add(report.doubts.len()) };
    let link = || el("a").attr("href", format!("/inbox{place}")).text("Decide in the inbox");
    (open > 0).then(|| of("p", "asks").text(format!("{open} waiting for a person. ")).with(link()))
}

/// Shows how it ended, or why it stands still.
fn ending(report: &Report) -> Option<El> {
    let output = report.output.as_ref().map(|output| {
        let letter = letter(&output.value());
        of("section", "card").with(el("h2").text("Output")).all(letter).with(document(&output.value()))
    });
    let error = report
        .error
        .as_ref()
        .map(|fault| of("section", "card").with(el("h2").text("Why")).with(of("p", "bad").text(&fault.message)));
    output.or(error)
}

/// Shows the text of an output that has one, line by line as it would be sent.
fn letter(output: &serde_json::Value) -> Option<El> {
    let text = output.get("letter").or_else(|| output.get("response")).or_else(|| output.get("text"))?.as_str()?;
    Some(of("pre", "letter").attr("id", "letter").attr("tabindex", 0).text(super::words::cut(text)))
}

fn orders(viewer: &Viewer, run: RunId, is_over: bool) -> El {
    let fork = viewer
        .form_once(&format!("/runs/{run}/fork"))
        .with(el("button").text("Fork"))
        .with(of("span", "hint").text(" Starts a new run with the same input, which asks and pays again."));
    let orders = of("section", "orders").attr("aria-label", "What can be done with the run");
    if is_over {
        return orders.with(fork);
    }
    let given = with_orders(viewer.form(&format!("/runs/{run}/order")));
    let currencies = Currency::ALL.map(|currency| el("option").value(currency.name()).text(name(currency)));
    let budget = viewer
        .form(&format!("/runs/{run}/budget"))
        .with(el("label").attr("for", "currency").text("Add to the budget"))
        .with(el("select").attr("id", "currency").attr("name", "currency").all(currencies))
        .with(el("label").attr("for", "amount").text("Amount, as 3, $1.50 or 64MiB"))
        .with(el("input").attr("id", "amount").attr("name", "amount").attr("size", 10).flag("required", true))
        .with(el("button").text("Add"));
    orders.with(given).with(budget).with(fork)
}

/// Offers to fork a run after the entry that is shown.
fn fork_here(viewer: &Viewer, run: RunId, at: u64) -> El {
    let hint = " Starts a new run that begins as this one stood here, and asks and pays again for what followed.";
    viewer
        .form_once(&format!("/runs/{run}/fork"))
        .with(el("input").attr("type", "hidden").attr("name", "after").value(at))
        .with(el("button").text(format!("Fork after entry {at}")))
        .with(of("span", "hint").text(hint))
}

/// Says what the view does not show of a long run.
fn unread(read: &Read) -> Option<El> {
    let left_out = read.state.seq().saturating_sub(read.last());
    let run = read.report.run_id;
    let message =
        format!("The run is long: {left_out} entries more are in /v1/runs/{run}/entries?after={}", read.last());
    (left_out > 0).then(|| of("p", "bad").text(message))
}

fn documents(report: &Report, state: &RunState) -> El {
    let labels = state.labels().iter().map(|(label, keys)| {
        let keys = keys.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        el("li").with(of("span", "label").text(label)).text(format!(" came in with {keys}"))
    });
    let labels: Vec<_> = labels.collect();
    let labels =
        if labels.is_empty() { el("p").text("Nothing that it took in has a label.") } else { el("ul").all(labels) };
    let log = report.log.iter().map(|line| el("li").text(line));
    let log = (!report.log.is_empty()).then(|| el("section").with(el("h2").text("Log")).with(el("ol").all(log)));
    el("div")
        .with(el("section").with(el("h2").text("Labels of what it took in")).with(labels))
        .with(el("section").with(el("h2").text("Input")).with(document(&report.input.value())))
        .all(log)
        .with(of("p", "hint").text(format!("In all: {}", used(&report.usage))))
}

pub(crate) async fn order(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
    fields: Fields,
) -> Answer<Response> {
    let (run, order) = (names.run()?, Order::named(fields.text("order"))?);
    named("order", fields.text("order"));
    let reason = fields.filled("reason").map(str::to_owned);
    order.give(&service, run, stockade::Stop::by(&principal.name).reason(reason)).await?;
    Ok(back(run))
}

pub(crate) async fn budget(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
    fields: Fields,
) -> Answer<Response> {
    let run = names.run()?;
    let named = fields.text("currency");
    let currency = Currency::named(named)
        .ok_or_else(|| Fault::invalid("budget", format!("\"{named}\" is not a currency of a budget")))?;
    let more = stockade::amounts::one(currency, fields.text("amount").trim())?;
    add_to_budget(&service, &principal, run, Budget::NONE.with(currency, more)).await?;
    Ok(back(run))
}

/// Starts a new run that begins as another one stood after an entry, and says of which.
pub(crate) async fn fork(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
    fields: Fields,
) -> Answer<Response> {
    let run = names.run()?;
    let wrong = |after: &str| Fault::invalid("entry", format!("\"{after}\" is not the number of an entry"));
    let after = fields.filled("after").map(|after| after.parse::<u64>().map_err(|_| wrong(after)));
    let after = after.transpose()?.unwrap_or_else(beginning);
    let key = format!("fork/{}", fields.key()?);
    Ok(back(fork_again(&service, &principal, (run, after), key).await?.id()))
}

/// Runs code again that has ended, with the answers that its calls had.
pub(crate) async fn replay(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    viewer: Viewer,
    names: Names,
    fields: Fields,
) -> Answer<Response> {
    let (run, key) = (names.run()?, fields.text("key").to_owned());
    // No run is charged for it, and it may use as much as the run may.
    amounts::check(&principal, service.host().state(run).await?.ledger().budget())?;
    let replayed = service.host().replay(run, &key).await?;
    let same = format!("The code of \"{key}\" ended as before, wrote the same and used the same fuel.");
    let back = el("a").attr("href", format!("/runs/{run}")).text("Back to the run");
    let inner: Html = [el("h1").text("The same again"), el("p").text(same)]
        .into_iter()
        .chain(replayed.notice.map(|notice| el("p").text(notice)))
        .chain([el("p").with(back)])
        .collect();
    Ok(frame::page(&viewer, Place::Runs, "Replay", None, inner))
}

fn back(run: RunId) -> Response {
    frame::see_other(&format!("/runs/{run}"))
}
