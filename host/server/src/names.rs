//! The names in a path, as in `/v1/runs/{id}`.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use stockade::{Fault, RunId};

use crate::problem::{Answer, Problem};

/// The names in a path.
pub(crate) struct Names(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Names {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let names = Path::<BTreeMap<String, String>>::from_request_parts(parts, state).await;
        let Path(names) = names.map_err(|error| Fault::invalid("path", format!("the path cannot be read: {error}")))?;
        Ok(Self(names))
    }
}

impl Names {
    /// Returns the run that the path names.
    pub(crate) fn run(&self) -> Answer<RunId> {
        Ok(self.text("id").parse::<RunId>()?)
    }

    /// Returns the text of a name; the routes say which there are.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }
}
