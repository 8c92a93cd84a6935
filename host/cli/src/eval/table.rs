//! Results as tables for a terminal. Text of models and files is made safe to show.

use std::fmt::Write as _;

use anstyle::Style;
use stockade::Usage;
use stockade_eval::{Attempt, CaseResult, Change, Comparison, Evaluation, Mark, Pair, Verdict};

use crate::escape::safe;
use crate::hint::sentence;
use crate::text::{BOLD, DIM, RED, YELLOW, grouped, micros};

/// The most columns of a case's name.
const NAME_CHARS_MAX: usize = 40;

const PLAIN: Style = Style::new();

const EVALUATED: [&str; 10] =
    ["case", "result", "score", "passed", "steps", "tools", "models", "tokens", "money", "time"];

const COMPARED: [&str; 6] = ["case", "change", "passed", "score", "tokens", "money"];

/// A cell and its style.
struct Cell {
    text: String,
    style: Style,
}

/// A row and the lines below it.
struct Row {
    cells: Vec<Cell>,
    notes: Vec<String>,
}

/// Writes the results of the cases: a line for each with its errors below it, and the sum.
pub(crate) fn evaluated(evaluation: &Evaluation) -> String {
    let rows: Vec<_> = evaluation.cases.iter().map(case).collect();
    format!("{}\n{}\n", table(&EVALUATED, &rows), sum(evaluation))
}

/// Writes two evaluations side by side, and the verdict.
pub(crate) fn compared(comparison: &Comparison) -> String {
    let rows: Vec<_> = comparison.cases.iter().map(pair).collect();
    let style = if comparison.is_passed() { BOLD } else { RED };
    format!("{}\n{style}{}{style:#}\n", table(&COMPARED, &rows), safe(&comparison.verdict))
}

fn case(case: &CaseResult) -> Row {
    let passed = case.attempts.iter().filter(|attempt| attempt.mark == Mark::Passed).count();
    let Usage { steps, tool_calls, model_calls, tokens, money_micros, wall_us, .. } = case.usage;
    let numbers = [
        scored(case.score),
        format!("{passed}/{}", case.attempts.len()),
        grouped(steps),
        grouped(tool_calls),
        grouped(model_calls),
        grouped(tokens),
        dollars(money_micros),
        micros(wall_us),
    ];
    let (mark, style) = marked(case.mark);
    let cells = [Cell::name(&case.name), Cell { text: mark.to_owned(), style }];
    let cells = cells.into_iter().chain(numbers.map(Cell::plain)).collect();
    Row { cells, notes: counted(case.attempts.iter().flat_map(notes)) }
}

fn marked(mark: Mark) -> (&'static str, Style) {
    match mark {
        Mark::Passed => ("pass", DIM),
        Mark::Failed => ("FAIL", RED),
        Mark::Error => ("ERROR", YELLOW),
    }
}

/// Returns the errors of all runs. An error of several runs appears once, with their number.
fn counted(notes: impl Iterator<Item = String>) -> Vec<String> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for note in notes {
        match counts.iter_mut().find(|(known, _)| *known == note) {
            Some((_, count)) => *count += 1,
            None => counts.push((note, 1)),
        }
    }
    let line = |(note, count)| if count == 1 { note } else { format!("{note} {DIM}({count} runs){DIM:#}") };
    counts.into_iter().map(line).collect()
}

/// Returns the errors of a run, one line each.
fn notes(attempt: &Attempt) -> Vec<String> {
    let wrong = attempt.verdicts.iter().filter(|verdict| !verdict.passed).map(note);
    let unknown = attempt.error.iter().map(|fault| format!("{YELLOW}?{YELLOW:#} {}", safe(&sentence(fault))));
    wrong.chain(unknown).collect()
}

fn note(Verdict { check, why, .. }: &Verdict) -> String {
    let why = why.as_ref().map(|why| format!(": {}", safe(why))).unwrap_or_default();
    format!("{RED}✗{RED:#} {}{DIM}{why}{DIM:#}", safe(check))
}

fn pair(pair: &Pair) -> Row {
    let style = match pair.change {
        Change::Better => BOLD,
        Change::Worse => RED,
        Change::Same => DIM,
    };
    let cells = vec![
        Cell::name(&pair.name),
        Cell { text: pair.change.to_string(), style },
        Cell::both(pair.pass_rate.map(|rate| format!("{rate}%"))),
        Cell::both(pair.score.map(scored)),
        Cell::both(pair.tokens.map(grouped)),
        Cell::both(pair.money_micros.map(dollars)),
    ];
    Row { cells, notes: Vec::new() }
}

/// Writes a score, if there is one.
fn scored(score: Option<u8>) -> String {
    score.map_or_else(|| "-".to_owned(), |score| score.to_string())
}

