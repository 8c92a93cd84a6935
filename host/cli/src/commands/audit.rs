//! `stockade audit verify` and `show`.

use clap::{Args, Subcommand};
use serde_json::json;
use stockade::{Digest, utc};
use stockade_server::audit::{Answered, Asked, Broken, Entry, Event, Refused, Verified, entries, verify};

use crate::escape::safe;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::{places, pretty};

/// Read the log of who changed what through the server, and check that it was not changed
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  stockade audit verify\n  stockade audit show")]
pub(crate) enum Audit {
    Verify(Verify),
    Show(Show),
}

/// Check that each entry stands behind the one that it was written behind, and print the head of the chain
///
/// The exit code is 1 where an entry was changed, removed or put elsewhere. That the end was cut off is seen only by a head that
/// was kept elsewhere: keep the one that this prints, and give it to `--head` later.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade audit verify\n  stockade audit verify --head 3fd1c04e55aa")]
pub(crate) struct Verify {
    /// A head that was printed before: it must still be in the chain. Its first twelve digits are enough
    #[arg(long, value_name = "DIGEST")]
    head: Option<String>,
}

/// Print the entries, the oldest first
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  stockade audit show\n  stockade audit show --json | jq '.[] | select(.event == \"refused\")'"
)]
pub(crate) struct Show;

impl Audit {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self {
            Self::Verify(verify) => verify.run(globals),
            Self::Show(Show) => show(globals),
        }
    }
}

impl Verify {
    fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match verify(&places::audit_file(globals), self.head.as_deref())? {
            Ok(verified) => Ok(whole(globals, &verified)),
            Err(broken) => Ok(changed(globals, &broken)),
        }
    }
}

fn whole(globals: &Globals, Verified { entries, head, torn_bytes }: &Verified) -> Exit {
    if globals.json {
        pretty::print_json(&json!({"entries": entries, "head": head, "torn_bytes": torn_bytes}));
        return Exit::Done;
    }
    println!("{}", head.as_ref().map_or("", Digest::as_str));
    eprintln!("{entries} entries; keep the head elsewhere: it shows later that none was cut off");
    if *torn_bytes > 0 {
        eprintln!("a crash has left {torn_bytes} bytes of a line, which the next entry mends");
    }
    Exit::Done
}

fn changed(globals: &Globals, Broken { line, why }: &Broken) -> Exit {
    if globals.json {
        pretty::print_json(&json!({"line": line, "why": why}));
    } else {
        let line = line.map_or("the end".to_owned(), |line| format!("line {line}"));
        eprintln!("the audit log was changed: {line}: {}", safe(why));
    }
    Exit::Failed
}

fn show(globals: &Globals) -> anyhow::Result<Exit> {
    let path = places::audit_file(globals);
    if globals.json {
        let mut all = Vec::new();
        entries(&path, |entry| all.push(entry))?;
        pretty::print_json(&all);
    } else {
        entries(&path, |entry| line(&entry))?;
    }
    Ok(Exit::Done)
}

fn line(Entry { seq, at_ms, event, .. }: &Entry) {
    println!("{seq:>6}  {}  {}", utc(*at_ms), safe(&words(event)));
}

/// Returns an entry in words.
fn words(event: &Event) -> String {
    match event {
        Event::Began { version } => format!("a server of version {version} began"),
        Event::Asked(asked) => format!("{} ({})", asks(asked), asked.request),
        Event::Answered(Answered { request, status, named }) => {
            format!("answered {status}{} ({request})", named.iter().map(|name| format!(", {name}")).collect::<String>())
        }
        Event::Refused(Refused { asked, reason }) => format!("refused ({reason}): {}", asks(asked)),
        Event::RefusedMore { principal, requests } => {
            format!("refused {requests} requests more of {principal}, which have no entry of their own")
        }
        Event::TokenCreated { id, name, role, by } => format!("{by} makes the token {id} for {name} ({role})"),
        Event::TokenRemoved { id, by } => format!("{by} removes the token {id}"),
        Event::Mended { bytes, digest } => format!("a crash had left {bytes} bytes of a line ({})", digest.short()),
    }
}

fn asks(Asked { principal, token, role, method, path, .. }: &Asked) -> String {
    let token = if token.is_empty() { String::new() } else { format!(", token {token}") };
    format!("{principal} ({role}{token}) asks {method} {path}")
}
