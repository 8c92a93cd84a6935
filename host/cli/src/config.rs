//! The configuration of a command.

use std::path::Path;

use stockade::Config;
use stockade_refund::Settings;

use crate::globals::Globals;

/// The built-in workflow, and the name of its settings under `[workflow]`.
pub(crate) const REFUND: &str = "refund";

/// The variable that names the collector of telemetry where the configuration does not, as programs with OpenTelemetry have it.
const COLLECTOR: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// Reads the configuration that `--config` names, or `stockade.toml` if it exists. The journal is the one of `--journal`, if that
/// is there.
pub(crate) fn usual(globals: &Globals) -> stockade::Result<Config> {
    let mut config = file(globals).map(load).transpose()?.unwrap_or_default();
    let journal = &mut config.journal;
    match globals.journal.as_slice() {
        [] => {}
        [url] => (journal.url, journal.urls) = (Some(url.clone()), Vec::new()),
        urls => (journal.url, journal.urls) = (None, urls.to_vec()),
    }
    journal.check()?;
    let endpoint = &mut config.telemetry.endpoint;
    if endpoint.is_none() {
        *endpoint = std::env::var(COLLECTOR).ok().filter(|collector| !collector.trim().is_empty());
    }
    Ok(config)
}

/// Returns the file of the configuration: the one that `--config` names, or `stockade.toml` if it exists.
pub(crate) fn file(globals: &Globals) -> Option<&Path> {
    let usual = Path::new("stockade.toml");
    globals.config.as_deref().or_else(|| usual.exists().then_some(usual))
}

/// Reads a configuration, and checks the settings of the refund at once, as all other settings are checked.
pub(crate) fn load(path: &Path) -> stockade::Result<Config> {
    let config = Config::load(path)?;
    config.settings::<Settings>(REFUND)?;
    Ok(config)
}
