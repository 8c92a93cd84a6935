use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Budget, Carried, Currency, Fault, Json, Kind, RunId, Stop, Usage};

/// The most runs that one effect starts.
pub const CHILDREN_MAX: usize = 1_000;

/// The most runs that one run has started and that have not ended: each is driven by itself.
pub const CHILDREN_AT_ONCE_MAX: u32 = 256;

/// The longest output of a run of which the run hears that has started it, in bytes of JSON: it keeps that of each.
pub const CHILD_OUTPUT_BYTES_MAX: usize = 64 << 10;

/// The longest inputs of all runs of one effect together, in bytes of JSON: the effect is one part of an entry.
const INPUTS_BYTES_MAX: usize = 8 << 20;

/// Runs of a workflow that a run starts, each with a journal and a budget of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildRuns {
    /// The workflow.
    pub workflow: String,
    /// The inputs: one run for each, in this order.
    pub inputs: Vec<Json>,
    /// What each of them may spend. The run sets it aside for all of them before the first one starts.
    pub budget: Budget,
    /// How many of them may have started and not ended at the same time; the others wait in a queue.
    pub at_once: u32,
    /// What becomes of the others where one of them does not end well.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// What becomes of those that have not ended where the run no longer waits for them.
    #[serde(default)]
    pub on_close: OnClose,
    /// The labels by which they are found, beside those of the run that starts them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// What becomes of the other runs of an effect where one fails or is stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// They go on: the effect ends once all have ended.
    #[default]
    Collect,
    /// Those that have not started are not started, and those that have not ended are stopped.
    Stop,
}

/// What becomes of runs that have not ended where the run that has started them ends, or their effect does at its deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnClose {
    /// They are stopped.
    #[default]
    Stop,
    /// They go on by themselves.
    Leave,
}

/// One of the runs of an effect that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildRun {
    /// The run; absent where none was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// How it ended.
    pub end: ChildEnd,
}

/// How a run ended that another one has started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildEnd {
    /// With its output.
    Done(Json),
    /// With the fault that it could not get past, or because of which it could not start.
    Failed(Fault),
    /// It was stopped by this person or program.
    Stopped(Stop),
    /// It was not started: another one did not end well, or the deadline came first.
    NotStarted,
    /// It has not ended: the deadline came first.
    Alive,
}

/// How the runs of an effect ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunsEnded {
    /// None of them is left. Each in the order of the inputs, however it ended.
    Ended(Vec<ChildRun>),
    /// The deadline of the effect came first.
    TimedOut {
        /// When the host saw so, in milliseconds since the Unix epoch.
        at_ms: u64,
        /// Each of them in the order of the inputs, as it was then.
        children: Vec<ChildRun>,
    },
    /// None was started.
    Failed(Fault),
}

/// The end of a run, as the run hears of it that has started it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedChild {
    /// The key of the effect.
    pub key: String,
    /// Which of its runs this is, from 0.
    pub number: usize,
    /// The run; absent where it could not start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// How it ended.
    pub end: ChildEnd,
    /// What it has spent.
    pub used: Usage,
    /// What its output carries.
    #[serde(default)]
    pub carried: Carried,
}

/// A run that another one has started, as that one knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child<'a> {
    /// The key of the effect.
    pub key: &'a str,
    /// Which of its runs this is, from 0.
    pub number: usize,
    /// The run; absent where it could not start.
    pub run: Option<RunId>,
    /// How it ended, if it has ended.
    pub end: Option<&'a ChildEnd>,
}

/// How many of the runs of an effect have not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RunsLeft {
    /// Those that have not ended, and may not have started.
    pub left: usize,
    /// All of them.
    pub of: usize,
}

impl ChildRuns {
    /// One run for each of these inputs, all of them at once.
    pub fn new(workflow: impl Into<String>, inputs: impl IntoIterator<Item = Value>, budget: Budget) -> Self {
        let inputs: Vec<_> = inputs.into_iter().map(Json::from).collect();
        let at_once = u32::try_from(inputs.len()).unwrap_or(u32::MAX).clamp(1, CHILDREN_AT_ONCE_MAX);
        let (workflow, labels) = (workflow.into(), BTreeMap::new());
        let (on_failure, on_close) = (OnFailure::default(), OnClose::default());
        Self { workflow, inputs, budget, at_once, on_failure, on_close, labels }
    }

