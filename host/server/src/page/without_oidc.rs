//! Logging in through a provider, in a server that is built without the feature `oidc`.

use stockade::{Fault, Kind};

use super::html::El;
use crate::problem::Problem;
use crate::service::Service;

pub(crate) fn link(_: &Service, _: &str) -> Option<El> {
    None
}

pub(crate) async fn begin() -> Problem {
    Fault::new(Kind::NotFound, "this server is built without the feature `oidc`").detail("oidc").into()
}

pub(crate) async fn finish() -> Problem {
    begin().await
}
