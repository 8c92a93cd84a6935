//! The `stockade` command: arguments in, progress on stderr, results on stdout, and an exit code to branch on.

// This module comes first, because the others use its macros.
#[macro_use]
mod out;

mod allocator;
mod amounts;
mod args;
mod ask;
mod commands;
mod config;
mod documents;
mod drive;
mod end;
mod entries;
mod escape;
mod eval;
mod exit;
mod failure;
mod follow_up;
mod frame;
mod globals;
mod hint;
mod hooks;
mod kept;
mod log;
mod mcp_servers;
mod open_host;
mod origin;
mod out_dir;
mod places;
mod pretty;
mod progress;
mod read;
mod removed;
mod report;
mod resources;
mod run_filter;
mod run_ref;
mod secrets;
mod shown_call;
mod stdin_pipe;
mod stream;
mod terminal;
mod text;
mod timeline;

use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use clap::error::ErrorKind as Mistake;
use stockade::{Fault, Kind};
use tempfile::TempDir;

use crate::args::{Args, Command};
use crate::exit::Exit;
use crate::globals::Globals;

fn main() -> ExitCode {
    allocator::give_back_at_once();
    if std::env::args_os().nth(1).is_some_and(|first| first == open_host::COMPILE_WORKER) {
        // The parent process reads only the exit code.
        return stockade::compile_worker().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    if std::env::args_os().nth(1).is_some_and(|first| first == mcp_servers::PROCESS) {
        let arguments = std::env::args_os().skip(2).map(|argument| argument.to_string_lossy().into_owned());
        // The parent process tells it as the last words of its server.
        eprintln!("{}", mcp_servers::become_server(arguments));
        return ExitCode::FAILURE;
    }
    let json = std::env::args_os().any(|argument| argument == "--json");
    let exit = match Args::try_parse() {
        Ok(Args { globals, command }) => {
            follow_up::remember(&globals.spelled());
            let json = globals.json;
            let exit = run(globals, command);
            stream::close();
            exit.unwrap_or_else(|error| complain(&failure::fault(&error), json))
        }
        Err(error) if json && is_mistake(error.kind()) => complain(&Fault::invalid("usage", plain(&error)), true),
        Err(error) if !is_mistake(error.kind()) => {
            print!("{}", error.render().ansi());
            Exit::Done
        }
        Err(error) => error.exit(),
    };
    out::finish(exit).into()
}

/// Gives a command that only reads a temporary data directory where its own is missing: such a command must not create one.
fn passing(globals: &mut Globals, command: &Command) -> anyhow::Result<Option<TempDir>> {
    if !command.only_looks() || !is_missing(&globals.data_dir) {
        return Ok(None);
    }
    let folder = tempfile::tempdir().context(Fault::new(Kind::System, "no temporary folder can be made"))?;
    globals.data_dir = folder.path().join("data");
    Ok(Some(folder))
}

fn is_missing(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

fn run(mut globals: Globals, command: Command) -> anyhow::Result<Exit> {
    let runtime = resources::runtime()?;
    let passing = passing(&mut globals, &command)?;
    let exit = runtime.block_on(async {
        // Not every command needs the configuration, but a named one that is missing or wrong is always an error. `check` lists
        // all that is wrong with it.
        if !matches!(command, Command::Check(_)) {
            globals.config.as_deref().map(config::load).transpose()?;
        }
        command.run(&globals).await
    });
    // The tasks that use the folder end before the folder is removed.
    drop(runtime);
    drop(passing);
    exit
}

fn is_mistake(kind: Mistake) -> bool {
    !matches!(kind, Mistake::DisplayHelp | Mistake::DisplayVersion)
}

/// Returns the first paragraph of clap's message as one line; the rest is advice for a terminal.
fn plain(error: &clap::Error) -> String {
    let text = error.to_string();
    let paragraph = text.trim_start_matches("error: ").lines().map(str::trim).take_while(|line| !line.is_empty());
    paragraph.collect::<Vec<_>>().join(" ")
}

fn complain(fault: &Fault, json: bool) -> Exit {
    if json {
        pretty::print_json(&serde_json::json!({ "error": hint::spelled_out(fault) }));
    } else {
        text::print_error(fault);
    }
    Exit::of_fault(fault)
}
