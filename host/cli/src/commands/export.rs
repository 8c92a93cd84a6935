use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use stockade::{Entry, Host, RunState};

use crate::entries::each;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::run_ref::RunRef;
use crate::{open_host, pretty};

/// Print all that the journal has of a run, one entry a line, as plain JSON
///
/// The entries are those of the `timeline` of `show --json`, whatever version wrote them and however the journal keeps them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade export RUN\n  stockade export RUN --out run.jsonl")]
pub(crate) struct Export {
    /// The run
    run: RunRef,
    /// Write the entries to this file, in place of a file that is there
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Export {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::reader(globals).await?;
        let state = host.state(self.run.find(&host).await?).await?;
        let Some(file) = self.out else {
            each(&host, &state, 0, |entry| println!("{}", pretty::line(entry))).await?;
            return Ok(Exit::Done);
        };
        write(&host, &state, &file).await?;
        if globals.json {
            pretty::print_json(&json!({"run_id": state.run(), "entries": state.seq(), "file": file}));
        } else {
            println!("{} entries are in \"{}\"", state.seq(), file.display());
        }
        Ok(Exit::Done)
    }
}

/// Writes the entries of a run to a file.
async fn write(host: &Host, state: &RunState, file: &Path) -> anyhow::Result<()> {
    let failed = || format!("\"{}\" cannot be written", file.display());
    let mut out = BufWriter::new(File::create(file).with_context(failed)?);
    let mut written = Ok(());
    let line = |entry: &Entry| {
        if written.is_ok() {
            written = writeln!(out, "{}", pretty::line(entry));
        }
    };
    each(host, state, 0, line).await?;
    written.and_then(|()| out.flush()).with_context(failed)
}
