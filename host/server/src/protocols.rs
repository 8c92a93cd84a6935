//! What the protocols of other programs tell of a run in the same way.

use stockade::Json;

/// Returns the answer of an agent in an output: a text, or its member `answer`.
pub(crate) fn answer(output: &Json) -> Option<String> {
    let answer = output.string().or_else(|| output.member("answer")?.string());
    answer.filter(|answer| !answer.is_empty())
}
