//! What stands in the place of PostgreSQL in a build without the cargo feature `postgres`: a grant of it is refused.

use std::time::Instant;

use stockade_workflow::Access;

use super::Answer;
use super::bindings::stockade::host::sql::{Rows, Value};
use crate::doubt::Doubt;

pub(super) enum Postgres {}

impl Postgres {
    pub(super) fn new(_: &str, _: &str, _: &str, _: Access, _: Option<&str>) -> Result<Self, String> {
        Err("this build of stockade has no PostgreSQL; enable its cargo feature `postgres`".to_owned())
    }

    pub(super) async fn query(&self, _: &str, _: &[Value], _: Instant, _: &Doubt) -> Answer<Rows> {
        match *self {}
    }

    pub(super) async fn execute(&self, _: &str, _: &[Value], _: Instant, _: &Doubt) -> Answer<u64> {
        match *self {}
    }
}
