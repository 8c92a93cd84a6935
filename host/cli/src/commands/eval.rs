mod bench;
mod trial;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use stockade::{Fault, Kind};
use tempfile::TempDir;

use self::bench::Bench;
use crate::eval::{Comparison, Evaluation, FILE_BYTES_MAX, Suite, compared, evaluated, junit};
use crate::exit::Exit;
use crate::globals::{Cassettes, Globals};
use crate::{config, escape, pretty, read};

/// The most concurrent runs; each has a host of its own.
const JOBS_MAX: i64 = 16;

/// Run cases against a workflow or an agent, and score them
///
/// The exit code is 1 if a case failed; with --against, if more cases than allowed pass less often. --record fills a folder
/// with one recording for each run, and --replay plays such a folder.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  stockade eval cases.yaml\n  stockade eval cases.yaml --against other.toml --junit report.xml"
)]
pub(crate) struct Eval {
    /// The file of the cases, in YAML
    cases: PathBuf,
    /// Run all cases under this configuration too, and compare the results
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// How many cases may pass less often under the other configuration
    #[arg(long, value_name = "N", default_value_t = 0, requires = "against")]
    max_regressions: usize,
    /// Run only the case of this name
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// The number of concurrent runs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=JOBS_MAX))]
    jobs: u8,
    /// Also write the results as JUnit XML to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Keep the journal and the data of the runs in this folder; other commands can read it as a data directory
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    cassettes: Cassettes,
}

impl Eval {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let globals = &globals.with(self.cassettes.clone());
        let suite = suite(&self)?;
        let place = Place::new(&self)?;
        let (config, other) = (config::usual(globals)?, self.against.as_deref().map(config::load).transpose()?);
        let bench = Bench {
            globals,
            suite: &suite,
            config,
            label: label(globals),
            folder: place.path().to_owned(),
            is_second: false,
        };
        let first = bench.evaluated(self.jobs.into()).await?;
        let Some((config, file)) = other.zip(self.against.as_ref()) else {
            return told(globals, &self, &first);
        };
        let bench =
            Bench { config, label: file.display().to_string(), folder: place.second(), is_second: true, ..bench };
        let second = bench.evaluated(self.jobs.into()).await?;
        told_both(globals, &self, [&first, &second])
    }
}

fn suite(options: &Eval) -> stockade::Result<Suite> {
    let unread =
        |error: &_| read::refused("eval", format!("\"{}\" cannot be read: {error}", options.cases.display()), error);
    let text = read::text(&options.cases, FILE_BYTES_MAX as u64).map_err(|error| unread(&error))?;
    let suite = Suite::parse(&text, &options.cases)?;
    match &options.only {
        Some(name) => suite.only(name),
        None => Ok(suite),
    }
}

/// The folder of the journal and the data of the runs: one to keep, or a temporary one.
enum Place {
    Kept(PathBuf),
    Passing(TempDir),
}

impl Place {
    fn new(options: &Eval) -> anyhow::Result<Self> {
        let Some(folder) = &options.keep else {
            let made = tempfile::tempdir().context(Fault::new(Kind::System, "no temporary folder can be made"));
            return made.map(Self::Passing);
        };
        if folder.join("journal.db").exists() {
            let message = format!(
                "\"{}\" has runs already, which this evaluation must not see; --keep another folder",
                folder.display()
            );
            return Err(Fault::new(Kind::Conflict, message).detail("eval").into());
        }
        Ok(Self::Kept(folder.clone()))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(folder) => folder,
            Self::Passing(folder) => folder.path(),
        }
    }

    /// The folder of the runs under the second configuration.
    fn second(&self) -> PathBuf {
        self.path().join("second")
    }
}

/// Returns the name of the configuration in reports.
fn label(globals: &Globals) -> String {
    let usual = if Path::new("stockade.toml").exists() { "stockade.toml" } else { "the defaults" };
    globals.config.as_ref().map_or_else(|| usual.to_owned(), |file| file.display().to_string())
}

fn told(globals: &Globals, options: &Eval, evaluation: &Evaluation) -> anyhow::Result<Exit> {
    write_junit(options, &[evaluation])?;
    if globals.json {
        pretty::print_json(evaluation);
    } else {
        print!("{}", evaluated(evaluation));
    }
    Ok(if evaluation.is_passed() { Exit::Done } else { Exit::Failed })
}

fn told_both(globals: &Globals, options: &Eval, [first, second]: [&Evaluation; 2]) -> anyhow::Result<Exit> {
    write_junit(options, &[first, second])?;
    let comparison = Comparison::new(first, second, options.max_regressions);
    if globals.json {
        pretty::print_json(&json!({"first": first, "second": second, "comparison": comparison}));
    } else {
        for evaluation in [first, second] {
            println!("{}\n{}", escape::safe(&evaluation.config), evaluated(evaluation));
        }
        print!("{}", compared(&comparison));
    }
    Ok(if comparison.is_passed() { Exit::Done } else { Exit::Failed })
}

fn write_junit(options: &Eval, evaluations: &[&Evaluation]) -> anyhow::Result<()> {
    let Some(file) = &options.junit else { return Ok(()) };
    std::fs::write(file, junit(evaluations)?).with_context(|| format!("\"{}\" cannot be written", file.display()))
}
