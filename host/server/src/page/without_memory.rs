//! The view of the memory in a server that is built without one.

use axum::response::Response;

use super::frame::{self, Place};
use super::html::{Html, el, of};
use super::viewer::Viewer;

pub(crate) async fn list(viewer: Viewer) -> Response {
    let said = "This server is built without the feature `memory`.";
    let inner: Html = [el("h1").text("Memory"), of("p", "empty").text(said)].into_iter().collect();
    frame::page(&viewer, Place::Memory, "Memory", None, inner)
}
