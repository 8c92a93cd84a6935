//! `stockade approve`, `deny`, `edit`, `respond` and `revoke`.

use clap::Args;
use stockade::{Approval, ApprovalId, Decision, Digest, Fault, Host, Json, Kind, Report, RunId};

use crate::exit::Exit;
use crate::follow_up::named;
use crate::globals::{Cassettes, Globals};
use crate::run_ref::RunRef;
use crate::{ask, drive, open_host, read, report};

/// Approve the call that a run waits for, and drive the run on
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  stockade approve RUN --by dana\n  stockade approve RUN approval-2 --seen 3fd1c04e55aa --by dana\n  stockade approve RUN --by dana --remember '{\"user_id\": \"user_789\"}'"
)]
pub(crate) struct Approve {
    #[command(flatten)]
    decide: Decide,
    /// Let the yes hold for later calls of the function in this run too that have these arguments, a JSON object with some of
    /// those of the call; `{}` means any
    #[arg(long, value_name = "JSON")]
    remember: Option<String>,
}

/// Deny the call that a run waits for, and drive the run on
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade deny RUN --by dana --comment \"bought twice before\"")]
pub(crate) struct Deny {
    #[command(flatten)]
    decide: Decide,
}

/// Approve the call that a run waits for with other arguments, and drive the run on
///
/// The arguments are checked as those of any call, and the model is told what you changed.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  stockade edit RUN --input '{\"user_id\": \"user_789\", \"amount_cents\": 4900}' --by dana"
)]
pub(crate) struct Edit {
    #[command(flatten)]
    decide: Decide,
    /// All arguments of the call, as a JSON object; `-` reads it from stdin
    #[arg(long, value_name = "JSON")]
    input: String,
}

/// Answer in place of the tool that a run waits to call, and drive the run on; the call is not made
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade respond RUN --text \"refund half of it\" --by dana")]
pub(crate) struct Respond {
    #[command(flatten)]
    decide: Decide,
    /// The answer, as the model reads it
    #[arg(long, value_name = "TEXT")]
    text: String,
}

/// Take back that a yes holds for later calls of a run too; without a key, list what holds
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade revoke RUN\n  stockade revoke RUN turn-1/ask-1 --by dana")]
pub(crate) struct Revoke {
    /// The run
    run: RunRef,
    /// The key of the question that was approved
    key: Option<String>,
    /// The person who takes it back; by default, the logged-in user
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    cassettes: Cassettes,
}

#[derive(Debug, Args)]
struct Decide {
    /// The run
    run: RunRef,
    /// The key of the question; by default, the only question that the run has ever asked
    key: Option<String>,
    /// The digest of the question as you saw it, or its first twelve digits; a changed question is refused
    #[arg(long, value_name = "DIGEST")]
    seen: Option<String>,
    /// The person who decides
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The reason
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    #[command(flatten)]
    cassettes: Cassettes,
}

impl Approve {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let remember = self.remember.map(|pattern| read::json(&pattern, "remember")).transpose()?;
        let decision = Decision::approve(&self.decide.by).remember(remember.map(Json::from));
        decide(globals, self.decide, decision).await
    }
}

impl Deny {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let decision = Decision::deny(&self.decide.by);
        decide(globals, self.decide, decision).await
    }
}

impl Edit {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let decision = Decision::edit(&self.decide.by, read::json(&self.input, "input")?);
        decide(globals, self.decide, decision).await
    }
}

impl Respond {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let decision = Decision::respond(&self.decide.by, self.text);
        decide(globals, self.decide, decision).await
    }
}

impl Revoke {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let globals = &globals.with(self.cassettes);
        let host = open_host::host(globals).await?;
        let run = self.run.find(&host).await?;
        let Some(key) = self.key else {
            report::remembered(globals, &host.report(run).await?);
            return Ok(Exit::Done);
        };
        let run = host.revoke(&ApprovalId { run, key }, &self.by.unwrap_or_else(ask::user)).await?;
        drive::tell(globals, &host, run).await
    }
}

async fn decide(globals: &Globals, decide: Decide, decision: Decision) -> anyhow::Result<Exit> {
    let globals = &globals.with(decide.cassettes);
    let host = open_host::host(globals).await?;
    let run = decide.run.find(&host).await?;
    let question = host.question(run, decide.key.as_deref()).await;
    let question = match question {
        Ok(question) => question,
        Err(fault) => return Err(shown(globals, &host, run, fault).await.into()),
    };
    let seen = seen(&question, run, decide.seen.as_deref())?;
    let decision = decision.comment(decide.comment);
    match host.decide(&question.id(run), &seen, decision).await {
        Ok(run) => drive::tell(globals, &host, run).await,
        Err(fault) if fault.detail.as_deref() == Some("renewed") => Err(shown(globals, &host, run, fault).await.into()),
        Err(fault) => Err(fault.into()),
    }
}

/// Shows the questions that a refused decision could be about, each with its command.
async fn shown(globals: &Globals, host: &Host, run: RunId, fault: Fault) -> Fault {
    if let Ok(state) = host.state(run).await
        && !globals.json
    {
        report::questions(&Report::from(&state));
    }
    fault
}

/// Returns the digest of a question, if it is the one that the person saw.
fn seen(question: &Approval, run: RunId, seen: Option<&str>) -> stockade::Result<Digest> {
    let digest = question.digest();
    match seen {
        Some(seen) if !digest.is_written(seen) => {
            let key = &question.key;
            let message = format!(
                "question \"{key}\" of run {run} is {}, and \"{seen}\" was seen; {} shows it",
                digest.short(),
                named(&format!("show {run}"))
            );
            Err(Fault::new(Kind::Conflict, message).detail("seen"))
        }
        _ => Ok(digest),
    }
}
