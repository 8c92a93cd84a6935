//! All that is wrong with a configuration, and where.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use stockade_workflow::Fault;
use toml::de::{DeString, DeTable, DeValue};
use toml::{Deserializer, Spanned};

use super::{Config, placed, text_of, without_pattern};
use crate::Result;

/// Something that is wrong with a configuration, and where it says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The line of the configuration, counted from 1; none where no line is to blame.
    pub line: Option<usize>,
    /// What is wrong, without its place.
    pub error: Fault,
}

/// The sections that have a table for each name. Each of those tables is checked by itself.
const NAMED: [&str; 11] =
    ["budget", "language", "mcp", "model", "notify", "openapi", "roles", "schedule", "secrets", "tool", "workflow"];

impl Config {
    /// Returns what is wrong with a configuration's text: all that is not TOML, or else the first problem of each table.
    ///
    /// ```
    /// let problems = stockade::Config::problems("[code]\nclokc = 1\n[tool.a]\nidempotent = 2");
    /// assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [Some(2), Some(4)]);
    /// ```
    pub fn problems(text: &str) -> Vec<Problem> {
        let (document, errors) = DeTable::parse_recoverable(text);
        let mut problems: Vec<_> = if errors.is_empty() {
            pieces(document).into_iter().filter_map(|piece| Some(Problem::of(text, &refused(piece)?))).collect()
        } else {
            errors.iter().map(|error| Problem::of(text, error)).collect()
        };
        if problems.is_empty() {
            problems.extend(Self::parse(text).err().map(|error| Problem { line: None, error }));
        }
        problems.sort_by_key(|problem| problem.line);
        problems
    }

    /// Returns what is wrong with the text of a configuration file.
    ///
    /// # Errors
    ///
    /// As [`Config::load`] where the file cannot be read.
    pub fn problems_in(path: &Path) -> Result<Vec<Problem>> {
        text_of(path).map(|text| Self::problems(&text))
    }

    /// Returns what is wrong with the [`settings`](Self::settings) of a workflow that the host's program brings, if anything is.
    pub fn settings_problem<T: DeserializeOwned + Default>(&self, workflow: &str) -> Option<Problem> {
        self.read_settings::<T>(workflow).err().map(|error| Problem::of(&self.text, &error))
    }

    /// Returns a problem with what the configuration says at a place: a section, a name in it, a key.
    ///
    /// Its line is that of the last of these words that is there. Where a name is not there, what it names is built in.
    pub fn problem(&self, place: &[&str], error: Fault) -> Problem {
        Problem { line: line_of(&self.text, place), error }
    }
}

impl Problem {
    fn of(text: &str, error: &toml::de::Error) -> Self {
        let (line, message) = placed(text, error);
        Self { line: Some(line), error: Fault::invalid("config", message.trim_start_matches([',', ':', ' '])) }
    }
}

fn refused(piece: Spanned<DeTable>) -> Option<toml::de::Error> {
    Config::deserialize(Deserializer::from(piece)).err()
}

/// Takes a document apart into documents of one table that has a name, or of one other key. The settings of workflows of
/// programs are left out.
fn pieces<'a>(mut document: Spanned<DeTable<'a>>) -> Vec<Spanned<DeTable<'a>>> {
    without_pattern(&mut document);
    let span = document.span();
    let alone = |key: Spanned<DeString<'a>>, value| Spanned::new(span.clone(), DeTable::from_iter([(key, value)]));
    let mut pieces = Vec::new();
    for (section, value) in document.into_inner() {
        let (at, is_named) = (value.span(), NAMED.contains(&&**section.get_ref()));
        match value.into_inner() {
            DeValue::Table(tables) if is_named => pieces.extend(tables.into_iter().map(|(name, table)| {
                let one = DeValue::Table(DeTable::from_iter([(name, table)]));
                alone(section.clone(), Spanned::new(at.clone(), one))
            })),
            value => pieces.push(alone(section, Spanned::new(at, value))),
        }
    }
    pieces
}

fn line_of(text: &str, place: &[&str]) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let (mut table, mut found) = (document.get_ref(), None);
    for (depth, word) in place.iter().enumerate() {
        let Some((key, value)) = table.get_key_value(*word) else { break };
        // A section has many tables; it is to blame only where no name is.
        if depth > 0 || place.len() == 1 {
            found = Some(key.span().start);
        }
        let Some(inner) = value.get_ref().as_table() else { break };
        table = inner;
    }
    found.map(|at| line_at(text, at))
}

/// Returns the line of a byte of a text, counted from 1.
pub(super) fn line_at(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Option<usize>> {
        Config::problems(text).iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn problems_of_several_tables_are_found_at_once_each_with_its_line() {
        let text = "[run]\ndeadline_ms = \"long\"\n[tool.a]\nidempotent = 1\n[tool.b]\nlimits = { feul = 1 }\n\
                    [schedule.s]\ncron = 1\n[tols]\nx = 1\n[tool.c]\nidempotent = true\n";
        assert_eq!(lines(text), [2, 4, 6, 8, 9].map(Some), "{:#?}", Config::problems(text));
        let own = "[tool.a]\nidempotent = true\n[workflow.refund]\nwindow_days = \"of the program\"\n";
        assert!(Config::problems(own).is_empty(), "{:#?}", Config::problems(own));
    }

    #[test]
    fn a_problem_does_not_repeat_its_line_and_shows_no_value() {
        let problems = Config::problems("\n[secrets]\nstripe = \"sk_live\"");
        let message = &problems[0].error.message;
        assert!(message.starts_with("\"stripe = …\": a secret's value is never written"), "{message}");
        assert!(!message.contains("sk_live") && problems[0].line == Some(3), "{problems:#?}");
    }

    #[test]
    fn a_text_that_is_not_toml_has_its_lines_too() {
        assert_eq!(lines("[run]\na = b\n").first(), Some(&Some(2)));
    }

    #[test]
    fn a_place_is_the_line_of_its_last_word_that_is_there() {
        let text = "[tool.a]\ndigest = \"x\"\n[tool.a.grants]\nlog = true\n[memory]\n";
        let line = |place: &[&str]| line_of(text, place);
        assert_eq!(line(&["tool", "a", "digest"]), Some(2));
        assert_eq!(line(&["tool", "a", "component"]), Some(1));
        assert_eq!(line(&["memory"]), Some(5));
        assert_eq!((line(&["tool", "built-in"]), line(&["model"])), (None, None));
    }
}
