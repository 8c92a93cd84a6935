//! The runs: saved filters, why each of them waits, and what is done to several at once.

use axum::extract::{Extension, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use futures_util::future::join_all;
use stockade::{
    Budget, Clock, Fault, Filter, Listed, Machine, NewRun, PageEnd, Principal, Right, RunId, Sort, Status, Stop,
    WaitingFor, utc,
};
use url::form_urlencoded::{Serializer, parse};

use super::form::Fields;
use super::frame::{self, Place, hidden};
use super::html::{El, Html, el, of};
use super::viewer::Viewer;
use super::words::{age, shortened};
use crate::amounts::{self, Amounts};
use crate::audit::named;
use crate::problem::{Answer, words};
use crate::query;
use crate::runs::{GRACE, begin};
use crate::service::Service;

/// The most runs of one page.
const PAGE: usize = 50;

/// The most runs that something is done to at once.
const BULK_MAX: usize = PAGE;

/// A saved filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Saved {
    #[default]
    All,
    NeedsMe,
    InFlight,
    Failed,
}

impl Saved {
    const ALL: [Self; 4] = [Self::NeedsMe, Self::InFlight, Self::Failed, Self::All];

    fn name(self) -> &'static str {
        match self {
            Self::NeedsMe => "needs-me",
            Self::InFlight => "in-flight",
            Self::Failed => "failed",
            Self::All => "all",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::NeedsMe => "Needs me",
            Self::InFlight => "In flight",
            Self::Failed => "Failed",
            Self::All => "All",
        }
    }

    fn filter(self) -> Filter {
        let filter = Filter { reverse: true, ..Filter::default() };
        match self {
            Self::All => filter,
            // Who has waited longest comes first.
            Self::NeedsMe => Filter { waiting_for: WaitingFor::OF_PEOPLE.into(), reverse: false, ..filter },
            Self::InFlight => {
                let status =
                    vec![Status::Running, Status::Interrupted, Status::Waiting, Status::Suspended, Status::Paused];
                Filter { status, ..filter }
            }
            Self::Failed => Filter { status: vec![Status::Failed], ..filter },
        }
    }
}

/// What the view is asked for.
#[derive(Debug, Default)]
struct Asked {
    saved: Saved,
    workflow: Option<String>,
    label: Option<(String, String)>,
    after: Option<PageEnd>,
}

impl Asked {
    fn read(uri: &Uri) -> Result<Self, Fault> {
        let mut asked = Self::default();
        for (name, value) in parse(uri.query().unwrap_or_default().as_bytes()).filter(|(_, value)| !value.is_empty()) {
            match &*name {
                "show" => asked.saved = saved(&value)?,
                "workflow" => asked.workflow = Some(value.into_owned()),
                "label" => asked.label = Some(query::label(&value)?),
                "cursor" => asked.after = Some(query::end(&value)?),
                other => return Err(Fault::invalid("query", format!("\"{other}\" is not a parameter of this view"))),
            }
        }
        Ok(asked)
    }

    fn filter(&self) -> Filter {
        Filter {
            workflow: self.workflow.clone(),
            labels: self.label.clone().into_iter().collect(),
            sort: Sort::Started,
            after: self.after,
            // One run more tells whether there is another page.
            limit: Some(PAGE.saturating_add(1)),
            ..self.saved.filter()
        }
    }

    /// Returns the address of the view with another filter, or another page.
    fn address(&self, saved: Saved, after: Option<PageEnd>) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("show", saved.name());
        if let Some(workflow) = &self.workflow {
            query.append_pair("workflow", workflow);
        }
        if let Some((name, value)) = &self.label {
            query.append_pair("label", &format!("{name}={value}"));
        }
        if let Some(after) = after {
            query.append_pair("cursor", &query::cursor(after));
        }
        format!("/?{}", query.finish())
    }
}

fn saved(name: &str) -> Result<Saved, Fault> {
    Saved::ALL.into_iter().find(|saved| saved.name() == name).ok_or_else(|| {
        let names = Saved::ALL.map(Saved::name).join(", ");
        Fault::invalid("query", format!("\"{name}\" is not a saved filter; those are {names}"))
    })
}

pub(crate) async fn list(State(service): State<Service>, viewer: Viewer, uri: Uri) -> Answer<Response> {
    let asked = Asked::read(&uri)?;
    let mut runs = service.host().runs(&asked.filter()).await?;
    let has_more = runs.len() > PAGE;
    runs.truncate(PAGE);
    let next = runs.last().filter(|_| has_more).map(PageEnd::from);
    let mut lines = Vec::new();
    for summary in runs {
        // A run that cannot be read is listed all the same.
        let waits_for = service.host().waits_for(&summary).await.unwrap_or_else(|fault| {
            service.tell(&fault);
            vec![words(&fault).to_owned()]
        });
        lines.push(Listed { summary, waits_for });
    }
    let start = viewer.may(Right::Operate).then(|| start_form(&service, &viewer));
    let inner: Html = [
        el("h1").text("Runs"),
        filters(&asked),
        table(&viewer, &lines),
        of("p", "pages").all(next.map(|next| {
            el("a").attr("href", asked.address(asked.saved, Some(next))).attr("rel", "next").text("Further runs")
        })),
    ]
    .into_iter()
    .chain(start)
    .collect();
    Ok(frame::page(&viewer, Place::Runs, "Runs", Some("/live"), inner))
}

