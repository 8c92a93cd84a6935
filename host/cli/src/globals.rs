//! The options of all commands.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::follow_up::{self, quoted};

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
        cassettes
            .replay
            .iter()
            .for_each(|replay| follow_up::remember(&option("--replay", &replay.display().to_string())));
        Self { cassettes, ..self.clone() }
    }

    /// Writes the options of a call, each with a space before it.
    pub(crate) fn spelled(&self) -> String {
        let data_dir = Some(&self.data_dir).filter(|folder| folder.as_path() != Path::new(".stockade"));
        let folders =
            [("--data-dir", data_dir), ("--cache-dir", self.cache_dir.as_ref()), ("--config", self.config.as_ref())];
        let folders = folders.into_iter().filter_map(|(name, path)| Some((name, path?.display().to_string())));
        let journals = self.journal.iter().map(|url| ("--journal", shown(url)));
        folders.chain(journals).map(|(name, value)| option(name, &value)).collect()
    }
}

fn option(name: &str, value: &str) -> String {
    format!(" {name} {}", quoted(value))
}

/// Returns a URL as it may be shown: one with a password is refused, and is in texts without it.
fn shown(url: &str) -> String {
    let url = url.split_once("password=").map_or(url, |(before, _)| before.trim_end_matches(['?', '&']));
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    match rest.rsplit_once('@').and_then(|(login, server)| Some((login.split_once(':')?.0, server))) {
        Some((user, server)) if !scheme.is_empty() => format!("{scheme}://{user}@{server}"),
        Some(_) | None => url.to_owned(),
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

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::args::Args;

    fn options(args: &[&str]) -> String {
        Args::try_parse_from([&["stockade"], args].concat()).unwrap().globals.spelled()
    }

    #[test]
    fn a_command_has_the_options_of_the_call_that_names_it() {
        assert_eq!(options(&["runs"]), "");
        let call = ["runs", "--data-dir", "a b", "--config", "c.toml", "--journal", "postgres://u@h/d", "--json"];
        assert_eq!(options(&call), " --data-dir 'a b' --config c.toml --journal postgres://u@h/d");
        let several = ["runs", "--journal", "postgres://u@h/a", "--journal", "postgres://u@h/b?sslmode=require"];
        let both = " --journal postgres://u@h/a --journal 'postgres://u@h/b?sslmode=require'";
        assert_eq!(options(&several), both);
        let secret = options(&["runs", "--journal", "postgres://u:hunter2@h/d"]);
        assert_eq!(secret, " --journal postgres://u@h/d");
        assert_eq!(options(&["runs", "--journal", "postgres://u@h/d?password=hunter2"]), secret);
    }
}
