//! Runs of each kind, and all that is to be done for them from outside until they have ended.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use stockade::{
    Budget, ChildRuns, Completion, Currency, Decision, Effect, EffectOutcome, End, Event, Filter, Host, NewRun,
    NewSignal, ReadResult, RunId, RunState, Settlement, Status, Summary, ToolCall, ToolOutcome, Undo,
};

use crate::far_side::{FarSide, LATER, TILL, receipt};
use crate::in_turn::HOUR_MS;
use crate::{Hand, input};

/// The label that says of which playing of a story a run is.
const LABEL: &str = "playing";

/// No playing takes so long by the runtime's clock; one that does is stuck.
const PATIENCE: Duration = Duration::from_secs(120);

const HOUR: Duration = Duration::from_secs(3_600);

/// A run with all that it needs from outside.
pub struct Story {
    /// What it is about.
    pub name: &'static str,
    workflow: &'static str,
    input: fn() -> Value,
    budget: fn() -> Budget,
    /// What a person says who is asked.
    says_yes: bool,
    /// Whether it is sent a signal.
    signal: bool,
    /// Whether a call of it may be in doubt, of which a person finds out.
    doubts: bool,
}

/// A story that asks nothing of anyone.
const PLAIN: Story = Story {
    name: "",
    workflow: "in_turn",
    input: || json!([]),
    budget: Budget::default,
    says_yes: true,
    signal: false,
    doubts: false,
};

/// All stories.
pub static STORIES: [Story; 12] = [
    Story { name: "refund", workflow: "refund", input: || input("user_789"), ..PLAIN },
    Story { name: "refund, too old", workflow: "refund", input: || input("user_456"), ..PLAIN },
    Story { name: "refund, a stranger", workflow: "refund", input: || input("nobody"), ..PLAIN },
    Story { name: "refund, approved", workflow: "refund", input: || input("user_123"), ..PLAIN },
    Story { name: "refund, denied", workflow: "refund", input: || input("user_123"), says_yes: false, ..PLAIN },
    Story {
        name: "refund, suspended",
        workflow: "refund",
        input: || input("user_789"),
        budget: || Budget::default().steps(3),
        ..PLAIN
    },
    Story { name: "calls in turn", input: || json!([call("a"), call("b"), call("c")]), ..PLAIN },
    Story {
        name: "signals and timers",
        input: || json!([Effect::sleep("nap", HOUR), Effect::await_signal("wait", "paid"), call("a")]),
        signal: true,
        ..PLAIN
    },
    Story { name: "child runs", input: || json!([children(), call("last")]), ..PLAIN },
    Story {
        name: "compensation",
        workflow: "trip",
        input: || json!([book("flight"), book("hotel"), fails()]),
        ..PLAIN
    },
    Story { name: "a later result, and a part of it", input: || json!([later(), part(), call("a")]), ..PLAIN },
    Story { name: "an agent with tools", workflow: "helper", input: || json!({"task": "refund user_789"}), ..PLAIN },
];

/// Stories with a call that is never made again: what they say of it is what the far side has done, or that it is not known. How
/// they end depends on what went wrong.
pub static DOUBTFUL: [Story; 2] = [
    Story { name: "a sale, and the workflow is told", input: || json!([sale()]), ..PLAIN },
    Story {
        name: "a sale, and a person finds out",
        workflow: "trip",
        input: || json!([sale()]),
        doubts: true,
        ..PLAIN
    },
];

/// How it all ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// A line for each run.
    pub runs: Vec<String>,
    /// What was booked on the far side.
    pub booked: Vec<String>,
}

fn call(what: &str) -> Effect {
    Effect::call(what, desk(what))
}

fn desk(what: &str) -> ToolCall {
    ToolCall::new("desk", "do", json!({"what": what}))
}

fn book(what: &str) -> Effect {
    call(what).undone_by(Undo::by(desk(&format!("cancel-{what}"))).with("id", "/id"))
}

fn fails() -> Effect {
    call("fail")
}

