use std::path::{Path, PathBuf};

use clap::Args;
use stockade::Config;
use stockade::backup::{self, Manifest, Put};

use super::backup::{KEY, line};
use crate::escape::safe;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::{config, places, pretty, progress};

/// Put a backup back as the data directory, which must be missing or empty
///
/// Each file is checked before any is put into its place. The runs are interrupted then: `stockade resume` or a worker goes on
/// with them. What they have done after the backup was made is not known to them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade restore /var/backups/stockade-monday --data-dir .stockade")]
pub(crate) struct Restore {
    /// The folder that `stockade backup` made
    from: PathBuf,
    /// Put it back although a process drives the runs of which it is a copy: not to be driven, but to be looked at
    #[arg(long)]
    force: bool,
}

impl Restore {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let config = config::usual(globals)?;
        let bar = progress::of_bytes("restore");
        let restored =
            backup::restore(&self.from, &globals.data_dir, self.force, &|done, all| progress::advance(&bar, done, all));
        bar.finish_and_clear();
        let restored = restored?;
        let key = key(globals, &restored)?;
        hints(globals, &config, &restored, key);
        if globals.json {
            pretty::print_json(&restored);
        } else {
            println!("{}", line(&restored, &globals.data_dir));
        }
        Ok(Exit::Done)
    }
}

/// Puts the host's key where it is looked for, unless there is one.
fn key(globals: &Globals, restored: &Manifest) -> stockade::Result<Option<Put>> {
    if !restored.files.iter().any(|file| file.name == KEY) {
        return Ok(None);
    }
    backup::put(&globals.data_dir.join(KEY), &places::key_dir(globals).join("key")).map(Some)
}

/// Says what is left to do.
fn hints(globals: &Globals, config: &Config, restored: &Manifest, key: Option<Put>) {
    let data = &globals.data_dir;
    if key == Some(Put::Other) {
        let (kept, used) = (data.join(KEY), places::key_dir(globals).join("key"));
        eprintln!(
            "warning: this host has a key of its own, by which promoted tools of the backup are not known: they are left out until \
             \"{}\" is put in place of \"{}\"",
            safe(&kept.display().to_string()),
            safe(&used.display().to_string())
        );
    }
    let is_elsewhere = config.journal.databases().next().is_some() || config.journal.file().is_some();
    if restored.journal.is_some() && is_elsewhere {
        elsewhere("journal", &data.join("journal.db"));
    }
    if config.memory.path.is_some() && restored.files.iter().any(|file| file.name == "memory.db") {
        elsewhere("memory", &data.join("memory.db"));
    }
    if restored.journal.is_none() {
        eprintln!("the journal is not in this backup: `pg_restore` puts that of the database back");
    }
}

fn elsewhere(what: &str, restored: &Path) {
    eprintln!(
        "warning: the configuration keeps the {what} elsewhere; that of the backup is \"{}\"",
        safe(&restored.display().to_string())
    );
}