    /// Lets no more than so many of them go on at the same time.
    #[must_use]
    pub fn at_once(self, at_once: u32) -> Self {
        Self { at_once, ..self }
    }

    /// Says what becomes of the others where one of them does not end well.
    #[must_use]
    pub fn on_failure(self, on_failure: OnFailure) -> Self {
        Self { on_failure, ..self }
    }

    /// Says what becomes of those that have not ended where the run no longer waits for them.
    #[must_use]
    pub fn on_close(self, on_close: OnClose) -> Self {
        Self { on_close, ..self }
    }

    /// Gives them a label, by which they are found.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    /// Checks that they can be started, as far as they themselves say.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `runs`: too many or none, too many at once, inputs that are too long. With detail
    /// `budget`: one without which no run begins, or more of a currency than can be counted.
    pub fn validate(&self) -> Result<(), Fault> {
        let (runs, bytes) = (self.inputs.len(), self.inputs.iter().map(|input| input.text().len()).sum::<usize>());
        if runs == 0 || runs > CHILDREN_MAX {
            return Err(invalid(format!("an effect starts 1 to {CHILDREN_MAX} runs, and this one {runs}")));
        }
        if self.at_once == 0 || self.at_once > CHILDREN_AT_ONCE_MAX {
            let at_once = self.at_once;
            return Err(invalid(format!("1 to {CHILDREN_AT_ONCE_MAX} runs go on at once, and not {at_once}")));
        }
        if bytes > INPUTS_BYTES_MAX {
            let message = format!("the inputs are {bytes} bytes of JSON, and {INPUTS_BYTES_MAX} are allowed");
            return Err(invalid(message));
        }
        self.total().map(drop)
    }

    /// Returns what all of them may spend together; of memory, each the same peak.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `budget`, which names the currency.
    pub fn total(&self) -> Result<Usage, Fault> {
        for currency in [Currency::Steps, Currency::Journal] {
            if self.budget.get(currency) == 0 {
                let name = currency.name();
                let message = format!(
                    "the budget of each run of workflow \"{}\" has no \"{name}\", without which none begins",
                    self.workflow
                );
                return Err(Fault::invalid("budget", message));
            }
        }
        Currency::ALL.into_iter().try_fold(Usage::NONE, |sum, currency| {
            let all = self.all_of(currency).ok_or_else(|| self.uncountable(currency))?;
            Ok(sum.with(currency, all))
        })
    }

    fn all_of(&self, currency: Currency) -> Option<u64> {
        let each = self.budget.get(currency);
        // A peak is not used up: each run may reach the whole of it.
        let runs = if currency == Currency::Memory { 1 } else { self.inputs.len() as u64 };
        each.checked_mul(runs)
    }

    fn uncountable(&self, currency: Currency) -> Fault {
        let (runs, each) = (self.inputs.len(), currency.written(self.budget.get(currency)));
        let message = format!("{each} of \"{}\" for each of {runs} runs is more than can be counted", currency.name());
        Fault::invalid("budget", message)
    }

    /// What each of them may spend.
    pub(crate) fn each(&self) -> Usage {
        Currency::ALL.into_iter().fold(Usage::NONE, |sum, currency| sum.with(currency, self.budget.get(currency)))
    }

    /// What is lent to all of them: a peak is not.
    pub(crate) fn lent(&self) -> Usage {
        let all = |currency| self.all_of(currency).unwrap_or(u64::MAX);
        let sum = Currency::ALL.into_iter().fold(Usage::NONE, |sum, currency| sum.with(currency, all(currency)));
        sum.with(Currency::Memory, 0)
    }
}

fn invalid(message: String) -> Fault {
    Fault::invalid("runs", message)
}

impl ChildEnd {
    /// Returns whether it ended with an output.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// Returns the output, if it ended with one.
    pub fn output(&self) -> Option<&Json> {
        match self {
            Self::Done(output) => Some(output),
            Self::Failed(_) | Self::Stopped(_) | Self::NotStarted | Self::Alive => None,
        }
    }

    /// Returns one word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Failed(_) => "failed",
            Self::Stopped(_) => "stopped",
            Self::NotStarted => "not_started",
            Self::Alive => "alive",
        }
    }
}

impl RunsEnded {
    /// Returns the runs, in the order of the inputs; none where none could be started.
    pub fn children(&self) -> &[ChildRun] {
        match self {
            Self::Ended(children) | Self::TimedOut { children, .. } => children,
            Self::Failed(_) => &[],
        }
    }

