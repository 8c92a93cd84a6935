//! A place to try code of agents, with what it used shown.

use axum::extract::{Extension, State};
use axum::response::Response;
use stockade::{Code, ExecReport, Host, Principal, Registered, Right};

use super::form::Fields;
use super::frame::{self, Place};
use super::html::{El, Html, el, of};
use super::runs::status;
use super::viewer::Viewer;
use super::words::{block, bytes, document, grouped, micros};
use crate::amounts::Amounts;
use crate::exec::{begin, settled};
use crate::problem::{Answer, words};
use crate::service::Service;

/// What a person who comes first finds in the form.
const EXAMPLE: &str = "return input.numbers.map((number) => number * number)";
const EXAMPLE_INPUT: &str = r#"{"numbers": [1, 2, 3]}"#;

/// What the form has in it.
struct Tried {
    language: String,
    code: String,
    input: String,
    tools: Vec<String>,
}

impl Default for Tried {
    fn default() -> Self {
        let (code, input) = (EXAMPLE.to_owned(), EXAMPLE_INPUT.to_owned());
        Self { language: "javascript".to_owned(), code, input, tools: Vec::new() }
    }
}

impl Tried {
    fn of(fields: &Fields) -> Self {
        // Browsers send line feeds in pairs.
        let text = |name: &str| fields.text(name).replace("\r\n", "\n");
        let tools = fields.all("tool").map(str::to_owned).collect();
        Self { language: text("language"), code: text("code"), input: text("input"), tools }
    }
}

pub(crate) async fn show(State(service): State<Service>, viewer: Viewer) -> Answer<Response> {
    Ok(page(service.host(), &viewer, &Tried::default(), None))
}

fn page(host: &Host, viewer: &Viewer, tried: &Tried, result: Option<El>) -> Response {
    let note = (!viewer.may(Right::Operate)).then(|| of("p", "hint").text("Your role reads; an operator runs code."));
    let result = of("section", "result").attr("id", "result").attr("aria-live", "polite").all(result);
    let form = viewer.may(Right::Operate).then(|| form(host, viewer, tried));
    let inner: Html = [el("h1").text("Playground")].into_iter().chain(note).chain(form).chain([result]).collect();
    frame::page(viewer, Place::Playground, "Playground", None, inner)
}

fn form(host: &Host, viewer: &Viewer, tried: &Tried) -> El {
    let languages: Vec<_> = host.languages().map(str::to_owned).collect();
    if languages.is_empty() {
        return of("p", "empty").text("This host has no language for code.");
    }
    let option = |name: &String| el("option").value(name).flag("selected", *name == tried.language).text(name);
    let tools = host.tools().filter_map(Registered::component).map(|tool| {
        let id = format!("tool-{}", tool.name());
        let is_chosen = tried.tools.iter().any(|chosen| chosen == tool.name());
        let choose = el("input").attr("type", "checkbox").attr("id", &id).attr("name", "tool").value(tool.name());
        el("li").with(choose.flag("checked", is_chosen)).with(el("label").attr("for", &id).text(tool.name()))
    });
    let tools = of("ul", "tools").all(tools);
    let area = |id: &'static str, rows: u8, text: &str| {
        let area = el("textarea").attr("id", id).attr("name", id).attr("rows", rows).attr("spellcheck", "false");
        of("div", "field").with(el("label").attr("for", id).text(id)).with(area.edited(text))
    };
    viewer
        .form("/playground")
        .attr("class", "card playground")
        .attr("hx-post", "/playground")
        .attr("hx-target", "#result")
        .attr("hx-select", "#result")
        .attr("hx-swap", "outerHTML")
        .with(el("label").attr("for", "language").text("Language"))
        .with(el("select").attr("id", "language").attr("name", "language").all(languages.iter().map(option)))
        .with(area("code", 12, &tried.code))
        .with(area("input", 3, &tried.input))
        .with(el("fieldset").with(el("legend").text("Tools that the code may call")).with(tools))
        .with(of("button", "primary").text("Run"))
}

pub(crate) async fn run(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    viewer: Viewer,
    fields: Fields,
) -> Answer<Response> {
    let tried = Tried::of(&fields);
    let result = match ran(&service, &principal, &tried, &fields).await {
        Ok(result) => result,
        Err(problem) => {
            service.tell_within(&problem.fault);
            of("p", "bad").attr("role", "alert").text(words(&problem.fault))
        }
    };
    Ok(page(service.host(), &viewer, &tried, Some(result)))
}

async fn ran(service: &Service, principal: &Principal, tried: &Tried, fields: &Fields) -> Answer<El> {
    let code = Code::new(&tried.language, &tried.code).input(fields.json("input")?).tools(tried.tools.clone());
    let started = begin(service, principal, code, &Amounts::default(), None).await?;
    let run = started.id();
    let link = el("a").attr("href", format!("/runs/{run}")).text(format!("run {run}"));
    Ok(match settled(service, started).await? {
        Some(ran) => shown(&ran).with(el("p").with(link)),
        None => el("div").with(el("p").text("The code takes longer, and goes on: ").with(link)),
    })
}

fn shown(ran: &ExecReport) -> El {
    let usage = &ran.report.usage;
    let gauge =
        |title: &'static str, amount: String| of("span", "used").with(el("b").text(title)).text(format!(" {amount}"));
    let exception = ran.exception.as_ref().map(|exception| {
        let trace = if exception.traceback.is_empty() { exception.to_string() } else { exception.traceback.clone() };
        of("pre", "bad").attr("tabindex", 0).text(trace)
    });
    // What an exception says is said once.
    let error = ran.report.error.as_ref().filter(|_| exception.is_none());
    let calls = ran.tool_calls.iter().map(|called| {
        let outcome = match (&called.output, &called.error) {
            (Some(output), _) => Some(document(&output.value())),
            (None, Some(fault)) => Some(of("p", "bad").text(&fault.message)),
            (None, None) => None,
        };
        let head = el("summary").text(format!("{}.{}", called.call.tool, called.call.function));
        el("li").with(el("details").with(head).with(document(&called.call.arguments.value())).all(outcome))
    });
    let calls = (!ran.tool_calls.is_empty()).then(|| el("div").with(el("h3").text("Calls")).with(el("ol").all(calls)));
    el("div")
        .with(el("h2").text("Result ").with(status(ran.report.status)))
        .with(
            of("p", "usage")
                .with(gauge("fuel", grouped(usage.fuel)))
                .with(gauge("memory", bytes(usage.memory_bytes_peak)))
                .with(gauge("time", micros(usage.wall_us))),
        )
        .all(ran.report.output.as_ref().map(|output| document(&output.value())))
        .all(exception)
        .all(error.map(|fault| of("p", "bad").text(&fault.message)))
        .all(block("stdout", &ran.stdout))
        .all(block("stderr", &ran.stderr))
        .all(calls)
}
