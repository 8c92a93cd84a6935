//! The options that say which runs a command means.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use clap::Args;
use stockade::{Clock, Fault, Filter, Status, WaitingFor};

use crate::amounts;

/// Which runs are meant: those that all of these options let through.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RunFilter {
    /// Only runs of this status: running, interrupted, waiting, suspended, paused, done, failed or stopped; can be repeated
    #[arg(long)]
    pub(crate) status: Vec<Status>,
    /// Only runs of this workflow
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// Only runs whose status, and what they wait for, has not changed for this time, as in 12h or 30d
    #[arg(long, value_name = "TIME", value_parser = amounts::ago)]
    pub(crate) older: Option<u64>,
    /// Only runs whose status, or what they wait for, changed within this time
    #[arg(long, value_name = "TIME", value_parser = amounts::ago)]
    newer: Option<u64>,
    /// Only runs that started within this time, as in 45m, 2h or 3d
    #[arg(long, value_name = "TIME", value_parser = amounts::ago)]
    since: Option<u64>,
    /// Only runs that were started with this label; can be repeated, then with all of them
    #[arg(long, value_name = "NAME=VALUE")]
    label: Vec<RunLabel>,
    /// Only the run that was started under this key
    #[arg(long)]
    key: Option<String>,
    /// Only runs that wait for this: person, settlement, signal, result, runs, time, budget or
    /// resume; can be repeated
    #[arg(long, value_name = "WHAT")]
    waiting_for: Vec<WaitingFor>,
    /// Only runs that wait for a person: for a decision, or a settlement
    #[arg(long)]
    needs_me: bool,
}

impl RunFilter {
    /// Returns it as the library takes it, at this moment.
    ///
    /// # Errors
    ///
    /// A label has two values, which no run has.
    pub(crate) fn filter(&self) -> Result<Filter, Fault> {
        let now_ms = Clock::default().now_ms();
        let at = |ago: Option<u64>| ago.map(|ago| now_ms.saturating_sub(ago));
        Ok(Filter {
            status: self.status.clone(),
            workflow: self.workflow.clone(),
            start_key: self.key.clone(),
            labels: labels(&self.label)?,
            waiting_for: self.waiting_for(),
            since_ms: at(self.since),
            changed_since_ms: at(self.newer),
            unchanged_since_ms: at(self.older),
            ..Filter::default()
        })
    }

    fn waiting_for(&self) -> BTreeSet<WaitingFor> {
        let mut waiting_for: BTreeSet<_> = self.waiting_for.iter().copied().collect();
        if self.needs_me {
            waiting_for.extend(WaitingFor::OF_PEOPLE);
        }
        waiting_for
    }
}

/// A label of a run, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunLabel {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl FromStr for RunLabel {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let wrong = || Fault::invalid("label", format!("\"{text}\" is not a label; write NAME=VALUE"));
        let (name, value) = text.split_once('=').ok_or_else(wrong)?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// Returns labels by their names.
///
/// # Errors
///
/// Kind [`Invalid`](stockade::Kind::Invalid) with detail `label` where one has two values: a run has one.
pub(crate) fn labels(given: &[RunLabel]) -> Result<BTreeMap<String, String>, Fault> {
    let mut labels = BTreeMap::new();
    for RunLabel { name, value } in given {
        let before = labels.insert(name.clone(), value.clone());
        if let Some(before) = before.filter(|before| before != value) {
            let message = format!(
                "label \"{name}\" is given twice, as \"{before}\" and as \"{value}\"; a run has one value of a label"
            );
            return Err(Fault::invalid("label", message));
        }
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_name_and_a_value() {
        let label = |name: &str, value: &str| Ok(RunLabel { name: name.to_owned(), value: value.to_owned() });
        assert_eq!(("a=b=c".parse(), "a=".parse()), (label("a", "b=c"), label("a", "")));
        let given = |texts: &[&str]| labels(&texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>());
        assert_eq!(given(&["a=1", "b=2", "a=1"]).unwrap().len(), 2, "twice the same is no contradiction");
        assert!(given(&["a=1", "a=2"]).unwrap_err().message.contains("as \"1\" and as \"2\""));
        assert_eq!("a".parse::<RunLabel>().unwrap_err().message, "\"a\" is not a label; write NAME=VALUE");
    }
}
