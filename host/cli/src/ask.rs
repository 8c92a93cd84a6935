//! Asks the person at the terminal.

use std::io::{BufRead as _, Read as _};

use stockade::{Approval, Decision, Fault};

use crate::escape::safe;
use crate::frame::Frame;
use crate::shown_call::shown;
use crate::terminal;
use crate::text::{DIM, YELLOW};

/// How often a question is repeated if the answer is neither yes, no nor later.
const ASKED_MAX: u32 = 5;

/// The longest line that is read for an answer.
const ANSWER_BYTES_MAX: u64 = 4_096;

/// A person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    Later,
}

impl Answer {
    fn read(line: &str) -> Option<Self> {
        match line.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Some(Self::Yes),
            "n" | "no" => Some(Self::No),
            "l" | "later" => Some(Self::Later),
            _ => None,
        }
    }
}

/// Asks a question, and returns whether the answer is yes.
pub(crate) fn yes(question: &str) -> stockade::Result<bool> {
    Ok(answer(question)? == Answer::Yes)
}

/// Shows the exact call, and asks for a decision. The person sees the call itself, and not what a model says about it. Returns
/// nothing if the person will decide later.
pub(crate) fn decision(approval: &Approval, by: &str) -> stockade::Result<Option<Decision>> {
    eprintln!("\n{YELLOW}asks{YELLOW:#}");
    // All of it: what is cut here could be seen nowhere else before the answer.
    eprint!("{}", Frame::all(&shown(&approval.call, true), terminal::columns()));
    eprintln!("{DIM}{}{DIM:#}", safe(&approval.reason));
    approval.terms.iter().for_each(|terms| eprintln!("{DIM}{}{DIM:#}", safe(&terms.to_string())));
    approval.notes.iter().for_each(|note| eprintln!("{YELLOW}note{YELLOW:#} {}", safe(note)));
    Ok(match answer("May it be called?")? {
        Answer::Yes => Some(Decision::approve(by)),
        Answer::No => Some(Decision::deny(by)),
        Answer::Later => None,
    })
}

/// Returns the name of the person at the terminal: the logged-in user.
pub(crate) fn user() -> String {
    std::env::var("USER").ok().filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "terminal".to_owned())
}

/// Asks until there is an answer. A closed terminal, or repeated other input, means "later".
fn answer(question: &str) -> stockade::Result<Answer> {
    for _ in 0..ASKED_MAX {
        // Earlier input was meant for something else, such as a question that a model wrote.
        let line = terminal::forget_typed().and_then(|()| {
            eprint!("{question} [y]es, [n]o, [l]ater: ");
            line()
        });
        let line = line.map_err(|error| Fault::invalid("usage", format!("the terminal cannot be read: {error}")))?;
        match Answer::read(&line) {
            Some(answer) => return Ok(answer),
            None if line.is_empty() => break,
            None => {}
        }
    }
    eprintln!();
    Ok(Answer::Later)
}

fn line() -> std::io::Result<String> {
    let mut line = Vec::new();
    std::io::stdin().lock().take(ANSWER_BYTES_MAX).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_whole_word() {
        assert_eq!(["y", " YES\n", "n", "No", "later\n"].map(Answer::read), {
            use Answer::{Later, No, Yes};
            [Yes, Yes, No, No, Later].map(Some)
        });
        for junk in ["", "\n", "yn", "yes please", "ja", "y\u{200b}"] {
            assert_eq!(Answer::read(junk), None, "{junk:?}");
        }
    }
}
