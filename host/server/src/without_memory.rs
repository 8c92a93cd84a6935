//! The memory of a server that is built without one.

use stockade::Fault;

use crate::problem::Problem;

pub(crate) async fn list() -> Problem {
    off()
}

pub(crate) async fn search() -> Problem {
    off()
}

pub(crate) async fn keep() -> Problem {
    off()
}

pub(crate) async fn forget() -> Problem {
    off()
}

fn off() -> Problem {
    Fault::invalid("feature", "this server is built without the feature `memory`").into()
}
