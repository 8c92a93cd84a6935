//! One thing that a client can ask for: its handler, and what the description of the interface says of it.

use axum::handler::Handler;
use axum::routing::{self, MethodRouter};
use stockade::Right;

use crate::guard::Entry;
use crate::service::Service;

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing.
    Empty,
    /// A document of this schema.
    One(&'static str),
    /// A list of such documents.
    Many(&'static str),
    /// A stream of events.
    Events,
    /// A page of plain text.
    Text,
    /// A document of this schema, or a stream of events to who asks for one.
    OneOrEvents(&'static str),
    /// A picture.
    Picture,
}

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// A document of this schema.
    Json(&'static str),
    /// A component.
    Component,
}

/// One thing that a client can ask for.
pub(crate) struct Door {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// The name of the operation, for clients that are made of the description.
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) entry: Entry,
    /// The parameters behind the question mark, with what they mean.
    pub(crate) query: &'static [(&'static str, &'static str)],
    /// The headers that are looked at, with what they mean.
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    /// What its body is, if it has one.
    pub(crate) body: Option<Body>,
    /// What it answers, but for problems.
    pub(crate) answers: Vec<(u16, Shape, &'static str)>,
    pub(crate) handler: MethodRouter<Service>,
}

impl Door {
    pub(crate) fn get<H: Handler<T, Service>, T: 'static>(
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: H,
    ) -> Self {
        Self::new("get", path, id, summary, routing::get(handler)).entry(Entry::Needs(Right::Read))
    }

    /// A door that changes something: for those who operate runs, unless it says otherwise.
    pub(crate) fn post<H: Handler<T, Service>, T: 'static>(
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: H,
    ) -> Self {
        Self::new("post", path, id, summary, routing::post(handler)).entry(Entry::Needs(Right::Operate))
    }

    /// A door that puts something in the place of what there is, as [`Door::post`].
    pub(crate) fn put<H: Handler<T, Service>, T: 'static>(
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: H,
    ) -> Self {
        Self::new("put", path, id, summary, routing::put(handler)).entry(Entry::Needs(Right::Operate))
    }

    /// A door that takes something back, as [`Door::post`].
    pub(crate) fn delete<H: Handler<T, Service>, T: 'static>(
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: H,
    ) -> Self {
        Self::new("delete", path, id, summary, routing::delete(handler)).entry(Entry::Needs(Right::Operate))
    }

    fn new(
        method: &'static str,
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        handler: MethodRouter<Service>,
    ) -> Self {
        let (entry, headers, answers) = (Entry::Free, Vec::new(), Vec::new());
        Self { method, path, id, summary, entry, query: &[], headers, body: None, answers, handler }
    }

    pub(crate) fn entry(self, entry: Entry) -> Self {
        Self { entry, ..self }
    }

    pub(crate) fn query(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, meaning: &'static str) -> Self {
        self.headers.push((name, meaning));
        self
    }

    pub(crate) fn body(self, schema: &'static str) -> Self {
        Self { body: Some(Body::Json(schema)), ..self }
    }

    pub(crate) fn component(self) -> Self {
        Self { body: Some(Body::Component), ..self }
    }

    pub(crate) fn answers(mut self, status: u16, shape: Shape, meaning: &'static str) -> Self {
        self.answers.push((status, shape, meaning));
        self
    }
}
