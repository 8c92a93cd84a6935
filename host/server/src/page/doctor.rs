//! Whether the host is well: its circuit breakers, what it has, and each limit tripped once where an admin wants that.

use axum::extract::State;
use axum::response::Response;
use stockade::doctor::{Check, examine};
use stockade::{BreakerView, Fault, Host, Kind, Machine, Registered, Right, utc};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::form::Fields;
use super::frame::{self, Place};
use super::html::{El, Html, el, of};
use super::viewer::Viewer;
use super::words::grouped;
use crate::problem::Answer;
use crate::service::Service;

pub(crate) async fn show(State(service): State<Service>, viewer: Viewer) -> Answer<Response> {
    page(service.host(), &viewer, None).await
}

async fn page(host: &Host, viewer: &Viewer, checks: Option<Vec<Check>>) -> Answer<Response> {
    let breakers = breakers(&host.breakers().await?);
    let trip = viewer.may(Right::Administer).then(|| {
        viewer.form("/doctor").with(el("button").text("Trip every limit once")).with(
            of("span", "hint").text(" Runs guests of the doctor's own, which takes some seconds of this machine."),
        )
    });
    let inner: Html = [el("h1").text("Doctor"), breakers, what(host)]
        .into_iter()
        .chain(trip)
        .chain(checks.map(|checks| limits(&checks)))
        .collect();
    Ok(frame::page(viewer, Place::Doctor, "Doctor", None, inner))
}

fn breakers(breakers: &[BreakerView]) -> El {
    let line = |breaker: &BreakerView| {
        let BreakerView { of: whose, is_open, failures, failures_max, open_until_ms, why } = breaker;
        let until = open_until_ms.filter(|_| *is_open).map(|ms| format!(" until {}", utc(ms))).unwrap_or_default();
        let state = if *is_open { of("b", "bad").text(format!("open{until}")) } else { of("b", "good").text("closed") };
        let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let failed = format!(", after {failures} of {failures_max} failures in a row{why}");
        el("li").text(format!("{whose} is ")).with(state).text(failed)
    };
    let section = el("section").with(el("h2").text("Circuit breakers"));
    if breakers.is_empty() {
        return section.with(of("p", "empty").text("No tool and no model has one."));
    }
    section.with(el("ul").all(breakers.iter().map(line)))
}

fn what(host: &Host) -> El {
    let list = |title: &'static str, names: Vec<&str>| {
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        el("li").with(el("b").text(title)).text(format!(" {names}"))
    };
    el("section").with(el("h2").text("What the host has")).with(
        el("ul")
            .with(list("Workflows", host.workflows().map(Machine::name).collect()))
            .with(list("Tools", host.tools().map(Registered::name).collect()))
            .with(list("Languages", host.languages().collect())),
    )
}

fn limits(checks: &[Check]) -> El {
    let titles =
        ["limit", "set to", "fired", "error", "neighbour"].map(|title| el("th").attr("scope", "col").text(title));
    let rows = checks.iter().map(|check| {
        let fired = if check.fired { of("b", "good").text("yes") } else { of("b", "bad").text("no") };
        let kind = check.kind.map(kind).unwrap_or_default();
        let neighbour = if check.neighbour_ok { "unharmed" } else { "slow" };
        el("tr")
            .with(el("th").attr("scope", "row").text(check.limit))
            .with(of("td", "amount").text(grouped(check.allowed)))
            .with(el("td").with(fired))
            .with(el("td").text(kind))
            .with(el("td").text(neighbour))
    });
    let fired = checks.iter().filter(|check| check.fired).count();
    let table = el("table").with(el("thead").with(el("tr").all(titles))).with(el("tbody").all(rows));
    let scroll = frame::scroll("Limits").with(table);
    el("section")
        .attr("id", "limits")
        .with(el("h2").text(format!("{fired} of {} limits fired", checks.len())))
        .with(scroll)
}

fn kind(kind: Kind) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Of several that ask for it, one examines at a time: each would disturb the other's measures.
static EXAMINES: Mutex<()> = Mutex::const_new(());

pub(crate) async fn examined(State(service): State<Service>, viewer: Viewer, _: Fields) -> Answer<Response> {
    let one = EXAMINES.try_lock();
    if one.is_err() {
        let fault = Fault::new(Kind::Conflict, "the limits are being tripped already; wait until that has ended");
        return Err(fault.detail("doctor").into());
    }
    let (host, handle) = (service.host().clone(), Handle::current());
    let examined = spawn_blocking(move || handle.block_on(examine(&host))).await;
    let checks = examined.map_err(|error| Fault::new(Kind::HostBug, format!("the doctor has ended: {error}")))??;
    page(service.host(), &viewer, Some(checks)).await
}
