//! Evaluations of Stockade: cases, what they expect, and their results. Nothing here runs anything or touches a file.
//!
//! A suite is a file of YAML. The keys before `cases` hold for all cases; the keys of a case come before them, and the
//! expectations of both are checked. A path is relative to the file.
//!
//! ```yaml
//! workflow: refund                  # or agent: {tools: [purchases], system: …, model: …, code: …, steps_max: …, schema: …}
//! models: {file: replies.toml}      # a script that answers for all models; or {replay: FOLDER}, which --record filled
//! budget: {tokens: 5000, steps: 30} # in the currencies and units of --budget
//! cases:
//!   - name: within the limit
//!     input: {user_id: user_789, request: "…"}   # of an agent: its task
//!     repeat: 3                     # runs it as often; 1 if not said
//!     pass_rate: 66                 # how many of a hundred must pass; 100 if not said
//!     approve: yes                  # what a person answers: yes, no, or never, where the run ends waiting
//!     expect:
//!       status: done                # done if not said; or failed, waiting, suspended
//!       error: trapped              # is in the message of the error
//!       output:                     # at: a JSON pointer; without it, the whole output
//!         - {at: /outcome, equals: processed}             # or one_of: […]
//!         - {at: /letter, contains: $79.00}               # with ignore_case: true if need be; of a list, an item
//!         - {at: /letter, matches: "^Sorry", not: true}   # a regular expression
//!         - {at: /approved_by, exists: false}
//!       schema: {type: object, required: [letter]}
//!       calls: [purchases.find, {call: payments.refund, with: {user_id: user_789}}]   # in this order, others between
//!       never: [payments.pay]
//!       at_most: {tokens: 2000, model_calls: 3, money: 1000, wall: 2s}
//!       judge: {model: main, rubric: The letter is polite and names the amount., min: 70}
//! ```

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod amount;
mod call;
mod check;
mod compare;
mod document;
mod evidence;
mod judge;
mod result;
mod rule;
mod suite;

pub use amount::Amounts;
pub use call::{Call, Calls};
pub use check::{Check, Verdict};
pub use compare::{Change, Comparison, Pair};
pub use document::{Agent, Answer, FILE_BYTES_MAX, Models};
pub use evidence::Evidence;
pub use judge::{Judge, Opinion};
pub use result::{Attempt, CaseResult, Evaluation, Mark};
pub use rule::Rule;
pub use suite::{Case, Subject, Suite};

/// The most characters of a value that are quoted where a check says why it failed.
const QUOTE_CHARS_MAX: usize = 200;

/// Quotes a text that may be long.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
