//! Without the feature `oidc`, a server knows its own tokens alone.

use stockade::Principal;

use crate::problem::Answer;

/// A provider of OpenID Connect. Without the feature `oidc`, no value of this type exists.
#[derive(Debug)]
pub(crate) enum Oidc {}

impl Oidc {
    pub(crate) async fn principal(&self, _: &str) -> Answer<Principal> {
        match *self {}
    }
}
