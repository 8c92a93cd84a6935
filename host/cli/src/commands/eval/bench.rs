use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use futures_util::stream;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use stockade::{Cassette, Config, Fault, Host};

use super::trial::trial;
use crate::escape::safe;
use crate::eval::{Attempt, Case, CaseResult, Evaluation, Models, Suite};
use crate::globals::Globals;
use crate::open_host::{self, Apart};
use crate::places;

/// Runs the cases of a suite under one configuration.
///
/// All runs share a journal and nothing else: each has its own host, shop, memory and cassette, so that no run depends on what
/// another did before it.
pub(super) struct Bench<'a> {
    pub(super) globals: &'a Globals,
    pub(super) suite: &'a Suite,
    pub(super) config: Config,
    /// The name of the configuration in reports.
    pub(super) label: String,
    /// The folder of the journal and the data.
    pub(super) folder: PathBuf,
    /// Whether this is the second configuration, whose cassettes have a folder of their own.
    pub(super) is_second: bool,
}

impl Bench<'_> {
    /// Runs all cases, with up to `jobs` concurrent runs.
    ///
    /// # Errors
    ///
    /// The folders of the journal or the cassettes cannot be created. The error of a run is in its result.
    pub(super) async fn evaluated(&self, jobs: usize) -> stockade::Result<Evaluation> {
        places::create_private(&self.folder)?;
        self.globals
            .cassettes
            .record
            .as_deref()
            .map(|folder| places::create_private(&self.cassettes(folder)))
            .transpose()?;
        let runs = self.suite.cases.iter().flat_map(|case| (1..=case.repeat).map(move |number| (case, number)));
        let progress = progress(self.suite);
        let attempts = stream::iter(runs).map(|(case, number)| self.attempt(case, number, &progress));
        let attempts: Vec<_> = attempts.buffered(jobs).collect().await;
        progress.finish_and_clear();
        let mut attempts = attempts.into_iter();
        let cases = self.suite.cases.iter();
        let cases = cases.map(|case| CaseResult::new(case, attempts.by_ref().take(case.repeat as usize).collect()));
        Ok(Evaluation::new(&self.suite.name, &self.label, cases.collect()))
    }

    async fn attempt(&self, case: &Case, number: u32, progress: &ProgressBar) -> Attempt {
        progress.set_message(safe(&case.name));
        let attempt = match self.host(case, number).await {
            Ok(host) => trial(&host, &self.suite.subject, case).await,
            Err(fault) => Attempt::unknown(None, fault),
        };
        progress.inc(1);
        attempt
    }

    async fn host(&self, case: &Case, number: u32) -> stockade::Result<Host> {
        let name = format!("{}-{number}", case.slug());
        let data = self.folder.join("data").join(&name);
        places::create_private(&data)?;
        let mut config = self.config.clone();
        // No run uses the configured memory: it would add to it, and profit from what another run remembered.
        (config.memory.path, config.memory.url) = (None, None);
        if let Some(Models::File(file)) = &case.models {
            config = scripted(config, file)?;
        }
        let apart = Apart { config: &config, journal: &self.folder, data: &data, cassette: self.cassette(case, &name) };
        open_host::apart(self.globals, apart).await
    }

    /// Returns the cassette of a run. Options come before the case's own.
    fn cassette(&self, case: &Case, name: &str) -> Option<Cassette> {
        let file = |folder: &Path| self.cassettes(folder).join(format!("{name}.jsonl"));
        let played = |path: &Path| if path.is_dir() { file(path) } else { path.to_owned() };
        match (&self.globals.cassettes.record, &self.globals.cassettes.replay, &case.models) {
            (Some(folder), ..) => Some(Cassette::Record(file(folder))),
            (_, Some(path), _) | (.., Some(Models::Replay(path))) => Some(Cassette::Replay(played(path))),
            _ => None,
        }
    }

    /// Returns the folder of the cassettes of this configuration.
    fn cassettes(&self, folder: &Path) -> PathBuf {
        if self.is_second { folder.join("second") } else { folder.to_owned() }
    }
}

/// Replaces all models, and the default one, by a script, so that no provider is asked and no key is needed. This is the only
/// place that knows how a scripted model is configured.
fn scripted(mut config: Config, file: &Path) -> stockade::Result<Config> {
    let model = |is_default: bool| {
        let model = json!({"provider": "scripted", "file": file, "default": is_default});
        serde_json::from_value(model)
            .map_err(|error| Fault::invalid("eval", format!("\"{}\" is not a script: {error}", file.display())))
    };
    for named in config.model.values_mut() {
        *named = model(false)?;
    }
    config.model.insert("scripted".to_owned(), model(true)?);
    Ok(config)
}

/// A bar on stderr, if that is a terminal.
fn progress(suite: &Suite) -> ProgressBar {
    let runs = suite.cases.iter().map(|case| u64::from(case.repeat)).sum();
    let style = ProgressStyle::with_template("{pos}/{len} {wide_msg}");
    ProgressBar::new(runs).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
