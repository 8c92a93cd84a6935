//! What stands around each view.

use std::fmt::Display;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use url::form_urlencoded::byte_serialize;

use super::html::{El, Html, el, of};
use super::viewer::Viewer;

/// The views that the head of the page leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Runs,
    Inbox,
    Tools,
    Playground,
    Memory,
    Spend,
    Doctor,
}

impl Place {
    const ALL: [Self; 7] =
        [Self::Runs, Self::Inbox, Self::Tools, Self::Playground, Self::Memory, Self::Spend, Self::Doctor];

    fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Runs => ("Runs", "/"),
            Self::Inbox => ("Inbox", "/inbox"),
            Self::Tools => ("Tools", "/tools"),
            Self::Playground => ("Playground", "/playground"),
            Self::Memory => ("Memory", "/memory"),
            Self::Spend => ("Spend", "/spend"),
            Self::Doctor => ("Doctor", "/doctor"),
        }
    }
}

/// What htmx is told: it is to make no style of its own, and what a person has unfolded stays unfolded.
const HTMX: &str = r#"{"includeIndicatorCSS": false, "history": false, "morphIgnore": ["data-htmx-powered", "open"]}"#;

/// Returns a view. Where `live` is an address of events, the view is drawn anew after each of them.
pub(crate) fn page(viewer: &Viewer, at: Place, title: &str, live: Option<&str>, inner: Html) -> Response {
    let main = el("main").attr("id", "main").attr("tabindex", "-1");
    let main = match live {
        Some(live) => main
            .attr("data-live", live)
            .attr("hx-get", &viewer.address)
            .attr("hx-trigger", "redraw")
            .attr("hx-select", "#main")
            .attr("hx-select-oob", "#waiting")
            .attr("hx-target", "#main")
            .attr("hx-swap", "outerMorph"),
        None => main,
    };
    document(StatusCode::OK, title, Some(bar(viewer, at)), main.with(inner))
}

/// What may be wider than the page, and is scrolled by itself.
pub(crate) fn scroll(label: impl Display) -> El {
    of("div", "scroll").attr("role", "region").attr("aria-label", label).attr("tabindex", 0)
}

/// Begins a form that filters a view.
pub(crate) fn filter(address: &'static str) -> El {
    of("form", "filter").attr("method", "get").attr("action", address).attr("role", "search")
}

/// A field of such a form.
pub(crate) fn field(id: &'static str, title: &'static str, value: &str) -> El {
    let input = el("input").attr("id", id).attr("name", id).value(value);
    of("span", "field").with(el("label").attr("for", id).text(title)).with(input)
}

/// Returns a page outside of any session.
pub(crate) fn bare(status: StatusCode, title: &str, main: El) -> Response {
    document(status, title, None, main)
}

/// Leads a browser to another address, which it gets.
pub(crate) fn see_other(address: &str) -> Response {
    Redirect::to(address).into_response()
}

/// Leads a browser on to an address of this server, as this server's own page: its cookie goes with that.
pub(crate) fn lead_on(address: &str) -> Response {
    let again = el("meta").attr("http-equiv", "refresh").attr("content", format!("0; url={address}"));
    let main = el("main").attr("id", "main").with(el("h1").text("Stockade"));
    let main = main.with(el("p").with(el("a").attr("href", address).text("Go on")));
    answer(StatusCode::OK, head("Stockade").with(again), el("body").with(main))
}

/// Writes a part of a path.
pub(crate) fn part(text: &str) -> String {
    // A blank is a plus only behind a question mark.
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

fn document(status: StatusCode, title: &str, bar: Option<El>, main: El) -> Response {
    let skip = of("a", "skip").attr("href", "#main").text("To the content");
    let footer = el("footer").with(el("span").attr("id", "live").attr("role", "status"));
    let footer = footer.with(of("span", "keys").text("j k next, previous · / filter · g then r i t p m s d views"));
    let footer = footer.with(el("a").attr("href", "/docs").text("HTTP API"));
    answer(status, head(title), el("body").with(skip).all(bar).with(main).with(footer))
}

fn answer(status: StatusCode, head: El, body: El) -> Response {
    let html = Html::from(el("html").attr("lang", "en").with(head).with(body)).document();
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

fn head(title: &str) -> El {
    let script = |name: &str| el("script").attr("src", format!("/assets/{name}")).flag("defer", true);
    el("head")
        .with(el("meta").attr("charset", "utf-8"))
        .with(el("meta").attr("name", "viewport").attr("content", "width=device-width, initial-scale=1"))
        .with(el("meta").attr("name", "color-scheme").attr("content", "light dark"))
        .with(el("meta").attr("name", "htmx-config").attr("content", HTMX))
        .with(el("title").text(format!("{title} · Stockade")))
        .with(el("link").attr("rel", "icon").attr("href", "/assets/icon.svg").attr("type", "image/svg+xml"))
        .with(el("link").attr("rel", "stylesheet").attr("href", "/assets/page.css"))
        .with(script("htmx.min.js"))
        .with(script("page.js"))
}

fn bar(viewer: &Viewer, at: Place) -> El {
    let link = |place: Place| {
        let (name, address) = place.parts();
        let link = el("a").attr("href", address).text(name);
        let link = if place == at { link.attr("aria-current", "page") } else { link };
        let count = (place == Place::Inbox).then(|| waiting(viewer));
        el("li").with(link.all(count))
    };
    let views = el("ul").all(Place::ALL.map(link));
    let principal = &viewer.principal;
    let who = of("span", "who").text(format!("{} ({})", principal.name, principal.role));
    let leave = viewer.has_session.then(|| viewer.form("/logout").with(el("button").text("Log out")));
    let name = of("a", "brand").attr("href", "/").text("Stockade");
    let nav = el("nav").attr("aria-label", "Views").with(views);
    of("header", "bar").with(name).with(nav).with(of("div", "session").with(who).all(leave))
}

/// Shows how many runs wait for a person. It is drawn anew with each view.
fn waiting(viewer: &Viewer) -> El {
    let count = of("span", "count").attr("id", "waiting");
    match viewer.waiting() {
        Some(waiting) => count.text(waiting).with(hidden(" waiting")),
        None => count.flag("hidden", true),
    }
}

/// A text for those who are read to.
pub(crate) fn hidden(text: &str) -> El {
    of("span", "hidden").text(text)
}
