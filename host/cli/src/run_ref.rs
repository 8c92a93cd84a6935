use std::str::FromStr;

use stockade::{Exec, Fault, Filter, Hint, Host, Kind, RunId};

use crate::follow_up::named;

/// The longest id, with its dashes.
const LETTERS_MAX: usize = 36;

/// The fewest letters of an id that a list shows.
const SHORT_LETTERS_MIN: usize = 8;

/// How many runs an error lists.
const LISTED_MAX: usize = 8;

/// A run as a person names it: its id, or the beginning of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunRef(String);

impl FromStr for RunRef {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let is_id = |text: &str| text.chars().all(|letter| letter.is_ascii_hexdigit() || letter == '-');
        if !text.is_empty() && text.len() <= LETTERS_MAX && is_id(text) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(Fault::invalid("run_id", format!("\"{text}\" is not a run's id; {} lists them", named("runs"))))
    }
}

impl RunRef {
    /// Finds the run.
    ///
    /// # Errors
    ///
    /// No run has an id that begins so, or several have.
    pub(crate) async fn find(&self, host: &Host) -> stockade::Result<RunId> {
        if let Some(run) = self.whole() {
            return Ok(run);
        }
        let runs = host.runs(&Filter::default()).await?;
        self.among(&runs.iter().map(|summary| summary.run_id).collect::<Vec<_>>())
    }

    /// Returns the run if the whole id is given.
    pub(crate) fn whole(&self) -> Option<RunId> {
        self.0.parse().ok()
    }

    /// Finds the run among these.
    ///
    /// # Errors
    ///
    /// As [`RunRef::find`].
    pub(crate) fn among(&self, runs: &[RunId]) -> stockade::Result<RunId> {
        let begins: Vec<_> = runs.iter().filter(|run| run.to_string().starts_with(&self.0)).collect();
        match begins.as_slice() {
            [run] => Ok(**run),
            [] => {
                let fault = Fault::new(Kind::NotFound, format!("there is no run \"{}\"", self.0));
                Err(fault.detail("run_id").hint(Hint::ListRuns))
            }
            [..] => Err(self.ambiguous(&begins)),
        }
    }

    fn ambiguous(&self, begins: &[&RunId]) -> Fault {
        let mut listed: Vec<_> = begins.iter().rev().take(LISTED_MAX).map(ToString::to_string).collect();
        if begins.len() > listed.len() {
            listed.push(format!("{} more", begins.len() - listed.len()));
        }
        let message =
            format!("\"{}\" begins {} runs, so write more of it: {}", self.0, begins.len(), listed.join(", "));
        Fault::invalid("run_id", message)
    }
}

/// A step of a run as a person names it: the run, and the key of the effect.
#[derive(Clone, Debug)]
pub(crate) struct StepRef {
    pub(crate) run: RunRef,
    pub(crate) key: String,
}

impl FromStr for StepRef {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let (run, key) = text.split_once('/').unwrap_or((text, Exec::KEY));
        Ok(Self { run: run.parse()?, key: key.to_owned() })
    }
}

/// Returns how many letters of their ids tell all these runs apart.
pub(crate) fn letters(runs: &[RunId]) -> usize {
    let mut ids: Vec<_> = runs.iter().map(ToString::to_string).collect();
    ids.sort();
    let alike = |pair: &[String]| match pair {
        [a, b] => a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count(),
        _ => 0,
    };
    ids.windows(2).map(alike).max().map_or(SHORT_LETTERS_MIN, |alike| (alike + 1).max(SHORT_LETTERS_MIN))
}

/// Returns when a run was started, in milliseconds since the Unix epoch: its id contains the time.
pub(crate) fn started_ms(run: RunId) -> u64 {
    let [a, b, c, d, e, f, ..] = *run.as_bytes();
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str) -> RunId {
        id.parse().unwrap()
    }

    #[test]
    fn the_beginning_of_an_id_names_the_only_run_that_begins_so() {
        let ids = ["01a2050d-bf9d-757d-8ee0-cb207a02d5da", "01a2050d-bfa0-7000-8000-000000000000"].map(run);
        let find = |text: &str| text.parse::<RunRef>().unwrap().among(&ids);
        assert_eq!(find("01a2050d-bf9").unwrap(), ids[0]);
        assert_eq!(find("01A2050D-BFA").unwrap(), ids[1]);
        let ambiguous = find("01a2050d").unwrap_err();
        assert!(ambiguous.message.contains("begins 2 runs") && ambiguous.message.contains(&ids[0].to_string()));
        assert_eq!(find("02").unwrap_err().kind, Kind::NotFound);
        for wrong in ["", "12-nope", "01a2050d-bf9d-757d-8ee0-cb207a02d5da0", "%"] {
            assert!(wrong.parse::<RunRef>().unwrap_err().message.contains("is not a run's id"), "{wrong}");
        }
    }

    #[test]
    fn a_short_id_tells_runs_apart() {
        let ids = ["01a2050d-bf9d-757d-8ee0-cb207a02d5da", "01a2050d-bfa0-7000-8000-000000000000"].map(run);
        assert_eq!((letters(&ids), letters(&ids[..1]), letters(&[])), (12, 8, 8));
        assert_eq!(started_ms(ids[0]), 0x01a2_050d_bf9d);
    }
}