    /// Returns why none was started, if none was.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Ended(_) | Self::TimedOut { .. } => None,
            Self::Failed(fault) => Some(fault),
        }
    }

    /// Returns how much memory it takes, about.
    pub fn memory_bytes(&self) -> u64 {
        self.children().iter().filter_map(|child| child.end.output()).map(|output| output.text().len() as u64).sum()
    }

    /// Returns the runs as JSON, of which what undoes them can take a part.
    pub(crate) fn value(&self) -> Value {
        json!(self.children())
    }
}

impl fmt::Display for RunsLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { of: 1, .. } => f.write_str("for 1 run"),
            Self { left, of } => write!(f, "for {left} of {of} runs"),
        }
    }
}

/// The fault of an output that is too long, or nests too deeply, for the run to hear that has started the one that ended
/// with it.
pub fn unheard_output(run: RunId, limit: &str, allowed: u64, used: u64) -> Fault {
    let message = format!(
        "run {run} is done, and its output is too large for the run that has started it: its {limit} is {used}, and \
         {allowed} is allowed; the journal of run {run} has all of it"
    );
    Fault::limit(Kind::Output, limit, allowed, used, message).detail("child")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(number: usize) -> ChildRuns {
        ChildRuns::new("w", (0..number).map(Value::from), Budget::default())
    }

    fn refused(runs: &ChildRuns) -> (Option<String>, String) {
        let fault = runs.validate().unwrap_err();
        assert_eq!(fault.kind, Kind::Invalid);
        (fault.detail, fault.message)
    }

    #[test]
    fn runs_that_cannot_be_started_are_refused_by_what_is_wrong() {
        assert_eq!(runs(CHILDREN_MAX).validate(), Ok(()));
        assert_eq!(runs(CHILDREN_MAX).at_once, CHILDREN_AT_ONCE_MAX);
        for wrong in [runs(0), runs(CHILDREN_MAX + 1), runs(1).at_once(0), runs(1).at_once(CHILDREN_AT_ONCE_MAX + 1)] {
            assert_eq!(refused(&wrong).0.as_deref(), Some("runs"), "{wrong:?}");
        }
        let long = ChildRuns::new("w", ["x".repeat(INPUTS_BYTES_MAX).into()], Budget::default());
        assert!(refused(&long).1.contains("8388610 bytes"));
        for currency in [Currency::Steps, Currency::Journal] {
            let none = ChildRuns { budget: Budget::default().with(currency, 0), ..runs(2) };
            let (detail, message) = refused(&none);
            assert!(detail.as_deref() == Some("budget") && message.contains(currency.name()), "{message}");
        }
        let many = ChildRuns { budget: Budget::default().fuel(u64::MAX / 2 + 1), ..runs(2) };
        assert!(refused(&many).1.contains("\"fuel\""));
    }

    #[test]
    fn the_sum_of_the_budgets_is_what_all_may_spend_and_one_peak_of_memory() {
        let total = runs(3).total().unwrap();
        let each = Budget::default();
        for currency in Currency::ALL {
            let runs = if currency == Currency::Memory { 1 } else { 3 };
            assert_eq!(total.get(currency), runs * each.get(currency), "{}", currency.name());
        }
        assert_eq!(runs(3).lent(), total.with(Currency::Memory, 0));
    }

    #[test]
    fn how_runs_ended_is_read_as_it_was_written() {
        let run = Some(RunId::from_bytes([7; 16]));
        let ends = [
            ChildEnd::Done(Value::Null.into()),
            ChildEnd::Failed(Fault::new(Kind::Fuel, "no more")),
            ChildEnd::Stopped(Stop::by("dana")),
            ChildEnd::NotStarted,
            ChildEnd::Alive,
        ];
        let children: Vec<_> = ends.map(|end| ChildRun { run, end }).into();
        for ended in [
            RunsEnded::Ended(children.clone()),
            RunsEnded::TimedOut { at_ms: 5, children },
            RunsEnded::Failed(Fault::new(Kind::NotFound, "there is no such workflow")),
        ] {
            let text = serde_json::to_string(&ended).unwrap();
            assert_eq!(serde_json::from_str::<RunsEnded>(&text).unwrap(), ended, "{text}");
        }
    }
}
