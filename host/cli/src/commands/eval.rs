//! `stockade eval`: runs cases, and says which of them came to what is expected.

mod bench;
mod trial;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::json;
use stockade::{Config, Fault, Kind};
use tempfile::TempDir;

use self::bench::Bench;
use crate::args::Args;
use crate::eval::{Comparison, EvalArgs, Evaluation, FILE_BYTES_MAX, Suite, compared, evaluated, junit};
use crate::exit::Exit;
use crate::{home, text};

pub(super) async fn run(args: &Args, options: &EvalArgs) -> stockade::Result<Exit> {
    let suite = suite(options)?;
    let place = Place::new(options)?;
    let (config, other) = (home::config(args)?, options.against.as_deref().map(Config::load).transpose()?);
    let bench =
        Bench { args, suite: &suite, config, label: label(args), folder: place.path().to_owned(), is_second: false };
    let first = bench.evaluated(options.jobs.into()).await?;
    let Some((config, file)) = other.zip(options.against.as_ref()) else {
        return told(args, options, &first);
    };
    let bench = Bench { config, label: file.display().to_string(), folder: place.second(), is_second: true, ..bench };
    let second = bench.evaluated(options.jobs.into()).await?;
    told_both(args, options, [&first, &second])
}

fn suite(options: &EvalArgs) -> stockade::Result<Suite> {
    let unread = |error: std::io::Error| {
        Fault::invalid("eval", format!("\"{}\" cannot be read: {error}", options.cases.display()))
    };
    let mut text = String::new();
    // One byte more than is allowed tells a file that is too long.
    let most = FILE_BYTES_MAX as u64 + 1;
    File::open(&options.cases).map_err(unread)?.take(most).read_to_string(&mut text).map_err(unread)?;
    let suite = Suite::parse(&text, &options.cases)?;
    match &options.only {
        Some(name) => suite.only(name),
        None => Ok(suite),
    }
}

/// Where the runs leave their journal and data: a folder to keep, or one that is gone in the end.
enum Place {
    Kept(PathBuf),
    Passing(TempDir),
}

impl Place {
    fn new(options: &EvalArgs) -> stockade::Result<Self> {
        let Some(folder) = &options.keep else {
            let made = tempfile::tempdir()
                .map_err(|error| Fault::new(Kind::Journal, format!("there is no folder for the runs: {error}")));
            return made.map(Self::Passing);
        };
        if folder.join("journal.db").exists() {
            let message = format!(
                "\"{}\" has runs already, which this evaluation must not see; --keep another folder",
                folder.display()
            );
            return Err(Fault::invalid("eval", message));
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

/// What the configuration is called in a report.
fn label(args: &Args) -> String {
    let usual = if Path::new("stockade.toml").exists() { "stockade.toml" } else { "the defaults" };
    args.config.as_ref().map_or_else(|| usual.to_owned(), |file| file.display().to_string())
}

fn told(args: &Args, options: &EvalArgs, evaluation: &Evaluation) -> stockade::Result<Exit> {
    write_junit(options, &[evaluation])?;
    if args.json {
        text::print_json(evaluation);
    } else {
        anstream::print!("{}", evaluated(evaluation));
    }
    Ok(if evaluation.is_passed() { Exit::Done } else { Exit::Failed })
}

fn told_both(args: &Args, options: &EvalArgs, [first, second]: [&Evaluation; 2]) -> stockade::Result<Exit> {
    write_junit(options, &[first, second])?;
    let comparison = Comparison::new(first, second, options.max_regressions);
    if args.json {
        text::print_json(&json!({"first": first, "second": second, "comparison": comparison}));
    } else {
        for evaluation in [first, second] {
            anstream::println!("{}\n{}", text::safe(&evaluation.config), evaluated(evaluation));
        }
        anstream::print!("{}", compared(&comparison));
    }
    Ok(if comparison.is_passed() { Exit::Done } else { Exit::Failed })
}

fn write_junit(options: &EvalArgs, evaluations: &[&Evaluation]) -> stockade::Result<()> {
    let Some(file) = &options.junit else { return Ok(()) };
    std::fs::write(file, junit(evaluations)?)
        .map_err(|error| Fault::new(Kind::NotFound, format!("\"{}\" cannot be written: {error}", file.display())))
}
