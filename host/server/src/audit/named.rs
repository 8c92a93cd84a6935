//! What a change is about, as those say who make it: a body names a workflow, a form a question.

use std::cell::Cell;
use std::fmt::Display;

/// How many names one entry has, and how long each is at most.
const NAMES_MAX: usize = 32;
const NAME_BYTES_MAX: usize = 128;

tokio::task_local! {
    static NAMED: Cell<Vec<String>>;
}

/// Says what the change that is being made is about. Where no log is kept, this does nothing.
pub(crate) fn named(what: &str, name: impl Display) {
    // Outside of a request there is no entry to add to.
    let _ = NAMED.try_with(|named| {
        let mut names = named.take();
        if names.len() < NAMES_MAX {
            names.push(short(&format!("{what} {name}"), NAME_BYTES_MAX));
        }
        named.set(names);
    });
}

/// Waits for an answer, and returns what it named meanwhile.
pub(super) async fn collected<T>(answer: impl Future<Output = T>) -> (T, Vec<String>) {
    let named = async {
        let answer = answer.await;
        (answer, NAMED.with(Cell::take))
    };
    NAMED.scope(Cell::default(), named).await
}

/// Returns a text, or the beginning of a long one.
pub(super) fn short(text: &str, bytes_max: usize) -> String {
    match text.floor_char_boundary(bytes_max) {
        end if end == text.len() => text.to_owned(),
        end => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_names_what_it_is_about_up_to_a_limit() {
        named("run", "of no change");
        let ((), names) = collected(async {
            named("run", 7);
            named("tool", "x".repeat(200));
            (0..99).for_each(|number| named("run", number));
        })
        .await;
        assert_eq!((&*names[0], names.len()), ("run 7", NAMES_MAX));
        assert!(names[1].ends_with("x…") && names[1].len() < 140, "{names:?}");
        assert_eq!(short("ä", 1), "…");
    }
}
