//! A journal that was written once must be read for ever.
//!
//! `golden/journal-vN.json` holds runs as format N wrote them, each with what was found then: in 1 the refunds, in 2 the code, in
//! 3 the models, the memory and the shares of a budget, in 4 the effects that were lost with a host, in 5 the limit of what is
//! written into the journal, in 6 the runs that were paused and stopped, times and signals, in 7 start keys, labels, calls in
//! doubt, the decisions of several people, edits, and what holds for later calls, and in a file of its own attempts that failed,
//! deadlines of runs and what was undone. It is a recording, not an expectation: where a test here fails, the reader is wrong, and
//! a new format gets a file of its own beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::support::book::Waits;
use serde::Deserialize;
use serde_json::{Value, json};
use stockade_patterns::{self as patterns, Agent, Children, Pattern};
use stockade_refund::Refund;
use stockade_workflow::{Budget, Change, Currency, Effect, Entry, Exec, FORMAT, Machine, RunId, RunState, Step};

/// The first format that limits the bytes of the journal. To read an older one is to count them, within the default.
const LIMITS_THE_JOURNAL: u32 = 5;

const JOURNALS: [&str; 9] = [
    include_str!("golden/journal-v1.json"),
    include_str!("golden/journal-v2.json"),
    include_str!("golden/journal-v3.json"),
    include_str!("golden/journal-v4.json"),
    include_str!("golden/journal-v5.json"),
    include_str!("golden/journal-v6.json"),
    include_str!("golden/journal-v7.json"),
    include_str!("golden/journal-v7-failures.json"),
    include_str!("golden/journal-v7-decisions.json"),
];

#[derive(Deserialize)]
struct Journal {
    format: u32,
    /// The workflows that configuration made.
    #[serde(default)]
    workflows: BTreeMap<String, Pattern>,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    /// That of its journal.
    #[serde(default)]
    format: u32,
    about: String,
    run: RunId,
    entries: Vec<Record>,
    outcome: Value,
}

#[derive(Deserialize)]
struct Record {
    seq: u64,
    at_ms: u64,
    change: Value,
}

#[test]
fn an_old_journal_comes_to_what_it_came_to() {
    for Run { format, about, run, entries, outcome } in runs() {
        let state = RunState::fold(run, &read(run, &entries)).unwrap();
        assert_eq!(as_then(format, outcome_of(&state)), outcome, "{about}");
    }
}

#[test]
fn a_run_of_a_format_that_did_not_limit_the_journal_has_the_default_limit() {
    for Run { about, run, entries, .. } in runs().into_iter().filter(|run| run.format < LIMITS_THE_JOURNAL) {
        let entries = read(run, &entries);
        let ledger = RunState::fold(run, &entries).unwrap().ledger().clone();
        let bytes: usize = entries.iter().map(|entry| serde_json::to_string(&entry.change).unwrap().len()).sum();
        assert_eq!(ledger.budget().get(Currency::Journal), Budget::default().get(Currency::Journal), "{about}");
        assert_eq!(ledger.spent().journal_bytes, bytes as u64, "{about}");
    }
}

/// What is written today under the same version must be what was written then: an older reader may meet it.
#[test]
fn the_format_of_its_version_is_still_the_one_that_is_written() {
    let newest = journals().last().map(|journal| journal.format);
    assert_eq!(newest, Some(FORMAT), "a new format: keep these files for reading, and record a new one");
    for Run { format, about, run, entries, .. } in runs() {
        for (record, entry) in entries.iter().zip(read(run, &entries)) {
            let written = as_then(format, serde_json::to_value(&entry.change).unwrap());
            assert_eq!(written, record.change, "{about} entry {}", record.seq);
        }
    }
}

/// A run goes on under the version that began it, so that version must still answer as it did.
#[test]
fn the_workflow_of_its_version_still_answers_as_it_did() {
    let machines = machines();
    for Run { about, run, entries, .. } in runs() {
        let Change::Created { workflow, .. } = &read(run, &entries)[0].change else { panic!("{about}") };
        let machine = machines.iter().find(|machine| machine.name() == workflow).unwrap();
        let mut at: Option<(String, Value)> = None;
        for entry in read(run, &entries) {
            if let Change::Created { version, .. } = &entry.change {
                assert_eq!(*version, machine.version(), "a new version: record its runs in a file of their own");
            }
            let Change::Stepped { event, position, state, effects, end, .. } = entry.change else { continue };
            let before = at.as_ref().map(|(position, state)| (position.as_str(), state.clone()));
            let Step { position: now, transition } = machine.step(before, event).unwrap();
            let today = (now, &transition.state, &transition.effects, &transition.end);
            assert_eq!(today, (position.as_str(), &state, &effects, &end), "{about} entry {}", entry.seq);
            at = Some((position, state));
        }
    }
}

