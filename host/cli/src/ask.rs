//! Asks the person at the terminal.

use std::io::{IsTerminal, Write as _};

use stockade::{Approval, Decision, Fault};

use crate::text::{BOLD, DIM, YELLOW, safe, safe_json};

/// Returns whether somebody can be asked.
pub(crate) fn is_possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks a question that is answered with yes or no; anything else is a no.
pub(crate) fn yes(question: &str) -> stockade::Result<bool> {
    eprint!("{question} [y/N] ");
    let unread = |error: std::io::Error| Fault::invalid("usage", error.to_string());
    std::io::stderr().flush().map_err(unread)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(unread)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Shows the exact call that is to be made, and asks. All of it is shown: what a model says of a call is not.
pub(crate) fn decision(approval: &Approval) -> stockade::Result<Decision> {
    let call = &approval.call;
    anstream::eprintln!("\n{YELLOW}asks{YELLOW:#} {BOLD}{}.{}{BOLD:#}", safe(&call.tool), safe(&call.function));
    eprintln!("{}", safe_json(&call.arguments));
    anstream::eprintln!("{DIM}{}{DIM:#}", safe(&approval.reason));
    let by = std::env::var("USER").ok().filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "terminal".to_owned());
    Ok(if yes("May it be called?")? { Decision::approve(by) } else { Decision::deny(by) })
}
