use stockade_workflow::Fault;

/// Says that something is not in this build, and the cargo feature with which it is.
pub(crate) fn off(what: &str, feature: &str) -> Fault {
    let message = format!("this build of stockade has no {what}; enable its cargo feature `{feature}`");
    Fault::invalid("feature", message)
}
