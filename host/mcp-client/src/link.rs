use serde_json::Value;

use crate::failure::Failure;
use crate::http::Http;
use crate::stdio::Stdio;

/// The connection to a server.
pub(crate) enum Link {
    Stdio(Box<Stdio>),
    Http(Box<Http>),
}

impl Link {
    /// Makes a request and waits for its answer. Headers are for a server over HTTP alone.
    pub(crate) async fn request(
        &self,
        method: &str,
        params: &Value,
        headers: &[(String, String)],
    ) -> Result<Value, Failure> {
        match self {
            Self::Stdio(stdio) => stdio.request(method, params).await,
            Self::Http(http) => http.request(method, params, headers).await,
        }
    }

    /// Sends a notification.
    pub(crate) async fn notify(&self, method: &str, params: &Value) {
        match self {
            Self::Stdio(stdio) => stdio.notify(method, params).await,
            Self::Http(http) => http.notify(method, params).await,
        }
    }

    /// Says which revision is spoken from now on.
    pub(crate) fn speaks(&self, version: &str) {
        match self {
            // Each line says by itself what it is.
            Self::Stdio(_) => {}
            Self::Http(http) => http.speaks(version),
        }
    }

    /// Returns whether the server answers no more.
    pub(crate) fn is_over(&self) -> bool {
        match self {
            Self::Stdio(stdio) => stdio.is_over(),
            Self::Http(http) => http.is_over(),
        }
    }

    /// Returns whether the server has said since that its tools are others.
    pub(crate) fn take_changed(&self) -> bool {
        match self {
            Self::Stdio(stdio) => stdio.take_changed(),
            Self::Http(http) => http.take_changed(),
        }
    }
}
