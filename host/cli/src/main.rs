//! The `stockade` command: arguments in, progress on stderr, results on stdout, and an exit code to branch on.

mod amounts;
mod args;
mod ask;
mod commands;
mod eval;
mod exit;
mod home;
mod secrets;
mod show;
mod stream;
mod text;
mod timeline;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use stockade::Fault;

use crate::args::Args;
use crate::exit::Exit;

/// Threads that may wait for a database, a file or the journal: a few for each call that runs at one time, and far below
/// what hurts a machine.
const BLOCKING_THREADS_MAX: usize = 64;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|first| first == home::COMPILE_WORKER) {
        // Nobody reads what it would say; that it failed is enough.
        return stockade::compile_worker().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let json = std::env::args_os().any(|argument| argument == "--json");
    let exit = match Args::try_parse() {
        Ok(args) => run(&args).unwrap_or_else(|fault| complain(&fault, args.json)),
        Err(error) if json && is_mistake(error.kind()) => complain(&Fault::invalid("usage", plain(&error)), true),
        Err(error) => error.exit(),
    };
    exit.into()
}

fn run(args: &Args) -> stockade::Result<Exit> {
    raise_open_files();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().max_blocking_threads(BLOCKING_THREADS_MAX).enable_all().build();
    let runtime = runtime.map_err(|error| Fault::new(stockade::Kind::HostBug, error.to_string()))?;
    runtime.block_on(commands::run(args))
}

/// Takes as many open files as the system allows this process to take: the usual 1,024 are for programs that use `select`,
/// and files, connections and databases of 16 calls at one time come to more.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    // Where it is refused, what there was before is what there is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

fn is_mistake(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
}

/// The first paragraph of clap's message as one line; what follows it is advice for a terminal.
fn plain(error: &clap::Error) -> String {
    let text = error.to_string();
    let paragraph = text.trim_start_matches("error: ").lines().map(str::trim).take_while(|line| !line.is_empty());
    paragraph.collect::<Vec<_>>().join(" ")
}

fn complain(fault: &Fault, json: bool) -> Exit {
    if json {
        text::print_json(&serde_json::json!({ "error": fault }));
    } else {
        text::print_error(fault);
    }
    Exit::of_fault(fault)
}
