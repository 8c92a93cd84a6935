//! What a change is about, as those say who make it: a body names a workflow, a form a question.

use std::fmt::Display;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

/// How many names one entry has, and how long each is at most.
const NAMES_MAX: usize = 32;
const NAME_BYTES_MAX: usize = 128;

tokio::task_local! {
    static NAMED: Names;
}

/// What a change is about, as far as that was said. A cheap handle.
#[derive(Clone, Default)]
pub(super) struct Names(Arc<Mutex<Vec<String>>>);

/// Says what the change that is being made is about. Where no log is kept, this does nothing.
pub(crate) fn named(what: &str, name: impl Display) {
    // Outside of a request there is no entry to add to.
    let _ = NAMED.try_with(|names| names.add(short(&format!("{what} {name}"), NAME_BYTES_MAX)));
}

impl Names {
    /// Waits for an answer, and collects what is named meanwhile.
    pub(super) async fn collect<T>(&self, answer: impl Future<Output = T>) -> T {
        NAMED.scope(self.clone(), answer).await
    }

    /// Takes what was named.
    pub(super) fn take(&self) -> Vec<String> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, name: String) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() < NAMES_MAX {
            names.push(name);
        }
    }
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
        let names = Names::default();
        names
            .collect(async {
                named("run", 7);
                named("tool", "x".repeat(200));
                (0..99).for_each(|number| named("run", number));
            })
            .await;
        let names = names.take();
        assert_eq!((&*names[0], names.len()), ("run 7", NAMES_MAX));
        assert!(names[1].ends_with("x…") && names[1].len() < 140, "{names:?}");
        assert_eq!(short("ä", 1), "…");
    }
}