fn sale() -> Effect {
    Effect::call(TILL, ToolCall::new(TILL, "do", json!({})))
}

fn later() -> Effect {
    Effect::call("later", ToolCall::new(LATER, "do", json!({"what": "transfer"})))
}

fn part() -> Effect {
    Effect::read_result("part", ReadResult { result: "later".to_owned(), from: 0, bytes: 5 })
}

/// Three runs, two at once, one of which takes an hour.
fn children() -> Effect {
    let inputs = [json!([call("x")]), json!([Effect::sleep("nap", HOUR), call("y")]), json!([call("z")])];
    let each = Budget::NONE.fuel(1_000_000).steps(9).with(Currency::Wall, 1_000_000).with(Currency::Memory, 8 << 20);
    let each = each.with(Currency::ToolCalls, 4).with(Currency::Journal, 256 << 10);
    Effect::start_runs("children", ChildRuns::new("in_turn", inputs, each).at_once(2))
}

/// The runs of one playing.
fn of(playing: &str) -> Filter {
    Filter { labels: BTreeMap::from([(LABEL.to_owned(), playing.to_owned())]), ..Filter::default() }
}

impl Story {
    fn new_run(&self, playing: &str) -> NewRun {
        let new = NewRun::new(self.workflow, (self.input)()).budget((self.budget)());
        new.key(playing).label(LABEL, playing)
    }

    /// Starts the run unless it was, and does what it asks for: says yes or no, sends signals and results, adds to its budget.
    /// What fails is done the next time; what was done before is done once more.
    pub async fn nudge(&self, host: &Host, far: &FarSide, playing: &str) {
        let Ok(started) = host.start_run(self.new_run(playing)).await else { return };
        if self.signal {
            let _ = host.signal(started.id(), NewSignal::new("paid", json!(5)).key("evt_1").by("bank")).await;
        }
        for token in far.promised() {
            let _ = host.complete(LATER, &token, Completion::done("transferred".into()).by("bank")).await;
        }
        let Ok(runs) = host.runs(&of(playing)).await else { return };
        for Summary { run_id, status, .. } in runs {
            match status {
                Status::Waiting => self.decide(host, run_id).await,
                Status::Suspended => drop(host.extend(run_id, Budget::default()).await),
                Status::Running
                | Status::Interrupted
                | Status::Paused
                | Status::Stopped
                | Status::Done
                | Status::Failed => {}
            }
        }
    }

    async fn decide(&self, host: &Host, run: RunId) {
        let Ok(state) = host.state(run).await else { return };
        let Some(question) = state.open_approval() else { return };
        let decision = if self.says_yes { Decision::approve("dana") } else { Decision::deny("dana") };
        let _ = host.decide(&question.id(run), &question.digest(), decision).await;
    }

    /// Settles the calls in doubt as the far side has them. Hosts stand still: what it has not done, it does not do any more.
    async fn find_out(&self, host: &Host, far: &FarSide, playing: &str) {
        for Summary { run_id, .. } in host.runs(&of(playing)).await.unwrap_or_default() {
            let Ok(state) = host.state(run_id).await else { continue };
            let in_doubt: Vec<_> = state.open_doubts().map(|doubt| doubt.key.clone()).collect();
            for key in in_doubt {
                let found = match far.sold(&format!("{run_id}/{key}")) {
                    0 => Settlement::failed(&key, "dana"),
                    _ => Settlement::done(&key, receipt(), "dana"),
                };
                let _ = host.settle(run_id, found).await;
            }
        }
    }

    /// Does what is to be done with a host, an hour after the other and no more than so many; returns whether all has ended.
    pub async fn tend(&self, host: &Host, hand: &Hand, far: &FarSide, playing: &str, hours: u32) -> bool {
        let mut worker = host.worker();
        for _ in 0..hours {
            if self.doubts {
                self.find_out(host, far, playing).await;
            }
            self.nudge(host, far, playing).await;
            let _ = worker.turn().await;
            if !idle(host).await {
                return false;
            }
            if is_over(host, playing).await {
                return true;
            }
            hand.forward(HOUR_MS);
        }
        false
    }
}

