use std::path::{Path, PathBuf};

use clap::Args;
use stockade::backup::{self, Holdings, Manifest};
use stockade::{Clock, Config, Fault};

use crate::escape::safe;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::{config, places, pretty, progress};

/// The host's key in a backup, and in a data directory that a backup was put back as.
pub(crate) const KEY: &str = "keys/key";

/// Copy all that this host keeps into a new folder, while other processes use it
///
/// The folder has the runs, the memory, the shop, promoted tools, and the key that seals these: only its owner can read it.
/// What can be made again is not in it, nor are the configuration and its secrets. `stockade restore` puts it back.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade backup /var/backups/stockade-monday")]
pub(crate) struct Backup {
    /// The folder to make
    to: PathBuf,
    /// Replace a backup that is there
    #[arg(long)]
    force: bool,
    /// Copy the rest where the journal is in a database, which `pg_dump` copies
    #[arg(long)]
    without_journal: bool,
}

impl Backup {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let config = config::usual(globals)?;
        let holdings = Holdings {
            data: globals.data_dir.clone(),
            journal: self.journal(globals, &config)?,
            others: others(globals, &config),
        };
        if config.memory.url.is_some() {
            eprintln!("the long-term memory is in a database, and not in the backup: `pg_dump` copies it");
        }
        let bar = progress::of_bytes("backup");
        let told = |done, all| progress::advance(&bar, done, all);
        let made = backup::create(&holdings, &self.to, self.force, &Clock::default(), &told);
        bar.finish_and_clear();
        tell(globals, &made?, &self.to);
        Ok(Exit::Done)
    }

    /// Returns the file of the journal; none where it is in a database, and the rest is wanted.
    fn journal(&self, globals: &Globals, config: &Config) -> stockade::Result<Option<PathBuf>> {
        let is_in_database = config.journal.databases().next().is_some();
        match (is_in_database, self.without_journal) {
            (false, false) => {
                let file = config.journal.file().map(Path::to_owned);
                Ok(Some(file.unwrap_or_else(|| globals.data_dir.join("journal.db"))))
            }
            (true, true) => Ok(None),
            (true, false) => {
                let message = "the journal is in a database, which has its own tools: first copy it with `pg_dump --format=custom \
                               --schema=stockade DATABASE`, then the rest with --without-journal";
                Err(Fault::invalid("journal", message))
            }
            (false, true) => {
                let message = "--without-journal is for a journal in a database; this one is in a file, and is copied with the rest";
                Err(Fault::invalid("usage", message))
            }
        }
    }
}

/// Files that may be elsewhere than in the data directory.
fn others(globals: &Globals, config: &Config) -> Vec<(String, PathBuf)> {
    let memory = config.memory.path.clone().map(|path| ("memory.db".to_owned(), path));
    let key = (KEY.to_owned(), places::key_dir(globals).join("key"));
    memory.into_iter().chain([key]).collect()
}

fn tell(globals: &Globals, manifest: &Manifest, to: &Path) {
    for left in &manifest.left_out {
        eprintln!("warning: \"{}\" is not in the backup: {}", safe(&left.path), left.why);
    }
    if globals.json {
        pretty::print_json(manifest);
    } else {
        println!("{}", line(manifest, to));
    }
}

/// Says what a backup has, or a data directory that it was put back as.
pub(crate) fn line(manifest: &Manifest, place: &Path) -> String {
    let bytes = manifest.files.iter().map(|file| file.bytes).sum::<u64>();
    format!("{} files with {bytes} bytes are in {}", manifest.files.len(), safe(&place.display().to_string()))
}
