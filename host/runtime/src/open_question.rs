//! The questions that wait for a person, each with its run and with how long it has waited.

use std::collections::BTreeMap;

use serde::Serialize;
use stockade_workflow::{Change, Kind, RunId, RunState, WaitingFor};

use crate::{ApprovalView, Filter, Host, Listing, Report, Result, Summary, Unreadable};

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

impl Host {
    /// Returns the questions that wait for a person, as they are shown, oldest run first. Only the runs that have one
    /// are read; one that cannot be is named.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn open_questions(&self) -> Result<Listing<OpenQuestion>> {
        let mut listing = Listing::default();
        let asks = Filter { waiting_for: [WaitingFor::Person].into(), ..Filter::default() };
        for summary in &self.runs(&asks).await? {
            match self.open_questions_of(summary).await {
                Ok(questions) => listing.found.extend(questions),
                // It was removed meanwhile.
                Err(fault) if fault.kind == Kind::NotFound => {}
                Err(fault) => listing.unreadable.push(Unreadable::run(summary.run_id, fault)),
            }
        }
        Ok(listing)
    }

    async fn open_questions_of(&self, summary: &Summary) -> Result<Vec<OpenQuestion>> {
        let state = self.state(summary.run_id).await?;
        if state.open_approvals().next().is_none() {
            return Ok(Vec::new());
        }
        let (report, asked_ms) = (Report::from(&state), self.asked_ms(&state).await?);
        let now_ms = self.services.clock.now_ms();
        let question = |approval: ApprovalView| OpenQuestion {
            run_id: report.run_id,
            workflow: report.workflow.clone(),
            waits_ms: asked_ms.get(&approval.key).map_or(0, |asked_ms| now_ms.saturating_sub(*asked_ms)),
            approval,
        };
        Ok(report.approvals.iter().filter(|approval| approval.is_open()).cloned().map(question).collect())
    }

    /// Returns when each question of a run was put, by its key: only the entries know it of all formats.
    async fn asked_ms(&self, state: &RunState) -> Result<BTreeMap<String, u64>> {
        let (mut asked_ms, mut seq) = (BTreeMap::new(), 0);
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