/// Waits until a host does nothing any more; returns whether that came.
pub async fn idle(host: &Host) -> bool {
    tokio::time::timeout(PATIENCE, host.idle()).await.is_ok()
}

/// Returns whether the runs of a playing have ended, and there is one.
pub async fn is_over(host: &Host, playing: &str) -> bool {
    let runs = host.runs(&of(playing)).await.unwrap_or_default();
    !runs.is_empty() && runs.iter().all(|summary| summary.status.is_over())
}

/// Returns how the runs of these playings ended, as the journal has them from their first entry on.
///
/// # Errors
///
/// The journal of a run does not fold, or its ledger does not add up.
pub async fn ending(host: &Host, far: &FarSide, playings: &[String]) -> Result<Ending, String> {
    let mut runs = Vec::new();
    for playing in playings {
        for Summary { run_id, .. } in host.runs(&of(playing)).await.map_err(|fault| fault.to_string())? {
            let entries = host.entries(run_id).await.map_err(|fault| fault.to_string())?;
            let state = RunState::fold(run_id, &entries).map_err(|fault| fault.to_string())?;
            runs.push(line(&state)?);
        }
    }
    runs.sort();
    Ok(Ending { runs, booked: far.booked() })
}

/// Compares what the runs of a playing of [`DOUBTFUL`] say of their sale with how often the till has sold; returns in how many of
/// them it is not known.
///
/// # Errors
///
/// A run says something else, or does not end.
pub async fn sales(host: &Host, far: &FarSide, playing: &str) -> Result<usize, String> {
    let mut unknown = 0;
    for Summary { run_id, .. } in host.runs(&of(playing)).await.map_err(|fault| fault.to_string())? {
        let state = host.state(run_id).await.map_err(|fault| fault.to_string())?;
        let (sold, said) = (far.sold(&format!("{run_id}/{TILL}")), sale_of(&state)?);
        let is_so = match said {
            Sale::Made => sold == 1,
            Sale::NotMade => sold == 0,
            Sale::Unknown => sold <= 1,
        };
        if !is_so {
            return Err(format!("run {run_id} ({}) says {said:?}, and the till sold {sold} times", state.workflow()));
        }
        unknown += usize::from(said == Sale::Unknown || state.doubt(TILL).is_some());
    }
    Ok(unknown)
}

/// What a run says of its sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sale {
    Made,
    NotMade,
    Unknown,
}

/// A trip ends as its sale did, and the other workflow with what it was told of it.
fn sale_of(state: &RunState) -> Result<Sale, String> {
    let told = match (state.workflow(), state.end()) {
        ("trip", Some(End::Done(_))) => return Ok(Sale::Made),
        ("trip", Some(End::Failed(_))) => return Ok(Sale::NotMade),
        (_, Some(End::Done(told))) => told.value(),
        (_, end) => return Err(format!("run {} ended as {end:?}", state.run())),
    };
    let events: Vec<Event> = serde_json::from_value(told).map_err(|error| error.to_string())?;
    match events.first().and_then(Event::outcome) {
        Some((_, EffectOutcome::ToolReturned(ToolOutcome::Returned(_)))) => Ok(Sale::Made),
        Some((_, EffectOutcome::ToolReturned(ToolOutcome::Failed(_)))) => Ok(Sale::NotMade),
        Some((_, EffectOutcome::ToolReturned(ToolOutcome::Unknown(_)))) => Ok(Sale::Unknown),
        other => Err(format!("run {} was told {other:?}", state.run())),
    }
}

fn line(state: &RunState) -> Result<String, String> {
    let ledger = state.ledger();
    if state.end().is_some() && ledger.taken_in_all() != ledger.without_reserved().taken_in_all() {
        return Err(format!("run {} has ended, and something is set aside for it still", state.run()));
    }
    let (workflow, status, steps, log) = (state.workflow(), state.status(), ledger.spent().steps, state.log());
    Ok(format!("{workflow} is {status} after {steps} steps: {log:?}"))
}
