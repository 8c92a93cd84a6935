//! A program of your own that serves its workflow for Restate to call: a refund that is booked after a time to think it over.
//!
//! `cool-down ADDRESS FOLDER`: where it listens, and the folder of the shop's database. `tests/restate` kills a node of Restate
//! while runs of it sleep.
//!
//! ```text
//! COOL_DOWN ─► PAY ─► DONE
//! ```

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use restate_sdk::http_server::HttpServer;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stockade::journal::MemoryJournal;
use stockade::{
    AllowedEffect, Clock, Effect, EffectOutcome, End, Event, Fault, Graph, Host, State as Node, ToolCall, ToolOutcome,
    Transition, Waited, Workflow,
};
use stockade_refund::shop;

const CENTS: u64 = 1_000;

const USAGE: &str = "usage: cool-down ADDRESS FOLDER";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let served = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--help" | "-h"] => return said(&mut io::stdout(), USAGE, ExitCode::SUCCESS),
        [address, folder] => serve(address, Path::new(folder)).await,
        _ => return said(&mut io::stderr(), USAGE, ExitCode::from(2)),
    };
    served.map_or_else(
        |fault| said(&mut io::stderr(), &format!("cool-down: {fault:?}"), ExitCode::FAILURE),
        |()| ExitCode::SUCCESS,
    )
}

fn said(stream: &mut impl io::Write, line: &str, code: ExitCode) -> ExitCode {
    // A stream that is closed hears nothing.
    let _ = writeln!(stream, "{line}");
    code
}

async fn serve(address: &str, folder: &Path) -> Result<(), Fault> {
    let endpoint = stockade_restate::endpoint(host(folder).await?)?;
    let unheard = |error| Fault::invalid("address", format!("cannot listen at \"{address}\": {error}"));
    HttpServer::new(endpoint).serve(stockade_restate::listen(address).await.map_err(unheard)?).await;
    Ok(())
}

async fn host(folder: &Path) -> stockade::Result<Host> {
    let database = folder.join("shop.db");
    shop::create(&database)?;
    Host::builder()
        .with_journal(MemoryJournal::new(Clock::default()))
        .scratch(folder)
        .tools(shop::tools(&database))
        .idempotent(shop::IDEMPOTENT)
        .workflow(CoolDown)
        .build()
        .await
}

struct CoolDown;

/// What a run is started with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    user_id: String,
    wait_ms: u64,
}

/// What is kept between two steps.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    CoolDown { user_id: String },
    Pay,
    Done,
}

impl Workflow for CoolDown {
    type Input = Input;
    type State = State;

    fn name(&self) -> &str {
        "cool_down"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        Graph::new([
            Node::new("COOL_DOWN", [AllowedEffect::Sleep], &["PAY", "DONE"]),
            Node::new("PAY", [AllowedEffect::tool("payments")], &["DONE"]),
            Node::new("DONE", [], &[]),
        ])
    }

    fn position(&self, state: &State) -> &'static str {
        match state {
            State::CoolDown { .. } => "COOL_DOWN",
            State::Pay => "PAY",
            State::Done => "DONE",
        }
    }

    fn start(&self, Input { user_id, wait_ms }: Input) -> Result<Transition<State>, Fault> {
        Ok(Transition::to(State::CoolDown { user_id }).want(Effect::sleep("think", Duration::from_millis(wait_ms))))
    }

    fn step(&self, state: State, event: Event) -> Result<Transition<State>, Fault> {
        let Event::Ended { outcome, .. } = event else {
            return Err(Fault::invalid("event", "the run has started already"));
        };
        match (state, outcome) {
            (State::CoolDown { user_id }, EffectOutcome::Waited(Waited::Slept { .. })) => Ok(pay(&user_id)),
            (State::Pay, EffectOutcome::ToolReturned(ToolOutcome::Returned(_))) => {
                Ok(ended(End::Done(json!("paid").into())))
            }
            (_, EffectOutcome::Waited(Waited::Failed(fault))) => Ok(ended(End::Failed(fault))),
            (_, EffectOutcome::ToolReturned(ToolOutcome::Failed(fault) | ToolOutcome::Unknown(fault))) => {
                Ok(ended(End::Failed(fault)))
            }
            (_, outcome) => Err(Fault::invalid("event", format!("{outcome:?} does not belong to this state"))),
        }
    }
}

fn pay(user_id: &str) -> Transition<State> {
    let refund = ToolCall::new("payments", "refund", json!({"user_id": user_id, "amount_cents": CENTS}));
    Transition::to(State::Pay).want(Effect::call("payment", refund))
}

fn ended(end: End) -> Transition<State> {
    Transition::to(State::Done).end(end)
}
