//! The results that a run has already: each is in its journal once, in the event that brought it.

use std::borrow::Cow;

use serde_json::{Map, Value};
use stockade_journal::{Journal, each};
use stockade_workflow::{Change, Code, EffectOutcome, Entry, Event, Fault, Hint, Json, Kind, RunId};

use crate::Result;

/// The member of the variable `input` of code that has the results that it is given.
const RESULTS: &str = "results";

/// Returns how an effect of a run ended.
///
/// # Errors
///
/// Kind [`Kind::NotFound`] with detail `result` where it has not. A journal that fails.
pub(crate) async fn ended(journal: &dyn Journal, run: RunId, key: &str) -> Result<EffectOutcome> {
    let mut found = None;
    let find = |Entry { change, .. }| {
        if let Change::Stepped { event: Event::Ended { key: of, outcome }, .. } = change
            && of == key
        {
            found = Some(outcome);
        }
        Ok(())
    };
    each(journal, run, find).await?;
    found.ok_or_else(|| missing(run, key))
}

/// The fault where an effect has no result.
pub(crate) fn missing(run: RunId, key: &str) -> Fault {
    let message = format!("run {run} has no result of effect \"{key}\"");
    Fault::new(Kind::NotFound, message).detail("result").hint(Hint::ShowRun(run))
}

/// Returns what the variable `input` of code of a run holds: its own input, and the results that it is given.
///
/// # Errors
///
/// Kind [`Kind::NotFound`] where the run has no such result. Kind [`Kind::Invalid`] with detail `input` where its own input is
/// no object, to which they could be added.
pub(crate) async fn input<'a>(journal: &dyn Journal, run: RunId, code: &'a Code) -> Result<Cow<'a, Json>> {
    if code.results.is_empty() {
        return Ok(Cow::Borrowed(&code.input));
    }
    let mut members = match code.input.value() {
        Value::Null => Map::new(),
        Value::Object(members) => members,
        _ => return Err(Fault::invalid("input", "code that is given results has an object as its input, or none")),
    };
    let mut results = Map::new();
    for (name, key) in &code.results {
        let value = ended(journal, run, key).await?.result_value().ok_or_else(|| missing(run, key))?;
        results.insert(name.clone(), value.value());
    }
    members.insert(RESULTS.to_owned(), results.into());
    Ok(Cow::Owned(Value::Object(members).into()))
}
