//! The options of all commands.

use std::path::PathBuf;

use clap::Args;

/// The heading of these options, which help lists after a command's own.
const EVERYWHERE: &str = "Options of all commands";

/// The options that every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Globals {
    /// The directory of the journal, the shop and promoted tools
    #[arg(long, global = true, help_heading = EVERYWHERE, default_value = ".stockade", value_name = "DIR")]
    pub(crate) data_dir: PathBuf,

    /// The directory of compiled components and added languages, for all data directories; by default under $XDG_CACHE_HOME
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,

    /// The configuration; by default `stockade.toml` if it exists, otherwise the built-in defaults
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The journal, in place of the one in the data directory: a file, or postgres://USER@HOST/DATABASE for many hosts; named
    /// more than once, the databases among which runs are spread, in their order
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "URL")]
    pub(crate) journal: Vec<String>,

    /// Print one JSON document on stdout
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) json: bool,

    /// The options of commands that ask models.
    #[arg(skip)]
    pub(crate) cassettes: Cassettes,
}

impl Globals {
    /// Adds the options of a command that asks models.
    pub(crate) fn with(&self, cassettes: Cassettes) -> Self {
        Self { cassettes, ..self.clone() }
    }
}

/// Options of the commands that may ask models.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Cassettes {
    /// Record the questions to models and their answers in this file, without secrets; under `eval`, in this folder
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub(crate) record: Option<PathBuf>,
    /// Answer from this recording, and ask no provider
    #[arg(long, value_name = "FILE")]
    pub(crate) replay: Option<PathBuf>,
}
