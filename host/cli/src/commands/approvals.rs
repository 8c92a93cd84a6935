use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;
use stockade::{ApprovalView, Change, Clock, Filter, Host, Report, RunId, Status, Summary};

use crate::entries;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::{open_host, pretty, report, text};

/// List the questions of all runs that wait for a person: why, for how long, and how to decide
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade approvals\n  stockade approvals --full")]
pub(crate) struct Approvals {
    /// Show arguments in full, however long they are
    #[arg(long)]
    full: bool,
}

/// An open question of a run.
#[derive(Serialize)]
struct Question {
    run_id: RunId,
    workflow: String,
    /// How long the question has waited.
    waits_ms: u64,
    #[serde(flatten)]
    approval: ApprovalView,
}

impl Approvals {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::reader(globals).await?;
        let mut waiting = Vec::new();
        for summary in host.runs(&Filter::default()).await? {
            match questions(&host, &summary).await {
                Ok(questions) => waiting.extend(questions),
                // The questions of the other runs are still listed.
                Err(fault) => text::print_error(&fault),
            }
        }
        if globals.json {
            pretty::print_json(&waiting);
            return Ok(Exit::Done);
        }
        for Question { run_id, approval, waits_ms, .. } in &waiting {
            report::question(globals, *run_id, approval, Some(*waits_ms), self.full);
        }
        if waiting.is_empty() {
            eprintln!("nothing waits for a person");
        }
        Ok(Exit::Done)
    }
}

async fn questions(host: &Host, summary: &Summary) -> stockade::Result<Vec<Question>> {
    if matches!(summary.status, Status::Done | Status::Failed | Status::Stopped) {
        return Ok(Vec::new());
    }
    let state = host.state(summary.run_id).await?;
    let (report, mut asked_ms) = (Report::from(&state), BTreeMap::new());
    entries::each(host, &state, 0, |entry| {
        if let Change::Asked { approval, .. } | Change::AskedInCode { approval, .. } = &entry.change {
            asked_ms.insert(approval.key.clone(), entry.at_ms);
        }
    })
    .await?;
    let now_ms = Clock::default().now_ms();
    let question = |approval: &ApprovalView| Question {
        run_id: report.run_id,
        workflow: report.workflow.clone(),
        waits_ms: now_ms.saturating_sub(asked_ms.get(&approval.key).copied().unwrap_or_default()),
        approval: approval.clone(),
    };
    Ok(report::open(&report).map(question).collect())
}
