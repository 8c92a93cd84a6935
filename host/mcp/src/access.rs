//! The principal of each request of a connection.

use http::request::Parts;
use rmcp::RoleServer;
use rmcp::service::RequestContext;
use stockade::Principal;

use crate::refusal::{Answer, Refusal};

/// How the principal of a request is known.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    /// All are of this principal: those on stdin.
    Of(Box<Principal>),
    /// Each is of the principal that the server of HTTP has found by its token.
    OfRequest,
}

impl Access {
    pub(crate) fn principal(&self, context: &RequestContext<RoleServer>) -> Answer<Principal> {
        match self {
            Self::Of(principal) => Ok((**principal).clone()),
            Self::OfRequest => {
                let found = context.extensions.get::<Parts>().and_then(|parts| parts.extensions.get::<Principal>());
                found.cloned().ok_or_else(|| Refusal::params("the request is of no principal"))
            }
        }
    }
}
