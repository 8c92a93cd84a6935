//! The queues of runs.

use stockade_workflow::{Fault, Origin};

use crate::Result;

/// The name of the label that says in which queue a run is: a [`Worker`](crate::Worker) may take the runs of some queues alone.
pub const QUEUE: &str = "queue";

/// Checks the name of a queue.
///
/// # Errors
///
/// Kind [`Invalid`](crate::Kind::Invalid) with detail `queue` where it is empty, or has a comma, which parts the queues that a
/// worker is given.
pub fn check_queue(name: &str) -> Result<()> {
    let why = match name {
        "" => "is empty",
        _ if name.contains(',') => "has a comma, which stands between queues",
        _ => return Ok(()),
    };
    Err(Fault::invalid("queue", format!("the queue's name \"{name}\" {why}; name one queue, as in refunds")))
}

/// Checks the queue of a new run, if it is in one.
pub(crate) fn check_queue_of(origin: &Origin) -> Result<()> {
    origin.labels.get(QUEUE).map_or(Ok(()), |name| check_queue(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_has_a_name_without_a_comma() {
        for (name, why) in [("", "is empty"), ("a,b", "has a comma"), (",", "has a comma")] {
            let fault = check_queue(name).unwrap_err();
            assert!(fault.message.contains(why) && fault.message.contains(&format!("\"{name}\"")), "{fault}");
        }
        check_queue("refunds").unwrap();
        check_queue_of(&Origin::default()).unwrap();
    }
}
