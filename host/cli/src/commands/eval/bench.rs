use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use futures_util::stream;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use stockade::{Config, Fault, Host, Tape};

use super::trial::trial;
use crate::args::Args;
use crate::eval::{Attempt, Case, CaseResult, Evaluation, Models, Suite};
use crate::home::{self, Apart};
use crate::text::safe;

/// Runs the cases of a suite under one configuration.
///
/// All runs share a journal, and nothing else: each has a host, a shop, a memory and a cassette of its own, so that no run
/// finds what another one did, in whatever order they go on.
pub(super) struct Bench<'a> {
    pub(super) args: &'a Args,
    pub(super) suite: &'a Suite,
    pub(super) config: Config,
    /// What the configuration is called in reports.
    pub(super) label: String,
    /// Where the journal and the data are.
    pub(super) folder: PathBuf,
    /// Whether another configuration came before it, whose cassettes are beside its own.
    pub(super) is_second: bool,
}

impl Bench<'_> {
    /// Runs all cases, so many runs at a time.
    ///
    /// # Errors
    ///
    /// There is no place for journal or cassettes. What is wrong with a run is in its result.
    pub(super) async fn evaluated(&self, jobs: usize) -> stockade::Result<Evaluation> {
        home::create_private(&self.folder)?;
        self.args.record.as_deref().map(|folder| home::create_private(&self.tapes(folder))).transpose()?;
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
        home::create_private(&data)?;
        let mut config = self.config.clone();
        // Wherever the long-term memory is: no run adds to it, or is better for what another one remembered.
        config.memory.path = None;
        if let Some(Models::File(file)) = &case.models {
            config = scripted(config, file)?;
        }
        let apart = Apart { config: &config, journal: &self.folder, data: &data, tape: self.tape(case, &name) };
        home::apart(self.args, apart).await
    }

    /// What options say comes before what the case does.
    fn tape(&self, case: &Case, name: &str) -> Option<Tape> {
        let cassette = |folder: &Path| self.tapes(folder).join(format!("{name}.jsonl"));
        let played = |path: &Path| if path.is_dir() { cassette(path) } else { path.to_owned() };
        match (&self.args.record, &self.args.replay, &case.models) {
            (Some(folder), ..) => Some(Tape::Record(cassette(folder))),
            (_, Some(path), _) | (.., Some(Models::Replay(path))) => Some(Tape::Replay(played(path))),
            _ => None,
        }
    }

    /// The folder of the cassettes under this configuration.
    fn tapes(&self, folder: &Path) -> PathBuf {
        if self.is_second { folder.join("second") } else { folder.to_owned() }
    }
}

/// Lets a script answer for all models, and where none is named: no other is asked, and no key is needed. The only place
/// that knows how a scripted model is written down.
fn scripted(mut config: Config, file: &Path) -> stockade::Result<Config> {
    let model = |is_default: bool| {
        let model = json!({"provider": "scripted", "file": file, "default": is_default});
        serde_json::from_value(model)
            .map_err(|error| Fault::invalid("eval", format!("\"{}\" is no script: {error}", file.display())))
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
