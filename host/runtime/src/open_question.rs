//! The questions that wait for a person, each with its run and with how long it has waited.

use std::collections::BTreeMap;

use serde::Serialize;
use stockade_workflow::{Approval, Change, Kind, RunId, RunState, WaitingFor};

use crate::{ApprovalView, Filter, Host, PageEnd, Result, Summary, Unreadable};

/// The most runs of a page.
const RUNS_MAX: usize = 100;

/// How many entries are read for a page before its last run: beyond that, long runs would make it late.
const ENTRIES_MAX: u64 = 50_000;

/// An open question of a run.
#[derive(Clone, Debug, Serialize)]
pub struct OpenQuestion {
    /// The run.
    pub run_id: RunId,
    /// Its workflow.
    pub workflow: String,
    /// How long the question has waited, in milliseconds.
    pub waits_ms: u64,
    /// The question.
    #[serde(flatten)]
    pub approval: ApprovalView,
}

/// A page of the questions that wait for a person.
#[derive(Clone, Debug, Default)]
pub struct OpenQuestions {
    /// The questions, those of the oldest run first, and all of each run.
    pub found: Vec<OpenQuestion>,
    /// The runs that cannot be read, and are left out.
    pub unreadable: Vec<Unreadable>,
    /// The end of this page, behind which the next one [begins](Filter::after); absent on the last page.
    pub next: Option<PageEnd>,
}

impl Host {
    /// Returns a page of the questions that wait for a person, as they are shown, oldest run first. Only runs that have one are
    /// read; one that cannot be is named.
    ///
    /// Of the runs that wait for a person, those are looked at that a filter lets through. Its [limit](Filter::limit) is the most
    /// runs of the page, of which there are 100 at most; once there are as many questions, or the runs are long, the page ends
    /// earlier. It may have no question, and there may be a next one all the same.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn open_questions(&self, filter: &Filter) -> Result<OpenQuestions> {
        let limit = filter.limit.unwrap_or(RUNS_MAX).clamp(1, RUNS_MAX);
        // One run more tells whether there is another page.
        let waiting_for = [WaitingFor::Person].into();
        let asking = Filter { waiting_for, limit: Some(limit.saturating_add(1)), ..filter.clone() };
        let (mut page, mut entries, mut last) = (OpenQuestions::default(), 0_u64, None);
        for (number, summary) in self.runs(&asking).await?.iter().enumerate() {
            if number == limit || page.found.len() >= limit || entries >= ENTRIES_MAX {
                page.next = last;
                break;
            }
            last = Some(PageEnd::from(summary));
            entries = entries.saturating_add(self.add_questions(summary, &mut page).await?);
        }
        Ok(page)
    }

    /// Adds the open questions of a run to a page, and returns how many entries were read for that.
    async fn add_questions(&self, summary: &Summary, page: &mut OpenQuestions) -> Result<u64> {
        match self.open_questions_of(summary.run_id).await {
            Ok((questions, entries)) => {
                page.found.extend(questions);
                return Ok(entries);
            }
            // It was removed meanwhile.
            Err(fault) if fault.kind == Kind::NotFound => {}
            Err(fault) => page.unreadable.push(Unreadable::run(summary.run_id, fault)?),
        }
        Ok(0)
    }

    /// Returns the open questions of a run, and how many entries it has.
    async fn open_questions_of(&self, run: RunId) -> Result<(Vec<OpenQuestion>, u64)> {
        let state = &self.state(run).await?;
        let asked_ms = self.asked_ms(state).await?;
        let now_ms = self.services.clock.now_ms();
        let waits_ms = |approval: &Approval| {
            let asked_ms = approval.asked_ms.or_else(|| asked_ms.get(&approval.key).copied());
            asked_ms.map_or(0, |asked_ms| now_ms.saturating_sub(asked_ms))
        };
        let question = |approval: &Approval| OpenQuestion {
            run_id: state.run(),
            workflow: state.workflow().to_owned(),
            waits_ms: waits_ms(approval),
            approval: ApprovalView::of(state, approval),
        };
        Ok((state.open_approvals().map(question).collect(), state.seq()))
    }

    /// Returns when each question of a run was put, by its key, where a question does not say so: those of older versions do not,
    /// and only the entries know it.
    async fn asked_ms(&self, state: &RunState) -> Result<BTreeMap<String, u64>> {
        let (mut asked_ms, mut seq) = (BTreeMap::new(), 0);
        if state.open_approvals().all(|approval| approval.asked_ms.is_some()) {
            return Ok(asked_ms);
        }
        while seq < state.seq() {
            let page = self.entries_after(state.run(), seq).await?;
            for entry in page.iter().filter(|entry| entry.seq <= state.seq()) {
                if let Change::Asked { approval, .. } | Change::AskedInCode { approval, .. } = &entry.change {
                    asked_ms.insert(approval.key.clone(), entry.at_ms);
                }
            }
            // A page is empty if the run has been removed.
            seq = page.last().map_or(state.seq(), |entry| entry.seq);
        }
        Ok(asked_ms)
    }
}
