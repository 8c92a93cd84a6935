//! What the journal's index has for results that tools tell later: which call a token leads to.

use stockade_journal::{Commit, Journal, Row, RowChange, index};
use stockade_workflow::{Fault, Kind, RunId};

use crate::Result;

/// The space of the tokens: the key is the tool and the token, the value is the key of the effect. A row stays as long as its
/// run, so that a result that is told twice is known as one.
const SPACE: &str = "later";

/// The longest token, in bytes: those of payment providers have a hundred at most.
const TOKEN_BYTES_MAX: usize = 256;

/// Lets a token lead to an effect that calls a tool.
///
/// The row is there before the run waits, so that of two calls that get one token, one is refused. What a call leaves behind
/// that is made again after a crash leads to the same effect. `awaited` are the other effects of the run that are in flight, or whose
/// results come later: a token of one that has ended leads to this one from now on.
///
/// # Errors
///
/// Kind [`Kind::Invalid`] with detail `token` where it is empty or too long. Kind [`Kind::Conflict`] with detail `token` where it
/// leads to another call. A journal that fails.
pub(crate) async fn claim(
    journal: &dyn Journal,
    run: RunId,
    key: &str,
    tool: &str,
    token: &str,
    awaited: &[String],
) -> Result<()> {
    check(tool, token)?;
    let row = Row::new(SPACE, index::key([tool, token]), key).of(run);
    let change = match journal.row(SPACE, &row.key).await? {
        None => RowChange::Add(row),
        Some(seen) if seen.tie != row.tie => return Err(taken(tool, token)),
        Some(seen) if seen.value == key => return Ok(()),
        Some(seen) if awaited.contains(&seen.value) => return Err(taken(tool, token)),
        Some(seen) => RowChange::Replace { seen, due_ms: None, value: key.to_owned() },
    };
    match journal.commit(&Commit::of_index(vec![change])).await {
        Err(refused) if refused.detail.as_deref() == Some(SPACE) => Err(taken(tool, token)),
        claimed => claimed,
    }
}

/// Returns the run and the key of the effect to which a token leads.
///
/// # Errors
///
/// Kind [`Kind::NotFound`] with detail `token`. A journal that fails.
pub(crate) async fn find(journal: &dyn Journal, tool: &str, token: &str) -> Result<(RunId, String)> {
    let row = journal.row(SPACE, &index::key([tool, token])).await?;
    row.and_then(|row| Some((row.tie.run()?, row.value))).ok_or_else(|| {
        let message = format!("no run waits for the result of tool \"{tool}\" under the token \"{token}\"");
        Fault::new(Kind::NotFound, message).detail("token").tool(tool)
    })
}

fn check(tool: &str, token: &str) -> Result<()> {
    let (bytes, max) = (token.len(), TOKEN_BYTES_MAX);
    if token.trim().is_empty() || bytes > max {
        let message =
            format!("tool \"{tool}\" tells its result later, under a token of {bytes} bytes; 1 to {max} are allowed");
        return Err(Fault::invalid("token", message).tool(tool));
    }
    Ok(())
}

fn taken(tool: &str, token: &str) -> Fault {
    let message =
        format!("tool \"{tool}\" tells its result later, under the token \"{token}\", which another call has");
    Fault::new(Kind::Conflict, message).detail("token").tool(tool)
}
