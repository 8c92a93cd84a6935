//! Serves the refund workflow, agent-written code and what a configuration has, for Restate to call.
//!
//! `stockade-restate ADDRESS FOLDER [stockade.toml]`: where it listens, and the folder of the shop's database. It serves until
//! it is told to stop. A service of your own calls `stockade_restate::endpoint` with its own host.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use restate_sdk::http_server::HttpServer;
use stockade::config::{Concurrency, Journal, Server};
use stockade::journal::MemoryJournal;
use stockade::{Clock, Config, Fault, Host, Kind};
use stockade_refund::{Refund, Settings, shop};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: stockade-restate ADDRESS FOLDER [stockade.toml]

ADDRESS is where Restate calls, as in 127.0.0.1:9080, and FOLDER that of the shop's database. `--version` says the version.";

/// What the command line says.
#[derive(Debug, PartialEq)]
enum Said {
    Help,
    Version,
    Serve(Wanted),
}

#[derive(Debug, PartialEq)]
struct Wanted {
    address: String,
    folder: PathBuf,
    config: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match Said::of(&arguments) {
        Some(Said::Help) => say(&mut io::stdout(), USAGE),
        Some(Said::Version) => say(&mut io::stdout(), concat!("stockade-restate ", env!("CARGO_PKG_VERSION"))),
        Some(Said::Serve(wanted)) => {
            if let Err(fault) = serve(&wanted).await {
                log(&format!("{fault:?}"));
                return ExitCode::FAILURE;
            }
        }
        None => {
            say(&mut io::stderr(), USAGE);
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

impl Said {
    fn of(arguments: &[OsString]) -> Option<Self> {
        let serve = |address: &OsString, folder: &OsString, config: Option<&OsString>| {
            let (address, folder) = (address.to_str()?.to_owned(), folder.into());
            Some(Self::Serve(Wanted { address, folder, config: config.map(Into::into) }))
        };
        match arguments {
            [one] if one == "--help" || one == "-h" => Some(Self::Help),
            [one] if one == "--version" || one == "-V" => Some(Self::Version),
            [address, folder] => serve(address, folder, None),
            [address, folder, config] => serve(address, folder, Some(config)),
            _ => None,
        }
    }
}

/// Says a line. A stream that is closed hears nothing.
fn say(stream: &mut impl io::Write, line: &str) {
    let _ = writeln!(stream, "{line}");
}

fn log(line: &str) {
    say(&mut io::stderr(), &format!("stockade-restate: {line}"));
}

async fn serve(wanted: &Wanted) -> stockade::Result<()> {
    let host = host(wanted).await?;
    let workflows: Vec<_> = host.workflows().map(|workflow| workflow.name().to_owned()).collect();
    let told = |run, fault: &Fault| log(&format!("run {run}: {}: {fault}", kind(fault)));
    let endpoint = stockade_restate::endpoint_telling(host, Arc::new(told))?;
    let unheard = |error| Fault::invalid("address", cannot_listen(&wanted.address, &error));
    let listener = stockade_restate::listen(&wanted.address).await.map_err(unheard)?;
    let address = listener.local_addr().map_err(unheard)?;
    let end = ended()?;
    log(&format!(
        "listens at {address}, with the workflows {}; register it with \"restate deployments register http://{address}\"",
        workflows.join(", ")
    ));
    // What is cut off is made anew by Restate: here, or in another process.
    HttpServer::new(endpoint).serve_with_cancel(listener, end).await;
    Ok(())
}

/// The name of a kind, as the fault has it in JSON.
fn kind(fault: &Fault) -> String {
    serde_json::to_value(fault.kind).ok().and_then(|kind| Some(kind.as_str()?.to_owned())).unwrap_or_default()
}

fn cannot_listen(address: &str, error: &io::Error) -> String {
    format!(
        "cannot listen at \"{address}\": {error}; name an address of this machine with a free port, as in 127.0.0.1:9080"
    )
}

/// Waits until the program is told to end, and says so.
fn ended() -> stockade::Result<impl Future<Output = ()>> {
    let deaf = |error| Fault::new(Kind::System, format!("no signal can be heard: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(deaf)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(deaf)?;
    Ok(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        log(&format!("ends, for it was told to by {name}"));
    })
}

async fn host(Wanted { folder, config, .. }: &Wanted) -> stockade::Result<Host> {
    let config = config.as_ref().map_or_else(|| Ok(Config::default()), |file| Config::load(file))?;
    check(&config)?;
    let database = folder.join("shop.db");
    shop::create(&database)?;
    Host::builder()
        .with_journal(MemoryJournal::new(Clock::default()))
        .scratch(folder)
        .built_in_languages()
        .tools(shop::tools(&database))
        .idempotent(shop::IDEMPOTENT)
        .configured(&config)?
        .workflow(Refund::from(config.settings::<Settings>("refund")?))
        .build()
        .await
}

/// Refuses what a configuration says and this program would not do.
fn check(config: &Config) -> stockade::Result<()> {
    let without_effect = [
        (config.journal != Journal::default(), "[journal]", "Restate keeps the runs"),
        (config.server != Server::default(), "[server]", "clients ask Restate's ingress"),
        (
            config.concurrency != Concurrency::default(),
            "[concurrency]",
            "Restate says how many handlers it calls at once",
        ),
    ];
    let Some((_, table, why)) = without_effect.into_iter().find(|(is_said, ..)| *is_said) else { return Ok(()) };
    Err(Fault::invalid("config", format!("{table} has no effect here, for {why}; remove {table}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(arguments: &[&str]) -> Option<Said> {
        Said::of(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_command_line_asks_for_help_or_for_the_version_or_says_what_is_served() {
        assert_eq!([said(&["--help"]), said(&["-h"])], [Some(Said::Help), Some(Said::Help)]);
        assert_eq!(said(&["--version"]), Some(Said::Version));
        assert!(matches!(said(&["a", "b", "c"]), Some(Said::Serve(Wanted { config: Some(_), .. }))));
        assert_eq!([said(&[]), said(&["a"]), said(&["a", "b", "c", "d"])], [None, None, None]);
    }

    #[test]
    fn a_configuration_that_would_have_no_effect_is_refused_by_its_table() {
        for (text, table) in [
            ("[journal]\nurl = \"postgres://x@127.0.0.1/y\"", "remove [journal]"),
            ("[server]\naudit_bytes = 5", "remove [server]"),
            ("[concurrency]\nruns = 1", "remove [concurrency]"),
        ] {
            let refused = check(&Config::parse(text).unwrap()).unwrap_err();
            assert!(refused.message.contains(table), "{refused}");
        }
        assert_eq!(check(&Config::parse("[run]\ndeadline_ms = 5").unwrap()), Ok(()));
    }
}
