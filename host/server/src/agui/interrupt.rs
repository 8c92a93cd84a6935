use std::fmt;
use std::str::FromStr;

use stockade::{Approval, Fault, RunId};

/// The name of an interrupt: of the question, and of what was seen of it, so that an answer is about nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interrupt {
    pub(crate) run: RunId,
    /// The first digits of the question's digest.
    pub(crate) seen: String,
    pub(crate) key: String,
}

impl Interrupt {
    pub(crate) fn new(run: RunId, approval: &Approval) -> Self {
        Self { run, seen: approval.digest().short().to_owned(), key: approval.key.clone() }
    }
}

impl fmt::Display for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, seen, key } = self;
        write!(f, "{run}/{seen}/{key}")
    }
}

impl FromStr for Interrupt {
    type Err = Fault;

    fn from_str(id: &str) -> stockade::Result<Self> {
        let mut parts = id.splitn(3, '/');
        let (Some(run), Some(seen), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Fault::invalid("interrupt", format!("\"{id}\" is not the id of an interrupt of this server")));
        };
        Ok(Self { run: run.parse()?, seen: seen.to_owned(), key: key.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_is_read_as_it_was_written_and_its_key_may_have_slashes() {
        let run = RunId::from_bytes([7; 16]);
        let interrupt = Interrupt { run, seen: "0123456789ab".to_owned(), key: "turn-1/call-1/0".to_owned() };
        assert_eq!(interrupt.to_string().parse::<Interrupt>().unwrap(), interrupt);
        for wrong in ["", "7", "7/0123456789ab/refund", &format!("{run}/0123456789ab")] {
            assert!(wrong.parse::<Interrupt>().is_err(), "{wrong}");
        }
    }
}
