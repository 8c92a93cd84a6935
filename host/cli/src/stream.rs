//! Shows what happens between two lines of the timeline: which models are asked, and what they write.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use stockade::model::Retry;
use stockade::{EffectKind, RunId, RunState};

use crate::escape::safe;
use crate::frame::Frame;
use crate::terminal;
use crate::text::{DIM, fit};

/// How often the spinner moves.
const TICK: Duration = Duration::from_millis(200);

/// The content of the line with the cursor.
enum Line {
    /// Models are asked: which ones, and for how long.
    Waiting(ProgressBar),
    /// A piece of an answer, with the run and the effect that it belongs to.
    Answer { writer: (RunId, String), frame: Frame },
}

static LINE: Mutex<Option<Line>> = Mutex::new(None);

/// Writes a piece of an answer to the terminal in a frame, so that a model cannot imitate a question of this program. Answers
/// that come at the same time take turns line by line.
pub(crate) fn piece(run: RunId, key: &str, piece: &str) {
    if !terminal::is_watched() {
        return;
    }
    let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    match &mut *line {
        Some(Line::Answer { writer: (known, by), frame }) if *known == run && by == key => {
            eprint!("{}", frame.piece(piece));
        }
        _ => {
            end(line.take());
            let mut frame = Frame::new(terminal::columns());
            eprint!("{}{}", frame.start(), frame.piece(piece));
            *line = Some(Line::Answer { writer: (run, key.to_owned()), frame });
        }
    }
}

/// Shows on the terminal which models the run is asking, and for how long.
pub(crate) fn wait(state: &RunState) {
    let asked = state.in_flight().filter_map(|effect| {
        let EffectKind::AskModel(question) = &effect.kind else { return None };
        Some(question.model.as_deref().map_or("the default one".to_owned(), safe))
    });
    let asked: Vec<_> = asked.collect();
    if asked.is_empty() || !terminal::is_watched() {
        return;
    }
    let style = ProgressStyle::with_template("  {spinner} asking model {msg}, {elapsed}");
    let bar = ProgressBar::new_spinner().with_style(style.unwrap_or(ProgressStyle::default_spinner()));
    let bar = bar.with_message(asked.join(", "));
    bar.enable_steady_tick(TICK);
    end(LINE.lock().unwrap_or_else(PoisonError::into_inner).replace(Line::Waiting(bar)));
}

/// Says on the terminal that a model will be asked again, when, and why. The spinner goes on below that line.
pub(crate) fn retry(retry: &Retry<'_>) {
    if !terminal::is_watched() {
        return;
    }
    let say = || eprintln!("  {DIM}{}{DIM:#}", fit(&again(retry), terminal::columns().saturating_sub(2)));
    let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(Line::Waiting(bar)) = &*line {
        bar.suspend(say);
    } else {
        end(line.take());
        say();
    }
}

fn again(Retry { model, attempt, attempts_max, wait, fault }: &Retry<'_>) -> String {
    let (model, why) = (safe(model), safe(&fault.message));
    let wait = if wait.as_secs() == 0 { format!("{} ms", wait.as_millis()) } else { format!("{} s", wait.as_secs()) };
    format!("model {model}: attempt {attempt} of {attempts_max}, retry in {wait}: {why}")
}

/// Ends the current line.
pub(crate) fn close() {
    end(LINE.lock().unwrap_or_else(PoisonError::into_inner).take());
}

fn end(line: Option<Line>) {
    match line {
        Some(Line::Waiting(bar)) => bar.finish_and_clear(),
        Some(Line::Answer { .. }) => eprintln!(),
        None => {}
    }
}
