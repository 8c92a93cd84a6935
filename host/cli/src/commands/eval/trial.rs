//! One run of a case, from its start to the opinions of its judges.

use serde_json::Value;
use stockade::patterns::Agent;
use stockade::{Budget, Decision, Fault, Host, Kind, Run, RunState, Status, Usage};

use crate::commands::agent;
use crate::eval::{Answer, Attempt, Case, Evidence, Judge, Opinion, Subject};

/// The name of the decider in the journal.
const BY: &str = "eval";

/// How often a run may ask a person. Its budget ends it long before.
const DECISIONS_MAX: usize = 1_000;

/// Runs a case once.
pub(super) async fn trial(host: &Host, subject: &Subject, case: &Case) -> Attempt {
    let run = match start(host, subject, case).await {
        Ok(run) => run,
        Err(fault) => return Attempt::unknown(None, fault),
    };
    let id = run.id();
    let evidence = match settled(host, run, case.answer).await {
        Ok(evidence) => evidence,
        Err(fault) => return Attempt::unknown(Some(id), fault),
    };
    let mut opinions = Vec::new();
    for judge in &case.judges {
        opinions.push(opinion(host, judge, &case.input, &evidence).await);
    }
    Attempt::checked(case, id, &evidence).judged(case, opinions)
}

async fn start(host: &Host, subject: &Subject, case: &Case) -> stockade::Result<Run> {
    match subject {
        Subject::Workflow(name) => host.start(name, case.input(subject, &[]), case.budget(Budget::default())).await,
        Subject::Agent(spec) => {
            let ask = asking(host, &spec.tools)?;
            host.start(Agent::NAME, case.input(subject, &ask), case.budget(agent::budget())).await
        }
    }
}

/// Returns the tools before whose calls an agent asks, as under `stockade agent`.
fn asking<'a>(host: &Host, tools: &'a [String]) -> stockade::Result<Vec<&'a str>> {
    let mut ask = Vec::new();
    for tool in tools {
        if host.agent_asks(tool)? {
            ask.push(tool.as_str());
        }
    }
    Ok(ask)
}

/// Waits until a run settles, and decides in place of a person.
async fn settled(host: &Host, mut run: Run, answer: Answer) -> stockade::Result<Evidence> {
    let id = run.id();
    for _ in 0..DECISIONS_MAX {
        run.settled().await?;
        let entries = host.entries(id).await?;
        let state = RunState::fold(id, &entries)?;
        let decision = match (state.open_approval(), answer) {
            (Some(asked), Answer::Yes) if state.status() == Status::Waiting => (asked, Decision::approve(BY)),
            (Some(asked), Answer::No) if state.status() == Status::Waiting => (asked, Decision::deny(BY)),
            _ => {
                host.flush().await;
                return Ok(Evidence::of(&state, &entries));
            }
        };
        let (asked, decision) = decision;
        run = host.decide(&asked.id(id), &asked.digest(), decision).await?;
    }
    Err(Fault::new(Kind::Agent, format!("run {id} asked a person more than {DECISIONS_MAX} times")))
}

/// Asks a judge in a run of its own. A run without an output cannot be judged.
async fn opinion(host: &Host, judge: &Judge, input: &Value, evidence: &Evidence) -> (stockade::Result<Opinion>, Usage) {
    if evidence.status != Status::Done {
        let message = format!("the run is {}, so there is no output to judge", evidence.status);
        return (Err(Fault::new(Kind::Conflict, message)), Usage::default());
    }
    let asked = async {
        let run = host.start(Agent::NAME, judge.question(input, &evidence.output), Judge::budget()).await?;
        settled(host, run, Answer::Never).await
    };
    match asked.await {
        Ok(answer) => (answered(&answer), answer.usage),
        Err(fault) => (Err(fault), Usage::default()),
    }
}

fn answered(answer: &Evidence) -> stockade::Result<Opinion> {
    match &answer.error {
        Some(fault) => Err(fault.clone().reworded(|why| format!("the judge did not answer: {why}"))),
        None => Opinion::of(&answer.output),
    }
}
