//! Finds the typed error among what a failed command reports.

use std::io;

use anyhow::Error;
use stockade::{Fault, Kind};

/// Returns the typed error behind an error, with the whole chain as its message. Its kind decides on the exit code.
pub(crate) fn fault(error: &Error) -> Fault {
    let fault = error.downcast_ref::<Fault>().cloned();
    fault.unwrap_or_else(|| Fault::new(kind(error), "")).reworded(|_| format!("{error:#}"))
}

/// The kind of an error that no library of ours made: of a file that a person named, or a bug.
fn kind(error: &Error) -> Kind {
    error.root_cause().downcast_ref::<io::Error>().map_or(Kind::HostBug, Kind::of_file)
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;
    use stockade::Hint;

    use super::*;
    use crate::exit::Exit;

    fn system(kind: io::ErrorKind) -> anyhow::Result<()> {
        Err(io::Error::new(kind, "so the system says").into())
    }

    #[test]
    fn a_typed_error_keeps_its_kind_under_a_context() {
        let typed = Fault::new(Kind::NotFound, "there is no run \"7\"").detail("run_id").hint(Hint::ListRuns);
        let error = Error::from(typed).context("the run cannot be shown");
        let fault = fault(&error);
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::NotFound, Some("run_id")));
        assert_eq!(fault.message, "the run cannot be shown: there is no run \"7\"");
        assert_eq!(fault.hint, Some(Box::new(Hint::ListRuns)));
    }

    #[test]
    fn a_context_may_be_the_typed_error() {
        let error = system(io::ErrorKind::NotFound).context(Fault::invalid("data_dir", "\"a\" cannot be written"));
        let fault = fault(&error.unwrap_err());
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("data_dir")));
        assert_eq!(fault.message, "\"a\" cannot be written: so the system says");
    }

    #[test]
    fn an_error_of_a_file_has_an_exit_code_too() {
        let exit = |kind| Exit::of_fault(&fault(&system(kind).context("\"a\" cannot be read").unwrap_err()));
        use io::ErrorKind::{AlreadyExists, InvalidData, NotFound, PermissionDenied};
        let exits = [NotFound, AlreadyExists, InvalidData, PermissionDenied].map(exit);
        assert_eq!(exits, [Exit::NotFound, Exit::Conflict, Exit::Usage, Exit::Usage]);
        assert_eq!(fault(&anyhow::anyhow!("no such kind")).kind, Kind::HostBug);
    }
}
