//! What stands in the place of the long-term memory in a build without the cargo feature `memory`: it cannot be opened.

use std::collections::BTreeMap;
use std::path::Path;

use stockade_workflow::{Memory, NewMemory, Query, Remembered, RunId, Usage};

use crate::features::off;
use crate::{Result, config};

pub(crate) enum Recollection {}

impl Recollection {
    pub(crate) async fn open(_: &Path, _: &config::Memory, _: &BTreeMap<String, String>, _: u64) -> Result<Self> {
        Err(off("long-term memory", "memory"))
    }

    pub(crate) fn price(&self, _: &str) -> Result<(Usage, Usage)> {
        match *self {}
    }

    pub(crate) async fn remember(
        &self,
        _: &NewMemory,
        _: Option<(RunId, String)>,
        _: u64,
        _: &[String],
        _: &Usage,
    ) -> (Result<Remembered>, Usage) {
        match *self {}
    }

    pub(crate) async fn recall(&self, _: &Query, _: u64, _: &Usage) -> (Result<Vec<Memory>>, Usage) {
        match *self {}
    }
}