#[test]
fn the_recording_has_one_of_each() {
    let changes: Vec<_> = runs().into_iter().flat_map(|run| run.entries).map(|entry| entry.change).collect();
    let tags = |of: &str| changes.iter().filter_map(|change| change.pointer(of)?.as_str()).collect::<BTreeSet<_>>();
    let names = |of: &str| {
        let objects = changes.iter().filter_map(|change| change.pointer(of)?.as_object());
        objects.flat_map(|object| object.keys().map(String::as_str)).collect::<BTreeSet<_>>()
    };
    let ways = ["answered_in_code", "asked", "asked_in_code", "broken", "called", "calling", "created", "deferred"];
    let more =
        ["doubted", "expired", "extended", "lost", "overdue", "paused", "renewed", "reserved", "resumed", "revoked"];
    let rest = ["settled", "signalled", "stepped", "stopped", "suspended", "undone", "voted"];
    assert_eq!(tags("/change"), ways.into_iter().chain(more).chain(rest).collect());
    assert_eq!(
        tags("/event/event"),
        ["code_finished", "decided", "model_replied", "recalled", "remembered", "started", "tool_returned", "waited"]
            .into()
    );
    assert_eq!(tags("/event/decision/verdict"), ["approved", "denied", "edited", "responded"].into());
    assert!(
        names("/event").is_superset(
            &[
                "failed",
                "found",
                "kept",
                "known",
                "raised",
                "replied",
                "returned",
                "signalled",
                "slept",
                "timed_out",
                "unknown"
            ]
            .into()
        )
    );
    assert_eq!(
        tags("/effects/0/effect"),
        ["ask_model", "await_signal", "call_tool", "recall", "remember", "request_approval", "run_code", "sleep"]
            .into()
    );
    assert_eq!(names("/end"), ["done", "failed"].into());
}

fn machines() -> Vec<Arc<Machine>> {
    let built_in =
        [Machine::new(Refund::default()), Machine::new(Exec), Machine::new(Agent), Machine::new(Waits)].map(Arc::new);
    let configured = journals().into_iter().flat_map(|journal| journal.workflows).collect();
    built_in.into_iter().chain(patterns::machines(&configured, &Children::new()).unwrap().into_values()).collect()
}

fn journals() -> Vec<Journal> {
    JOURNALS.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

fn runs() -> Vec<Run> {
    let of = |Journal { format, runs, .. }: Journal| runs.into_iter().map(move |run| Run { format, ..run });
    journals().into_iter().flat_map(of).collect()
}

/// What is written today, as a format wrote it that did not count the bytes of the journal.
fn as_then(format: u32, mut today: Value) -> Value {
    if format < LIMITS_THE_JOURNAL {
        uncounted(&mut today);
    }
    today
}

fn uncounted(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("journal_bytes");
            members.values_mut().for_each(uncounted);
        }
        Value::Array(items) => items.iter_mut().for_each(uncounted),
        _ => {}
    }
}

fn read(run: RunId, entries: &[Record]) -> Vec<Entry> {
    let read = |Record { seq, at_ms, change }: &Record| {
        // As text, as the journal keeps it.
        let change = serde_json::from_str(&change.to_string()).unwrap();
        Entry { run, seq: *seq, at_ms: *at_ms, change }
    };
    entries.iter().map(read).collect()
}

fn outcome_of(state: &RunState) -> Value {
    json!({
        "status": state.status(),
        "position": state.at().map(|(position, _)| position),
        "state": state.at().map(|(_, state)| state),
        "log": state.log(),
        "wanted": state.wanted().next().map(Effect::key),
        "under_way": state.in_flight().next().map(Effect::key),
        "waits_for": state.open_approval().map(|approval| &approval.key),
        "approvals": state.approvals().collect::<Vec<_>>(),
        "ledger": state.ledger(),
        "suspended": state.suspended(),
        "end": state.end(),
    })
}