fn filters(asked: &Asked) -> El {
    let link = |saved: Saved| {
        let link = el("a").attr("href", asked.address(saved, None)).text(saved.title());
        el("li").with(if saved == asked.saved { link.attr("aria-current", "true") } else { link })
    };
    let saved = el("nav").attr("aria-label", "Saved filters").with(of("ul", "tabs").all(Saved::ALL.map(link)));
    let label = asked.label.as_ref().map(|(name, value)| format!("{name}={value}")).unwrap_or_default();
    let form = frame::filter("/")
        .with(el("input").attr("type", "hidden").attr("name", "show").value(asked.saved.name()))
        .with(frame::field("workflow", "Workflow", asked.workflow.as_deref().unwrap_or_default()))
        .with(frame::field("label", "Label NAME=VALUE", &label))
        .with(el("button").text("Filter"));
    of("div", "filters").with(saved).with(form)
}

fn table(viewer: &Viewer, lines: &[Listed]) -> El {
    if lines.is_empty() {
        return of("p", "empty").text("There is no such run.");
    }
    let may = viewer.may(Right::Operate);
    let now_ms = Clock::default().now_ms();
    let titles =
        ["Run", "Status", "State", "Waits", "Labels", "Changed"].map(|title| el("th").attr("scope", "col").text(title));
    let choose = may.then(|| el("th").attr("scope", "col").with(hidden("Choose")));
    let head = el("thead").with(el("tr").all(choose).all(titles));
    let rows = lines.iter().map(|line| row(line, may, now_ms));
    let table = el("table").attr("id", "runs").with(head).with(el("tbody").all(rows));
    let scroll = frame::scroll("Runs").with(table);
    let fieldset = with_orders(of("fieldset", "orders").with(el("legend").text("Do this to the chosen runs")));
    if may { viewer.form("/runs/bulk").attr("class", "bulk").with(scroll).with(fieldset) } else { scroll }
}

/// Adds the orders to a form, with a reason.
pub(crate) fn with_orders(form: El) -> El {
    let order = |name: &'static str, title: &'static str| {
        el("button").attr("name", "order").attr("value", name).attr("type", "submit").text(title)
    };
    form.with(el("label").attr("for", "reason").text("Reason"))
        .with(el("input").attr("id", "reason").attr("name", "reason"))
        .with(order("pause", "Pause"))
        .with(order("resume", "Resume"))
        .with(order("stop", "Stop").attr("class", "danger"))
}

fn row(Listed { summary, waits_for }: &Listed, may: bool, now_ms: u64) -> El {
    let run = summary.run_id;
    let choose = may.then(|| {
        let name = format!("Choose run {run}");
        el("td").with(el("input").attr("type", "checkbox").attr("name", "run").attr("aria-label", name).value(run))
    });
    let link = el("a").attr("href", format!("/runs/{run}")).attr("data-row", "").text(&summary.workflow);
    let waits = waits_for.iter().map(|what| el("li").text(shortened(what, WAIT_LETTERS)));
    let damaged = summary.damaged.as_ref().map(|why| of("p", "bad").text(why));
    let labels = summary.labels.iter().map(|(name, value)| of("span", "label").text(format!("{name}={value}")));
    let ago = age(now_ms.saturating_sub(summary.updated_ms));
    el("tr")
        .attr("id", format!("run-{run}"))
        .all(choose)
        .with(el("td").with(link).with(of("span", "id").text(run)))
        .with(el("td").with(status(summary.status)))
        .with(el("td").text(&summary.state))
        .with(el("td").with(of("ul", "waits").all(waits)).all(damaged))
        .with(el("td").all(labels))
        .with(el("td").with(el("time").attr("title", utc(summary.updated_ms)).text(format!("{ago} ago"))))
}

/// The most letters of what a run waits for in a list; its own view has all of it.
const WAIT_LETTERS: usize = 160;

/// Shows the status of a run.
pub(crate) fn status(status: Status) -> El {
    let class = match status {
        Status::Running => "status running",
        Status::Interrupted => "status interrupted",
        Status::Waiting => "status waiting",
        Status::Suspended => "status suspended",
        Status::Paused => "status paused",
        Status::Done => "status done",
        Status::Failed => "status failed",
        Status::Stopped => "status stopped",
    };
    of("span", class).text(status)
}

