//! The tools: what they are, what they were granted, their WIT and schemas, and a form that calls one.

use axum::extract::{Extension, State};
use axum::response::Response;
use stockade::{Digest, Fault, Function, Grant, Host, Kind, Principal, Registered, Right, Tool, ToolAnswer};
use tokio::task::spawn_blocking;

use super::form::Fields;
use super::frame::{self, Place, part};
use super::html::{El, Html, el, of};
use super::schema_form;
use super::viewer::Viewer;
use super::words::{block, bytes, document, used};
use crate::calls::called;
use crate::names::Names;
use crate::problem::{Answer, words};
use crate::service::Service;

pub(crate) async fn list(State(service): State<Service>, viewer: Viewer) -> Answer<Response> {
    let tools = service.host().tools().filter_map(Registered::component);
    let cards: Vec<_> = tools.map(card).collect();
    let empty = cards.is_empty().then(|| of("p", "empty").text("This host has no tool that is a component."));
    let inner: Html = [el("h1").text("Tools")].into_iter().chain(empty).chain(cards).collect();
    Ok(frame::page(&viewer, Place::Tools, "Tools", None, inner))
}

fn card(tool: &Tool) -> El {
    let link = el("a").attr("href", address(tool)).attr("data-row", "").text(tool.name());
    let said = tool.component().manifest().map(|manifest| el("p").text(&manifest.description));
    let functions =
        tool.component().functions().iter().map(|function| el("li").with(el("code").text(function.signature())));
    of("article", "card").with(el("h2").with(link)).all(said).with(el("ul").all(functions)).with(grants(tool))
}

fn address(tool: &Tool) -> String {
    format!("/tools/{}", part(tool.name()))
}

fn grants(tool: &Tool) -> El {
    let grant = |grant: &Grant| {
        let sends = grant.can_send().then(|| of("span", "label untrusted").text("can send"));
        let label = grant.label().map(|label| of("span", "label").text(format!("brings in {label}")));
        el("li").with(el("code").text(serde_json::to_string(grant).unwrap_or_default())).all(sends).all(label)
    };
    if tool.grants().is_empty() {
        return of("p", "hint").text("It was granted nothing.");
    }
    el("div").with(el("h3").text("Grants")).with(el("ul").all(tool.grants().iter().map(grant)))
}

pub(crate) async fn show(State(service): State<Service>, viewer: Viewer, names: Names) -> Answer<Response> {
    let inner = inner(&service, &viewer, names.text("name"), None).await?;
    Ok(frame::page(&viewer, Place::Tools, names.text("name"), None, inner))
}

/// What a call has answered, by its function.
type Called = (String, Result<ToolAnswer, Fault>);

async fn inner(service: &Service, viewer: &Viewer, name: &str, last: Option<Called>) -> Answer<Html> {
    let wit = wit(service.host(), name).await.unwrap_or_else(|fault| {
        service.tell_within(&fault);
        words(&fault).to_owned()
    });
    let tool = service.host().component(name)?;
    let component = tool.component();
    let may = viewer.may(Right::Administer);
    let head =
        of("p", "hint").text(format!("digest {} · {}", component.digest().as_str(), bytes(component.size() as u64)));
    let imports = component.imports().iter().map(|import| el("li").with(el("code").text(import)));
    let functions = component.functions().iter().map(|function| section(viewer, tool, function, may));
    let unsupported = component
        .unsupported()
        .iter()
        .map(|function| of("p", "hint").text(format!("{} cannot be called: {}", function.name(), function.reason())));
    let note = (!may).then(|| of("p", "hint").text("Calls outside of any run take an admin."));
    let wit = el("details").attr("id", "wit").with(el("summary").text("WIT")).all(block("WIT", &wit));
    let imports = el("details").attr("id", "imports").with(el("summary").text("Imports")).with(el("ul").all(imports));
    Ok([el("h1").text(name), head]
        .into_iter()
        .chain(component.manifest().map(|manifest| el("p").text(&manifest.description)))
        .chain([grants(tool)])
        .chain(last.map(answer))
        .chain(note)
        .chain(functions)
        .chain(unsupported)
        .chain([imports, wit])
        .collect())
}

/// Returns the WIT of a component, which may be read from a file.
async fn wit(host: &Host, name: &str) -> Result<String, Fault> {
    let source = host.source(name)?.clone();
    let read = spawn_blocking(move || source.wit()).await;
    read.map_err(|error| Fault::new(Kind::HostBug, format!("the WIT cannot be written: {error}")))?
}

fn section(viewer: &Viewer, tool: &Tool, function: &Function, may: bool) -> El {
    let id = format!("f-{}", function.name());
    let schema = function.input_schema();
    let form = may.then(|| {
        let form = viewer.form_once(&format!("{}/{}", address(tool), part(function.name())));
        form.all(schema_form::fields(&id, &schema)).with(of("button", "primary").text("Call"))
    });
    let fold = |title: &'static str, inner: El| el("details").with(el("summary").text(title)).with(inner);
    of("section", "card")
        .attr("id", &id)
        .with(el("h2").with(el("code").text(function.signature())))
        .all(function.interface().map(|interface| of("p", "hint").text(interface)))
        .all(function.docs().map(|docs| el("p").text(docs)))
        .all(form)
        .with(fold("Schema of the arguments", document(&schema)))
        .with(fold("Schema of the answer", document(&function.output_schema())))
}

fn answer((function, answer): Called) -> El {
    let card = of("section", "card answer").attr("id", "answer").with(el("h2").text(format!("{function} answered")));
    match answer {
        Ok(answer) => card
            .with(document(&answer.output))
            .with(of("p", "hint").text(used(&answer.usage)))
            .all(block("stdout", &answer.stdout))
            .all(block("stderr", &answer.stderr)),
        Err(fault) => card.with(of("p", "bad").attr("role", "alert").text(words(&fault))),
    }
}

pub(crate) async fn call(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    viewer: Viewer,
    names: Names,
    fields: Fields,
) -> Answer<Response> {
    let (name, function) = (names.text("name"), names.text("function"));
    let schema = service.host().component(name)?.function(function)?.input_schema();
    let arguments = schema_form::read(&schema, &fields)?;
    // The same form with other arguments is another call.
    let key = format!("call/{}/{}", fields.key()?, Digest::of_json(&arguments).short());
    let answered = called(&service, &principal, (name, function), &key, &arguments).await;
    let answered = answered.map_err(|problem| problem.fault).inspect_err(|fault| service.tell_within(fault));
    let inner = inner(&service, &viewer, name, Some((function.to_owned(), answered))).await?;
    Ok(frame::page(&viewer, Place::Tools, name, None, inner))
}
