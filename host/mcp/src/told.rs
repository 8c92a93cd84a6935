//! Errors, as an agent may read them.

use std::sync::Arc;

use stockade::Fault;

/// Is told the errors of which a client is told little, for they may speak of the inside.
pub(crate) type Told = Arc<dyn Fn(&Fault) + Send + Sync>;

/// What is told in place of a message that may speak of the inside: of paths, of databases.
const INSIDE: &str = "the host could not do this; its operator can read why";

/// Returns what a client is told of a fault.
pub(crate) fn words(fault: &Fault) -> &str {
    if fault.kind.is_of_the_inside() { INSIDE } else { &fault.message }
}
