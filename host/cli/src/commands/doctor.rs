use clap::Args;
use serde_json::json;
use stockade::doctor::{self, Check};
use stockade::journal::KeyUse;
use stockade::{BreakerView, utc};

use super::journal;
use crate::escape::safe;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::open_host;
use crate::pretty::print_json;
use crate::text::{BOLD, RED, YELLOW, grouped};

/// Trip every limit of a call once on this machine, and show that each one fired and harmed no other call
///
/// The exit code is 1 if a limit did not fire.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  stockade doctor\n  stockade doctor --json | jq '.limits[] | select(.fired | not)'\n  stockade doctor --live"
)]
pub(crate) struct Doctor {
    /// Show the circuit breakers of tools and models as all hosts of this journal share them now, and the keys under which it is
    /// sealed, and trip nothing; the exit code is 1 if a breaker is open
    #[arg(long)]
    live: bool,
}

impl Doctor {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::host(globals).await?;
        if self.live {
            return live(globals, &host.breakers().await?, &host.journal_keys().await?);
        }
        let checks = doctor::examine(&host).await?;
        if globals.json {
            print_json(&json!({ "limits": checks }));
        } else {
            table(&checks);
        }
        Ok(exit(&checks))
    }
}

fn live(globals: &Globals, breakers: &[BreakerView], keys: &[KeyUse]) -> anyhow::Result<Exit> {
    if globals.json {
        print_json(&json!({ "breakers": breakers, "keys": keys }));
    } else if breakers.is_empty() {
        eprintln!("no tool and no model has a circuit breaker; `breaker` in the configuration of one adds it");
    } else {
        breakers.iter().for_each(breaker);
    }
    let is_sealed = keys.iter().any(|one| one.key.is_some());
    if is_sealed && !globals.json {
        keys.iter().for_each(|one| println!("journal: {}", journal::line(one)));
    }
    let is_open = breakers.iter().any(|breaker| breaker.is_open);
    Ok(if is_open { Exit::Failed } else { Exit::Done })
}

fn breaker(breaker: &BreakerView) {
    let BreakerView { of, is_open, failures, failures_max, open_until_ms, why } = breaker;
    let until =
        open_until_ms.filter(|_| *is_open).map_or(String::new(), |until_ms| format!(" until {}", utc(until_ms)));
    let state = if *is_open { format!("{RED}open{RED:#}{until}") } else { "closed".to_owned() };
    let why = why.as_ref().map_or(String::new(), |why| format!(": {}", safe(why)));
    println!("{BOLD}{}{BOLD:#} is {state}, after {failures} of {failures_max} failures in a row{why}", safe(of));
}

fn exit(checks: &[Check]) -> Exit {
    if checks.iter().all(|check| check.fired) { Exit::Done } else { Exit::Failed }
}

fn table(checks: &[Check]) {
    println!("{BOLD}{:<16} {:>12}  {:<5}  {:<14} {:>9}  neighbour{BOLD:#}", "limit", "set to", "fired", "error", "ms");
    checks.iter().for_each(row);
    let fired = checks.iter().filter(|check| check.fired).count();
    eprintln!("{fired} of {} limits fired", checks.len());
}

fn row(check: &Check) {
    let Check { limit, allowed, kind, ms, .. } = check;
    let allowed = grouped(*allowed);
    let fired = if check.fired { "yes  ".to_owned() } else { format!("{RED}no{RED:#}   ") };
    let neighbour = if check.neighbour_ok { "unharmed".to_owned() } else { format!("{YELLOW}slow{YELLOW:#}") };
    let kind = kind.map_or("none".to_owned(), |kind| json!(kind).as_str().unwrap_or_default().to_owned());
    println!("{limit:<16} {allowed:>12}  {fired}  {kind:<14} {ms:>9.3}  {neighbour}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_limit_that_does_not_fire_is_a_failure() {
        let check = |fired| Check { limit: "fuel", allowed: 1, fired, kind: None, ms: 1.0, neighbour_ok: false };
        assert_eq!(exit(&[check(true), check(true)]), Exit::Done);
        assert_eq!(exit(&[check(true), check(false)]), Exit::Failed);
    }
}
