use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use stockade_workflow::{RunId, Status, WaitingFor};

use crate::Summary;

/// Which runs a list has, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Runs in one of these states; in any where none is named.
    pub status: Vec<Status>,
    /// These runs alone; any where the list is absent.
    pub runs: Option<Vec<RunId>>,
    /// Runs of this workflow.
    pub workflow: Option<String>,
    /// The run that was started under this key.
    pub start_key: Option<String>,
    /// Runs that were started with all of these labels.
    pub labels: BTreeMap<String, String>,
    /// Runs whose labels of these names have none of these values. A run without a label has the empty value of it.
    pub labels_besides: BTreeMap<String, BTreeSet<String>>,
    /// Runs that wait for one of these; any where none is named.
    pub waiting_for: BTreeSet<WaitingFor>,
    /// Runs that were created at this time or later, in milliseconds since the Unix epoch.
    pub since_ms: Option<u64>,
    /// Runs whose line changed last at this time or later.
    pub changed_since_ms: Option<u64>,
    /// Runs whose line changed last at this time or before.
    pub unchanged_since_ms: Option<u64>,
    /// What they are sorted by.
    pub sort: Sort,
    /// Whether the last one comes first.
    pub reverse: bool,
    /// Runs after this one, in their order: the last one of the page before.
    pub after: Option<PageEnd>,
    /// No more runs than this.
    pub limit: Option<usize>,
    /// Leaves out the runs of a database that cannot be reached, where a journal is in several and another one answers. Without it,
    /// such a journal fails.
    pub reachable: bool,
}

/// What a list of runs is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By when they were created: the oldest first.
    #[default]
    Started,
    /// By when their line changed last: the one that has stood as it does for longest first.
    Changed,
}

/// The place of a run in a list: where a page ends, and the next one begins behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageEnd {
    /// The run.
    pub run: RunId,
    /// When its line changed last, as the page had it; not looked at where runs are sorted by when they were created.
    pub updated_ms: u64,
}

impl From<&Summary> for PageEnd {
    fn from(summary: &Summary) -> Self {
        Self { run: summary.run_id, updated_ms: summary.updated_ms }
    }
}

impl Sort {
    /// What tells the order of two runs.
    fn rank(self, PageEnd { run, updated_ms }: PageEnd) -> (u64, RunId) {
        match self {
            Self::Started => (0, run),
            Self::Changed => (updated_ms, run),
        }
    }
}

impl Filter {
    /// Returns whether it lets a run through, if there is room.
    pub fn lets(&self, summary: &Summary) -> bool {
        let (run, changed_ms) = (summary.run_id, summary.updated_ms);
        (self.status.is_empty() || self.status.contains(&summary.status))
            && self.runs.as_ref().is_none_or(|runs| runs.contains(&run))
            && self.workflow.as_ref().is_none_or(|workflow| *workflow == summary.workflow)
            && (self.start_key.is_none() || self.start_key == summary.start_key)
            && self.labels.iter().all(|(name, value)| summary.labels.get(name) == Some(value))
            && self.labels_besides.iter().all(|(name, values)| {
                !values.contains(summary.labels.get(name).map(String::as_str).unwrap_or_default())
            })
            && (self.waiting_for.is_empty() || !self.waiting_for.is_disjoint(&summary.waiting_for))
            && self.since_ms.is_none_or(|since_ms| *run.as_bytes() >= first_created_at(since_ms))
            && self.changed_since_ms.is_none_or(|since_ms| changed_ms >= since_ms)
            && self.unchanged_since_ms.is_none_or(|since_ms| changed_ms <= since_ms)
            && self.after.is_none_or(|after| self.order(after, summary.into()) == Ordering::Less)
    }

    /// Returns which of two runs comes first.
    pub fn order(&self, one: PageEnd, other: PageEnd) -> Ordering {
        let order = self.sort.rank(one).cmp(&self.sort.rank(other));
        if self.reverse { order.reverse() } else { order }
    }
}

/// Returns the least id of a run that was created at this time: an id is a UUID of version 7, which begins with it.
pub(crate) fn first_created_at(created_ms: u64) -> [u8; size_of::<RunId>()] {
    let mut id = [0; size_of::<RunId>()];
    let created_ms = created_ms.min((1 << 48) - 1).to_be_bytes();
    id.iter_mut().zip(created_ms.iter().skip(2)).for_each(|(to, from)| *to = *from);
    id
}