fn sum(evaluation: &Evaluation) -> String {
    let Evaluation { passed, failed, errors, score, usage, judging, .. } = evaluation;
    let style = if evaluation.is_passed() { BOLD } else { RED };
    let judges = if judging.model_calls == 0 {
        String::new()
    } else {
        format!("; the judges {} tokens, {}", grouped(judging.tokens), dollars(judging.money_micros))
    };
    format!(
        "{style}{passed} passed, {failed} failed, {errors} errors{style:#}; score {}; {} tokens, {}, {} fuel, {}{judges}",
        scored(*score),
        grouped(usage.tokens),
        dollars(usage.money_micros),
        grouped(usage.fuel),
        micros(usage.wall_us)
    )
}

impl Cell {
    fn plain(text: String) -> Self {
        Self { text, style: PLAIN }
    }

    fn name(name: &str) -> Self {
        let name = safe(name);
        match name.char_indices().nth(NAME_CHARS_MAX) {
            Some((end, _)) => Self::plain(format!("{}…", name.get(..end).unwrap_or_default())),
            None => Self::plain(name),
        }
    }

    /// A value that is the same twice appears once.
    fn both([first, second]: [String; 2]) -> Self {
        Self::plain(if first == second { first } else { format!("{first} → {second}") })
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// Writes rows under their heads; names and results are aligned left, numbers right.
fn table(heads: &[&str], rows: &[Row]) -> String {
    let widths: Vec<_> = heads.iter().enumerate().map(|(column, head)| width(column, head, rows)).collect();
    let heads: Vec<_> = heads.iter().map(|head| Cell { text: (*head).to_owned(), style: DIM }).collect();
    let mut text = line(&heads, &widths);
    for row in rows {
        text.push_str(&line(&row.cells, &widths));
        // Writing to a string cannot fail.
        let _ = row.notes.iter().try_for_each(|note| writeln!(text, "  {note}"));
    }
    text
}

fn width(column: usize, head: &str, rows: &[Row]) -> usize {
    let cells = rows.iter().filter_map(|row| row.cells.get(column)).map(Cell::width);
    cells.chain([head.chars().count()]).max().unwrap_or_default()
}

fn line(cells: &[Cell], widths: &[usize]) -> String {
    let cells = cells.iter().zip(widths).enumerate().map(|(column, (Cell { text, style }, width))| match column {
        0 | 1 => format!("{style}{text:<width$}{style:#}"),
        _ => format!("{style}{text:>width$}{style:#}"),
    });
    format!("{}\n", cells.collect::<Vec<_>>().join("  "))
}

fn dollars(micros: u64) -> String {
    format!("${}.{:06}", grouped(micros / 1_000_000), micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use stockade::Fault;

    use super::super::sample::{case, evidence, run};
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    fn evaluation() -> Evaluation {
        let bad = case("  expect:\n    output: [{at: /letter, contains: Bob}]");
        let lost = Attempt::unknown(None, Fault::of_storage("disk\nfull\x1b[2J"));
        let good = Attempt::checked(&case(""), run(), &evidence());
        let named = |name: &str, attempts| CaseResult { name: name.to_owned(), ..CaseResult::new(&case(""), attempts) };
        let cases = vec![
            named("good", vec![good.clone(), good.clone()]),
            named(
                "bad\x1b[2J",
                vec![Attempt::checked(&bad, run(), &evidence()), Attempt::checked(&bad, run(), &evidence())],
            ),
            named(&"n".repeat(50), vec![lost]),
        ];
        Evaluation::new("cases.yaml", "a.toml", cases)
    }

    #[test]
    fn a_table_can_be_read() {
        let text = plain(&evaluated(&evaluation()));
        let expected = r#"case                                       result  score  passed  steps  tools  models  tokens      money  time
good                                       pass      100     2/2      0      0       0      20  $0.000000  0 µs
bad\u{1b}[2J                               FAIL       50     0/2      0      0       0      20  $0.000000  0 µs
  ✗ output /letter contains "Bob": it is "Dear Ada" (2 runs)
nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…  ERROR       -     0/1      0      0       0       0  $0.000000  0 µs
  ? disk\u{a}full\u{1b}[2J

1 passed, 1 failed, 1 errors; score 75; 40 tokens, $0.000000, 0 fuel, 0 µs
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn two_evaluations_stand_side_by_side() {
        let (first, mut second) = (evaluation(), evaluation());
        second.cases.iter_mut().take(1).for_each(|case| case.pass_rate = 50);
        second.cases.iter_mut().skip(1).take(1).for_each(|case| case.usage.money_micros = 1_234_567_890);
        let text = plain(&compared(&Comparison::new(&first, &second, 0)));
        let expected = r#"case                                       change      passed  score  tokens                      money
good                                       worse   100% → 50%    100      20                  $0.000000
bad\u{1b}[2J                               same            0%     50      20  $0.000000 → $1,234.567890
nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…  same            0%      -       0                  $0.000000

"a.toml" is worse in 1, and better in none; 0 may be worse; as much tokens, as much money
"#;
        assert_eq!(text, expected);
    }
}
