use std::path::PathBuf;

use clap::Args;

/// The most runs that go on at the same time; each has a host of its own.
const JOBS_MAX: i64 = 16;

// No comment that the program would show: what the command does stands where it is listed.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// The file of the cases, in YAML
    pub(crate) cases: PathBuf,
    /// Run all cases with this configuration too, and compare the two
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,
    /// How many cases may pass less often with the other configuration
    #[arg(long, value_name = "N", default_value_t = 0, requires = "against")]
    pub(crate) max_regressions: usize,
    /// Run only the case of this name
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
    /// How many runs go on at the same time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=JOBS_MAX))]
    pub(crate) jobs: u8,
    /// Write the results as JUnit XML into this file too
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Keep the journal and the data of the runs in this folder, which is then a data directory to look at
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}
