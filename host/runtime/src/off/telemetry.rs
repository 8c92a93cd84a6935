//! What stands in the place of telemetry in a build without the cargo feature `otel`.

use std::sync::Arc;

use stockade_workflow::Scrubber;

use crate::features::off;
use crate::genai::GenAi;
use crate::hooks::Hooks;
use crate::meters::Meters;
use crate::{Result, config};

pub(crate) enum Telemetry {}

impl Telemetry {
    pub(crate) fn start(_: &config::Telemetry, _: &str, _: Arc<Meters>, _: Arc<GenAi>, _: Scrubber) -> Result<Self> {
        Err(off("telemetry", "otel"))
    }
}

impl Hooks for Telemetry {}