fn start_form(service: &Service, viewer: &Viewer) -> El {
    let workflows = service.host().workflows().map(Machine::name).map(|name| el("option").value(name).text(name));
    let select = el("select").attr("id", "start-workflow").attr("name", "workflow").all(workflows);
    let input = el("textarea").attr("id", "start-input").attr("name", "input").attr("rows", 5).flag("required", true);
    let form = viewer
        .form_once("/runs")
        .with(el("label").attr("for", "start-workflow").text("Workflow"))
        .with(select)
        .with(el("label").attr("for", "start-input").text("Input, as JSON"))
        .with(input.attr("spellcheck", "false").text("{}"))
        .with(of("button", "primary").text("Start"));
    of("details", "card").attr("id", "start").with(el("summary").text("Start a run")).with(form)
}

pub(crate) async fn start(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    fields: Fields,
) -> Answer<Response> {
    let workflow = fields.text("workflow");
    named("workflow", workflow);
    service.host().check_workflow(&principal, workflow)?;
    let budget = amounts::of_start(&principal, &Amounts::default(), Budget::default())?;
    let new = NewRun::new(workflow, fields.json("input")?).budget(budget);
    let new = fields.filled("key").into_iter().fold(new, NewRun::key);
    let started = begin(&service, &principal, new).await?;
    Ok(frame::see_other(&format!("/runs/{}", started.id())))
}

/// What is done to several runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Stop,
    Pause,
    Resume,
}

impl Order {
    pub(crate) fn named(name: &str) -> Result<Self, Fault> {
        match name {
            "stop" => Ok(Self::Stop),
            "pause" => Ok(Self::Pause),
            "resume" => Ok(Self::Resume),
            other => {
                Err(Fault::invalid("order", format!("\"{other}\" is not an order; those are stop, pause, resume")))
            }
        }
    }

    /// Gives it to a run.
    pub(crate) async fn give(self, service: &Service, run: RunId, stop: Stop) -> stockade::Result<()> {
        match self {
            Self::Stop => service.host().run(run).stop(stop, GRACE).await,
            Self::Pause => service.host().run(run).pause(stop, GRACE).await,
            Self::Resume => service.host().resume(run).await.map(drop),
        }
    }
}

pub(crate) async fn bulk(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    fields: Fields,
) -> Answer<Response> {
    let order = Order::named(fields.text("order"))?;
    let runs = fields.all("run").map(str::parse::<RunId>).collect::<Result<Vec<_>, _>>()?;
    if runs.len() > BULK_MAX {
        let message = format!("{} runs are chosen, and {BULK_MAX} are allowed at once", runs.len());
        return Err(Fault::invalid("run", message).into());
    }
    let reason = fields.filled("reason").map(str::to_owned);
    named("order", fields.text("order"));
    runs.iter().for_each(|run| named("run", run));
    let stop = || Stop::by(&principal.name).reason(reason.clone());
    let given = join_all(runs.iter().map(|run| order.give(&service, *run, stop()))).await;
    let refused: Vec<_> =
        runs.iter().zip(given).filter_map(|(run, given)| given.err().map(|fault| (*run, fault))).collect();
    refused.iter().for_each(|(_, fault)| service.tell_within(fault));
    if refused.is_empty() { Ok(frame::see_other("/?show=all")) } else { Ok(left_out(runs.len(), &refused)) }
}

fn left_out(all: usize, refused: &[(RunId, Fault)]) -> Response {
    let line = |(run, fault): &(RunId, Fault)| {
        el("li").with(el("a").attr("href", format!("/runs/{run}")).text(run)).with(el("p").text(words(fault)))
    };
    let done = all.saturating_sub(refused.len());
    let main = el("main")
        .attr("id", "main")
        .with(el("h1").text("Not all of them"))
        .with(of("p", "bad").attr("role", "alert").text(format!("{done} of {all} runs took the order; these did not:")))
        .with(el("ul").all(refused.iter().map(line)))
        .with(el("p").with(el("a").attr("href", "/").text("To the runs")));
    frame::bare(StatusCode::CONFLICT, "Not all of them", main)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_from_the_address_that_was_written_for_it() {
        let asked = Asked::read(&"/?show=needs-me&workflow=refund&label=team%3Da%26b".parse().unwrap()).unwrap();
        assert_eq!((asked.saved, asked.label.clone()), (Saved::NeedsMe, Some(("team".to_owned(), "a&b".to_owned()))));
        let again = Asked::read(&asked.address(asked.saved, None).parse().unwrap()).unwrap();
        assert_eq!(again.filter(), asked.filter());
        for wrong in ["/?show=mine", "/?label=team", "/?x=1", "/?cursor=7"] {
            assert!(Asked::read(&wrong.parse().unwrap()).is_err(), "{wrong}");
        }
    }
}
