//! What another engine is made of that keeps runs and calls the host: a host that plans and commits and performs what only computes,
//! and one effect that is performed by itself.

use std::time::Duration;

use stockade::journal::MemoryJournal;
use stockade::{
    Budget, Clock, Config, Ending, Entry, Fault, Grant, Host, Kind, NewRun, Outcome, RunId, RunState, Status, Stop,
};
use stockade_tests::{Place, dist, input};
use uuid::Uuid;

/// A host whose runs are kept in memory. Whatever plans or performs opens the journal anew, as a process of its own would.
struct Engine {
    host: Host,
    journal: MemoryJournal,
}

impl Engine {
    fn of(host: Host) -> Self {
        Self { host, journal: MemoryJournal::new(Clock::default()) }
    }

    fn process(&self) -> Host {
        self.host.planning(self.journal.open_again()).unwrap()
    }

    async fn state(&self, run: RunId) -> RunState {
        self.process().state(run).await.unwrap()
    }

    /// Starts a refund, and returns its id once all that follows is planned.
    async fn start(&self, user: &str) -> RunId {
        let id = RunId::from(Uuid::from_u128(7));
        let started = self.process().start_run(NewRun::new("refund", input(user)).id(id)).await.unwrap();
        started.settled_state().await.unwrap();
        id
    }

    /// Performs an effect in a process, and lets another one hear how it ended, as text.
    async fn perform(&self, run: RunId, key: &str, is_first: bool) {
        let ending = self.process().perform(run, key, is_first).await.unwrap().unwrap();
        self.hear(run, &serde_json::to_string(&ending).unwrap()).await;
    }

    async fn hear(&self, run: RunId, ending: &str) {
        let ending: Ending = serde_json::from_str(ending).unwrap();
        self.process().happened(run, ending).await.unwrap().settled_state().await.unwrap();
    }

    /// Performs what is in flight until nothing is, or until this effect is, and returns the keys of what it has performed.
    async fn perform_until(&self, run: RunId, last: &str) -> Vec<String> {
        let mut performed = Vec::new();
        while let Some(key) = in_flight(&self.state(run).await).filter(|key| key != last) {
            self.perform(run, &key, true).await;
            performed.push(key);
        }
        performed
    }
}

fn in_flight(state: &RunState) -> Option<String> {
    let mut effects = state.in_flight().filter(|_| state.end().is_none());
    effects.next().map(|effect| effect.key().to_owned())
}

/// The kinds of changes of a run.
fn kinds(entries: &[Entry]) -> Vec<String> {
    let kind = |entry: &Entry| serde_json::to_value(entry).unwrap()["change"].as_str().unwrap().to_owned();
    entries.iter().map(kind).collect()
}

#[tokio::test]
async fn a_run_that_is_planned_and_performed_apart_has_the_journal_of_one_that_is_driven() {
    let (apart, driven) = (Place::new(), Place::new());
    let engine = Engine::of(apart.host().build().await.unwrap());
    let run = engine.start("user_789").await;
    assert_eq!(apart.refunds(), [""; 0], "nothing is booked by planning");
    let performed = engine.perform_until(run, "").await;
    assert_eq!(performed, ["purchase", "refund"], "what only computes is performed by planning");
    assert_eq!((engine.state(run).await.status(), apart.refunds()), (Status::Done, vec![format!("{run}/refund")]));

    let host = driven.host().build().await.unwrap();
    let other = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
    let id = other.id();
    other.settled().await.unwrap();
    let (planned, usual) = (engine.process().entries(run).await.unwrap(), host.entries(id).await.unwrap());
    assert_eq!(kinds(&planned), kinds(&usual));
}

#[tokio::test]
async fn an_effect_that_is_performed_twice_happens_once_for_its_run() {
    let place = Place::new();
    let engine = Engine::of(place.host().build().await.unwrap());
    let run = engine.start("user_789").await;
    engine.perform_until(run, "refund").await;
    let ending = engine.process().perform(run, "refund", true).await.unwrap().unwrap();
    assert_eq!(ending.key(), "refund");
    // The engine has lost the end, and makes another attempt.
    let again = engine.process().perform(run, "refund", false).await.unwrap().unwrap();
    let (ending, again) = (serde_json::to_string(&ending).unwrap(), serde_json::to_string(&again).unwrap());
    engine.hear(run, &again).await;
    let entries = engine.process().entries(run).await.unwrap().len();
    engine.hear(run, &ending).await;
    assert_eq!(engine.process().entries(run).await.unwrap().len(), entries, "the second end changes nothing");
    engine.perform_until(run, "").await;
    assert_eq!((engine.state(run).await.status(), place.refunds()), (Status::Done, vec![format!("{run}/refund")]));
}

/// A payments tool that does not tell a repetition from a new request.
async fn forgetful(place: &Place) -> Host {
    let shop = Grant::sql("shop", format!("sqlite:{}", place.data("shop.db").display()));
    let builder = place.bare().tool("purchases", dist("purchases"), [shop.clone()]).tool("policy", dist("policy"), []);
    let builder = builder.tool("payments", dist("payments"), [shop.writable()]).tool("letters", dist("letters"), []);
    builder.build().await.unwrap()
}

#[tokio::test]
async fn a_call_that_may_have_been_made_is_not_made_again_where_its_tool_tells_no_repetition() {
    let place = Place::new();
    let engine = Engine::of(forgetful(&place).await);
    let run = engine.start("user_789").await;
    engine.perform_until(run, "refund").await;
    engine.perform(run, "refund", false).await;
    let state = engine.state(run).await;
    assert_eq!((state.status(), state.open_doubts().count()), (Status::Waiting, 1));
    assert_eq!(place.refunds(), [""; 0]);
}

#[tokio::test]
async fn an_effect_of_a_run_that_was_stopped_is_neither_performed_nor_heard_of() {
    let place = Place::new();
    let engine = Engine::of(place.host().build().await.unwrap());
    let run = engine.start("user_789").await;
    let ending = engine.process().perform(run, "purchase", true).await.unwrap().unwrap();
    engine.process().run(run).stop(Stop::by("dana"), Duration::ZERO).await.unwrap();
    assert!(engine.process().perform(run, "purchase", true).await.unwrap().is_none());
    engine.hear(run, &serde_json::to_string(&ending).unwrap()).await;
    let outcome = engine.process().resume(run).await.unwrap().settled().await.unwrap();
    assert!(matches!(outcome, Outcome::Stopped(_)), "{outcome}");
}

#[tokio::test]
async fn an_id_is_of_one_run() {
    let place = Place::new();
    let engine = Engine::of(place.host().build().await.unwrap());
    let run = engine.start("user_789").await;
    let again = engine.process().start_run(NewRun::new("refund", input("user_789")).id(run)).await;
    assert_eq!(again.err().map(|fault| fault.kind), Some(Kind::Conflict));
}

#[tokio::test]
async fn a_host_with_what_is_of_several_runs_does_not_plan_for_another_engine() {
    let place = Place::new();
    let config = Config::parse("[budget.daily]\nlimit = \"tool_calls=2\"\n").unwrap();
    let host = place.host().configured(&config).unwrap().build().await.unwrap();
    let refused: Fault = host.planning(MemoryJournal::new(Clock::default())).err().unwrap();
    assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("engine")));
    assert!(refused.message.contains("[budget.NAME]"), "{refused}");
}
