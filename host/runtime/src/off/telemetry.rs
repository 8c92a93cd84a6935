//! What stands in the place of telemetry in a build without the cargo feature `otel`.

use crate::features::off;
use crate::hooks::Hooks;
use crate::{Result, config};

pub(crate) enum Telemetry {}

impl Telemetry {
    pub(crate) fn start(_: &config::Telemetry, _: &str) -> Result<Self> {
        Err(off("telemetry", "otel"))
    }
}

impl Hooks for Telemetry {}
