//! The page at `/`: the runs, what waits for a person, and what the host has, for people in a browser.
//!
//! It is drawn here, by the same calls of the library that answer programs, and it works without scripts; with them, views are
//! drawn anew as runs change. A browser has a token of the server in a cookie, and the same guard stands before each view as
//! before each door of the interface for programs.

mod assets;
mod call;
mod cookies;
mod docs;
mod doctor;
mod edge;
mod form;
mod form_token;
mod frame;
mod html;
mod inbox;
mod live;
#[cfg_attr(not(feature = "memory"), path = "page/without_memory.rs")]
mod memory;
mod own_path;
mod playground;
mod run;
mod runs;
mod schema_form;
mod session;
#[cfg_attr(not(feature = "oidc"), path = "page/without_oidc.rs")]
mod sign_in;
mod spend;
mod tools;
mod viewer;
mod visible;
mod words;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};
use serde_json::Value;
use stockade::{ApprovalView, Right, RunId};

pub(crate) use self::frame::part;
pub(crate) use self::run::picture;
use crate::guard::{Entry, guard};
use crate::service::Service;

/// Returns the address of a question in the inbox.
pub(crate) fn question(run: RunId, approval: &ApprovalView) -> String {
    format!("/inbox#{}", inbox::id(run, approval))
}

/// Returns the address of a run.
pub(crate) fn run(run: RunId) -> String {
    format!("/runs/{run}")
}

/// A view, or what one of its forms does.
struct View(&'static str, Entry, MethodRouter<Service>);

fn views() -> Vec<View> {
    const FREE: Entry = Entry::Free;
    const READ: Entry = Entry::Needs(Right::Read);
    const OPERATE: Entry = Entry::Needs(Right::Operate);
    const APPROVE: Entry = Entry::Needs(Right::Approve);
    const ADMINISTER: Entry = Entry::Needs(Right::Administer);
    vec![
        View("/assets/{name}", FREE, get(assets::file)),
        View("/login", FREE, get(session::show)),
        View("/login", FREE, post(session::begin)),
        View("/login/oidc", FREE, get(sign_in::begin)),
        View("/login/oidc/callback", FREE, get(sign_in::finish)),
        View("/logout", READ, post(session::end)),
        View("/live", Entry::Follows(Right::Read), get(live::changes)),
        View("/", READ, get(runs::list)),
        View("/runs", OPERATE, post(runs::start)),
        View("/runs/bulk", OPERATE, post(runs::bulk)),
        View("/runs/{id}", READ, get(run::show)),
        View("/runs/{id}/order", OPERATE, post(run::order)),
        View("/runs/{id}/budget", OPERATE, post(run::budget)),
        View("/runs/{id}/fork", OPERATE, post(run::fork)),
        View("/runs/{id}/replay", OPERATE, post(run::replay)),
        View("/inbox", READ, get(inbox::list)),
        View("/inbox", APPROVE, post(inbox::decide)),
        View("/inbox/settle", APPROVE, post(inbox::settle)),
        View("/tools", READ, get(tools::list)),
        View("/tools/{name}", READ, get(tools::show)),
        View("/tools/{name}/{function}", ADMINISTER, post(tools::call)),
        View("/playground", READ, get(playground::show)),
        View("/playground", OPERATE, post(playground::run)),
        View("/memory", READ, get(memory::list)),
        View("/spend", READ, get(spend::show)),
        View("/doctor", READ, get(doctor::show)),
        View("/doctor", ADMINISTER, post(doctor::examined)),
    ]
}

/// Returns the routes of the page.
pub(crate) fn routes(service: &Service) -> Router {
    let routes = views().into_iter().fold(Router::new(), |routes, View(path, entry, handler)| {
        let guard = from_fn_with_state((service.clone(), entry, path), guard);
        routes.route(path, handler.route_layer(guard))
    });
    // The guard bounds bodies, before they are looked at, and a login bounds its own.
    routes.layer(DefaultBodyLimit::disable()).layer(from_fn(edge::edge)).with_state(service.clone())
}

/// Returns the route of the description of the interface, as people read it. It tells nothing of this host, and takes no token,
/// as the description itself.
pub(crate) fn reader(description: &Value) -> Router {
    let main = docs::draw(description);
    let show = move || {
        let main = main.clone();
        async move { frame::bare(StatusCode::OK, "The HTTP API", main) }
    };
    Router::new().route("/docs", get(show)).layer(from_fn(edge::edge))
}
