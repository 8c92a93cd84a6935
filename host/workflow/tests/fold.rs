//! The fold of a journal: what it refuses, that it is the same however it is read, and the account that it keeps.

use crate::support::{Answer, Story, stories};
use proptest::prelude::*;
use serde_json::{Value, json};
use stockade_workflow::{
    Approval, Binding, Budget, Change, Currency, Decision, Digest, Effect, EffectKind, End, Entry, Event, Exceeded,
    Fault, Kind, Machine, Overdue, RunId, RunState, Settlement, Status, Step, Stop, ToolCall, ToolOutcome, Transition,
    Usage, WaitingFor,
};

const RUN: [u8; 16] = [1; 16];
/// What each call reserves, and what it then used.
const AMOUNT: Usage = NOTHING.fuel(1_000).memory_bytes_peak(64).wall_us(50).steps(1).tool_calls(1);
const USED: Usage = AMOUNT.fuel(400).wall_us(7);
const NOTHING: Usage = Usage::NONE;

/// What comes between the steps of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hiccup {
    None,
    /// The budget does not allow the next effect, until it is added to.
    Suspended,
    /// The budget ends a call, which is made again once it was added to.
    Cut,
    /// The host gives the run up.
    Broken,
}

/// A journal in the writing, as a host writes it, with the state that the host has.
struct Book {
    machine: Machine,
    state: RunState,
    entries: Vec<Entry>,
    awaited: Option<Effect>,
}

/// Writes the journal of a story.
fn record(story: &Story, hiccups: &[Hiccup]) -> Vec<Entry> {
    let mut book = Book::open(story);
    let hiccups = hiccups.iter().copied().chain(std::iter::repeat(Hiccup::None));
    for (answer, hiccup) in story.answers.iter().zip(hiccups) {
        book.go_on(story, answer, hiccup);
        if book.state.end().is_some() {
            break;
        }
    }
    book.entries
}

impl Book {
    fn open(story: &Story) -> Self {
        let first = entry(1, created());
        let state = RunState::create(&first).unwrap();
        Self { machine: story.machine(), state, entries: vec![first], awaited: None }
    }

    fn push(&mut self, change: Change) {
        let entry = entry(self.state.seq() + 1, change);
        self.state.apply(&entry).unwrap();
        self.entries.push(entry);
    }

    fn go_on(&mut self, story: &Story, answer: &Answer, hiccup: Hiccup) {
        match hiccup {
            Hiccup::Broken => return self.push(Change::Broken { fault: Fault::new(Kind::HostBug, "stuck") }),
            Hiccup::Suspended => {
                self.push(suspended(None));
                self.push(extended());
            }
            Hiccup::Cut | Hiccup::None => {}
        }
        let next = self.state.wanted().next().cloned();
        if let Some(effect) = next {
            self.intend(&effect, matches!(answer, Answer::Void));
            if hiccup == Hiccup::Cut && matches!(effect.kind, EffectKind::CallTool { .. }) {
                self.push(suspended(Some((effect.key().to_owned(), USED))));
                self.push(extended());
                self.intend(&effect, false);
            }
            self.awaited = Some(effect);
        }
        self.answer(story.event(answer, self.awaited.as_ref()));
    }

    fn intend(&mut self, effect: &Effect, void: bool) {
        let key = effect.key().to_owned();
        self.push(match &effect.kind {
            EffectKind::CallTool { approval, .. } => Change::Reserved {
                key,
                amount: AMOUNT,
                consumes: approval.clone().filter(|_| !void),
                labels: Vec::new(),
                due_ms: None,
            },
            EffectKind::RequestApproval { reason, call, .. } => asked(&key, reason, call.clone()),
            other => panic!("the refund workflow does not want {other:?}"),
        });
    }

    fn answer(&mut self, event: Event) {
        let at = self.state.at().map(|(position, state)| (position, state.clone()));
        if let Ok(Step { position, transition }) = self.machine.step(at, event.clone()) {
            let (position, used) = (position.to_owned(), if event.key().is_some() { USED } else { NOTHING });
            let Transition { state, log, effects, slices, end } = transition;
            self.push(Change::Stepped { event, used, position, state, log, effects, slices, end });
        }
    }
}

#[test]
fn an_entry_that_cannot_follow_is_refused_with_its_name() {
    let asked_for = |change| match change {
        Change::Asked { approval, amount, .. } => (*approval, amount),
        _ => panic!("not the question"),
    };
    let (question, amount) = asked_for(approved()[8].change.clone());
    let ask = |approval| Change::Asked { approval: Box::new(approval), amount, due_ms: None };
    let refund = question.call.clone();
    let twice = wants(&approved()[11], "again", &refund, Some("approval-1"));
    let stranger = wants(&approved()[9], "refund", &refund, Some("approval-9"));
    let denied = wants(&denied()[9], "refund", &refund, Some("approval-1"));
    let other = ToolCall { arguments: json!({"user_id": "user_123", "amount_cents": 1}).into(), ..refund.clone() };
    let yes = Some(Decision::approve("nobody"));
    let greedy = Change::Reserved {
        key: "window".into(),
        amount: AMOUNT.with(Currency::Fuel, 1 << 40),
        consumes: None,
        labels: Vec::new(),
        due_ms: None,
    };

    // The legal entries before it, the change that cannot follow them, and why not.
    let cases: &[(Vec<Entry>, Change, &str)] = &[
        (to(3), created(), "the run exists already"),
        (to(14), extended(), "the run had ended"),
        (to(14), Change::Broken { fault: Fault::new(Kind::HostBug, "") }, "the run had ended"),
        (to(1), tool("purchase"), "the run had not started"),
        (to(2), step(Event::Started { input: Story::input().into() }), "the run had started"),
        (to(2), reserved("window", None), "effect \"window\" is not wanted"),
        (to(3), reserved("purchase", None), "effect \"purchase\" is not wanted"),
        (to(4), reserved("purchase", None), "effect \"purchase\" is not wanted"),
        (to(4), greedy, "effect \"window\" reserves more than is left (fuel: 1000000 allowed, 400 used)"),
        (and(to(4), &[suspended(None)]), reserved("window", None), "the run is suspended"),
        (and(to(4), &[paused()]), reserved("window", None), "the run is paused"),
        (to(3), paused(), "effect \"purchase\" is in flight"),
        (to(4), Change::Resumed, "the run is not paused"),
        (and(to(4), &[stopped(&[])]), Change::Resumed, "the run had ended"),
        (to(4), stopped(&["approval-1"]), "\"approval-1\" is not a call"),
        (to(4), stopped(&["code/0"]), "\"code/0\" is not a call"),
        (to(4), doubted("window"), "effect \"window\" was not in flight"),
        (to(9), doubted("approval-1"), "effect \"approval-1\" is no call"),
        (to(11), settled("refund"), "effect \"refund\" is not in doubt"),
        (and(to(11), &[doubted("refund")]), tool("refund"), "effect \"refund\" is in doubt, and does not end so"),
        (
            and(to(11), &[doubted("refund"), settled("refund")]),
            settled("refund"),
            "effect \"refund\" was settled by \"dana\" before",
        ),
        (to(2), tool("purchase"), "effect \"purchase\" was not in flight"),
        (to(4), tool("purchase"), "effect \"purchase\" was not in flight"),
        (to(5), tool("refund"), "effect \"refund\" was not in flight"),
        (to(4), suspended(Some(("purchase".into(), USED))), "effect \"purchase\" was not in flight"),
        (to(3), wants(&approved()[3], "purchase", &refund, None), "effect \"purchase\" is wanted twice"),
        (to(8), reserved("approval-1", None), "effect \"approval-1\" is a question, not a call"),
        (to(8), asked("approval-2", "", refund.clone()), "effect \"approval-2\" is not wanted"),
        (to(8), asked("approval-1", "", other.clone()), "approval \"approval-1\" is not the question that is wanted"),
        (
            to(8),
            ask(Approval { decision: yes, ..question.clone() }),
            "approval \"approval-1\" is not the question that is wanted",
        ),
        (
            to(8),
            ask(Approval { consumed_by: Some("x".into()), ..question.clone() }),
            "approval \"approval-1\" is not the question that is wanted",
        ),
        (to(10), asked("refund", "", refund.clone()), "approval \"refund\" is not the question that is wanted"),
        (to(9), renewed(&other), "approval \"approval-1\" is renewed for another call"),
        (to(10), renewed(&refund), "there is no open approval \"approval-1\""),
        (
            to(9),
            Change::Overdue { key: "approval-1".into(), overdue: Overdue::Reminder, at_ms: 5 },
            "approval \"approval-1\" is not overdue so at 5",
        ),
        (
            to(9),
            Change::Voted { key: "approval-1".into(), decision: Decision::approve("dana") },
            "approval \"approval-1\" does not take such a vote",
        ),
        (
            to(10),
            Change::Revoked { key: "approval-1".into(), by: "dana".into() },
            "approval \"approval-1\" holds for no later call",
        ),
        (
            to(9),
            step(Event::ended("approval-1", Decision::edit("dana", json!({})))),
            "approval \"approval-1\" does not take such a decision",
        ),
        (to(8), decided("approval-1"), "effect \"approval-1\" was not in flight"),
        (to(10), decided("approval-1"), "effect \"approval-1\" was not in flight"),
        (to(9), tool("approval-1"), "effect \"approval-1\" does not end with such an event"),
        (to(5), decided("window"), "effect \"window\" does not end with such an event"),
        (
            to(4),
            reserved("window", Some("approval-1")),
            "effect \"window\" uses up approval \"approval-1\" and does not name it",
        ),
        (
            to(10),
            reserved("refund", Some("approval-2")),
            "effect \"refund\" uses up approval \"approval-2\" and does not name it",
        ),
        (and(to(9), &[stranger]), reserved("refund", Some("approval-9")), "approval \"approval-9\" was not asked for"),
        (and(to(9), &[denied]), reserved("refund", Some("approval-1")), "approval \"approval-1\" was not given"),
        (and(to(11), &[twice]), reserved("again", Some("approval-1")), "approval \"approval-1\" was used before"),
    ];
    for (before, change, why) in cases {
        let mut state = RunState::fold(run(), before).unwrap();
        let refused = state.apply(&entry(state.seq() + 1, change.clone())).expect_err(why);
        assert_eq!(refused, illegal(before.len() as u64 + 1, why));
    }
}

#[test]
fn an_entry_of_another_place_or_run_is_refused() {
    let stray = RunId::from_bytes([2; 16]);
    for (run_id, seq) in [(run(), 7), (run(), 5), (run(), 1), (stray, 6)] {
        let mut state = RunState::fold(run(), &to(5)).unwrap();
        let refused = state.apply(&Entry { run: run_id, seq, ..approved()[5].clone() }).unwrap_err();
        let message = format!("entry {seq} of run {run_id} is refused: it does not follow entry 5 of run {}", run());
        assert_eq!(refused, Fault::new(Kind::Journal, message).detail("entry"));
    }
}

#[test]
fn a_run_begins_with_its_first_entry() {
    let refused = RunState::fold(run(), &[entry(1, extended())]).unwrap_err();
    assert_eq!(refused, illegal(1, "the first entry does not create the run"));
    let refused = RunState::fold(run(), &[entry(2, created())]).unwrap_err();
    assert_eq!(refused, illegal(2, "the run does not begin with entry 1"));
    assert_eq!(RunState::fold(run(), &[]).unwrap_err().kind, Kind::NotFound);
}

/// What a run spent, but for its journal, of which each entry takes some.
fn spent(state: &RunState) -> Usage {
    state.ledger().spent().with(Currency::Journal, 0)
}

#[test]
fn what_is_reserved_is_freed_by_the_outcome() {
    let in_flight = RunState::fold(run(), &to(3)).unwrap();
    assert_eq!(in_flight.ledger().reserved("purchase"), Some(&AMOUNT));
    assert_eq!(spent(&in_flight), NOTHING);
    assert_eq!(in_flight.ledger().exceeded(Currency::Fuel).used, AMOUNT.fuel);
    let settled = RunState::fold(run(), &to(4)).unwrap();
    assert_eq!(settled.ledger().reserved("purchase"), None);
    assert_eq!(spent(&settled), USED);
    assert_eq!(settled.ledger().exceeded(Currency::Fuel).used, USED.fuel);
}

#[test]
fn a_call_that_was_cut_is_wanted_again_and_more_budget_lets_it_go_on() {
    let mut state = RunState::fold(run(), &to(3)).unwrap();
    assert_eq!((state.wanted().next(), state.in_flight().next().map(Effect::key)), (None, Some("purchase")));

    state.apply(&entry(4, suspended(Some(("purchase".into(), USED))))).unwrap();
    assert_eq!((state.status(), state.suspended()), (Status::Suspended, Some(&EXCEEDED)));
    assert_eq!((state.wanted().next().map(Effect::key), state.in_flight().next()), (Some("purchase"), None));
    assert_eq!((state.ledger().reserved("purchase"), spent(&state)), (None, USED));

    state.apply(&entry(5, extended())).unwrap();
    assert_eq!((state.status(), state.suspended()), (Status::Running, None));
    assert_eq!(state.ledger().budget().get(Currency::Fuel), 1_000_000 + 5);

    state.apply(&entry(6, reserved("purchase", None))).unwrap();
    state.apply(&entry(7, approved()[3].change.clone())).unwrap();
    assert_eq!(state.ledger().spent().fuel, 2 * USED.fuel);
    assert_eq!(state.at().map(|(position, _)| position), Some("VALIDATE_POLICY"));
}

#[test]
fn a_paused_run_goes_on_and_a_stopped_one_has_ended() {
    let mut state = RunState::fold(run(), &and(to(9), &[paused()])).unwrap();
    assert_eq!((state.status(), state.paused().map(|stop| stop.by.as_str())), (Status::Paused, Some("dana")));
    assert!(state.open_approval().is_some(), "it can be decided on");
    state.apply(&entry(11, Change::Resumed)).unwrap();
    assert_eq!((state.status(), state.paused()), (Status::Waiting, None));
    let state = RunState::fold(run(), &and(to(11), &[stopped(&["refund"])])).unwrap();
    assert_eq!((state.status(), state.in_flight().next(), state.paused()), (Status::Stopped, None, None));
    assert_eq!(state.unknown_calls().collect::<Vec<_>>(), ["refund"]);
    assert_eq!(
        (state.ledger().reserved("refund"), spent(&state)),
        (None, spent(&RunState::fold(run(), &to(11)).unwrap()))
    );
    let Some(EffectKind::CallTool { call, .. }) = state.effect("refund").map(|effect| &effect.kind) else { panic!() };
    assert_eq!(state.unknown(call), Some("refund"));
}

#[test]
fn a_run_in_doubt_waits_for_its_settlement_and_hears_it() {
    let mut state = RunState::fold(run(), &and(to(11), &[doubted("refund")])).unwrap();
    assert_eq!((state.status(), state.waiting_for()), (Status::Waiting, [WaitingFor::Settlement].into()));
    assert_eq!((state.in_flight().next(), state.ledger().reserved("refund")), (None, None));
    assert_eq!((state.unknown_calls().collect::<Vec<_>>(), state.settled()), (vec!["refund"], None));
    let refused = state.check_settlement(&Settlement::failed("window", "dana")).unwrap_err();
    assert_eq!((refused.kind, state.check_settlement(&found())), (Kind::NotFound, Ok(())));
    state.apply(&entry(13, settled("refund"))).unwrap();
    assert_eq!((state.status(), state.waiting_for().is_empty()), (Status::Running, true));
    let again = state.check_settlement(&found()).unwrap_err();
    assert!(again.kind == Kind::Conflict && again.message.contains("\"dana\""), "{again}");
    state.apply(&entry(14, step(state.settled().unwrap()))).unwrap();
    assert_eq!((state.settled(), state.unknown_calls().count()), (None, 0));
    let ended = and(to(11), &[doubted("refund"), stopped(&[])]);
    let ended = RunState::fold(run(), &ended).unwrap();
    assert_eq!((ended.open_doubts().next(), ended.unknown_calls().count()), (None, 1));
    assert_eq!(ended.check_settlement(&found()).unwrap_err().detail.as_deref(), Some("ended"));
}

#[test]
fn a_call_whose_result_comes_later_waits_for_it_and_is_unknown_where_the_run_is_stopped() {
    let later = Change::Later { key: "refund".to_owned(), token: "pi_7".to_owned(), used: USED };
    let mut state = RunState::fold(run(), &and(to(11), &[later.clone()])).unwrap();
    assert_eq!((state.status(), state.waiting_for()), (Status::Waiting, [WaitingFor::Result].into()));
    assert_eq!((state.ledger().reserved("refund"), state.unknown_calls().count()), (None, 0));
    state.apply(&entry(13, settled("refund"))).unwrap();
    state.apply(&entry(14, step(state.settled().unwrap()))).unwrap();
    assert_eq!((state.awaits_settlement(), state.token("refund")), (false, Some("pi_7")));
    let ended = RunState::fold(run(), &and(to(11), &[later, stopped(&["refund"])])).unwrap();
    assert_eq!((ended.awaits_settlement(), ended.unknown_calls().collect::<Vec<_>>()), (false, vec!["refund"]));
}

/// A yes is used up by the intent, so that a crash between the intent and the call does not give it back.
#[test]
fn a_yes_is_used_up_by_the_intent_and_stays_with_a_call_that_was_cut() {
    let mut state = RunState::fold(run(), &to(10)).unwrap();
    let now = state.approval("approval-1").unwrap().bound_to.clone();
    assert_eq!(state.approval("approval-1").unwrap().check(&now), Ok(()));
    state.apply(&approved()[10]).unwrap();
    assert_eq!(state.approval("approval-1").unwrap().check(&now).unwrap_err().detail.as_deref(), Some("spent"));
    for (seq, change) in
        (12..).zip([suspended(Some(("refund".into(), USED))), extended(), reserved("refund", Some("approval-1"))])
    {
        state.apply(&entry(seq, change)).unwrap();
    }
    assert_eq!(state.approval("approval-1").unwrap().consumed_by.as_deref(), Some("refund"));
}

#[test]
fn a_run_is_what_its_entries_say() {
    let status = |count| RunState::fold(run(), &to(count)).unwrap().status();
    assert_eq!(
        [1, 5, 9, 10, 14].map(status),
        [Status::Running, Status::Running, Status::Waiting, Status::Running, Status::Done]
    );
    let waiting = RunState::fold(run(), &to(9)).unwrap();
    assert_eq!(waiting.open_approval().map(|approval| approval.key.as_str()), Some("approval-1"));
    let gone = RunState::fold(run(), &and(to(9), &[Change::Broken { fault: void() }])).unwrap();
    assert_eq!((gone.status(), gone.open_approval(), gone.end()), (Status::Failed, None, Some(&End::Failed(void()))));
}

/// How long an entry is, the version that wrote it may have counted otherwise; its runs are read all the same.
#[test]
fn a_run_that_wrote_more_than_its_budget_is_read() {
    let mut entries = approved();
    let Change::Created { budget, .. } = &mut entries[0].change else { panic!() };
    *budget = budget.with(Currency::Journal, 1);
    for entry in &mut entries {
        if let Change::Reserved { amount, .. } | Change::Asked { amount, .. } = &mut entry.change {
            amount.journal_bytes = 1_000;
        }
    }
    let state = RunState::fold(run(), &entries).unwrap();
    assert!(state.ledger().exceeded(Currency::Journal).used > 1_000, "{state:?}");
    assert_eq!(state.status(), Status::Done);
}

/// By default serde_json reads numbers fast and sometimes one digit off. What an approval is bound to is a digest of
/// the arguments, so a yes to a call with such a number would have been void after a restart, and a replay another run.
#[test]
fn a_number_is_read_back_to_the_last_digit() {
    let asked = ToolCall::new("payments", "refund", json!({"rate": -2.494219868588502e-24}));
    let read: ToolCall = serde_json::from_str(&serde_json::to_string(&asked).unwrap()).unwrap();
    assert_eq!((read.digest(), &read), (asked.digest(), &asked));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn folding_a_part_and_then_the_rest_is_folding_all(story in stories(), hiccups in hiccups(), cut in any::<prop::sample::Index>()) {
        let entries = record(&story, &hiccups);
        let (before, after) = entries.split_at(1 + cut.index(entries.len()));
        let mut state = RunState::fold(run(), before).unwrap();
        for entry in after {
            state.apply(entry).unwrap();
        }
        prop_assert_eq!(Ok(state), RunState::fold(run(), &entries));
    }

    /// The journal keeps text; a run that is read back must be the run that was, to the last digit.
    #[test]
    fn a_journal_that_is_read_back_is_the_same(story in stories(), hiccups in hiccups()) {
        let entries = record(&story, &hiccups);
        let read = |entry: &Entry| {
            let text = serde_json::to_string(&entry.change)?;
            serde_json::from_str(&text).map(|change| Entry { change, ..entry.clone() })
        };
        let read: Vec<_> = entries.iter().map(read).collect::<Result<_, serde_json::Error>>()?;
        prop_assert_eq!(&read, &entries);
        prop_assert_eq!(RunState::fold(run(), &read), RunState::fold(run(), &entries));
    }

    /// Whatever is written twice by a mistake is found out, unless it does not matter.
    #[test]
    fn no_entry_happens_twice(story in stories(), hiccups in hiccups()) {
        let entries = record(&story, &hiccups);
        for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| !changes_the_budget_only(&entry.change)) {
            let twice = and(entries[..=at].to_vec(), std::slice::from_ref(&entry.change));
            prop_assert_eq!(RunState::fold(run(), &twice).map_err(|fault| fault.kind), Err(Kind::Journal));
        }
    }

    #[test]
    fn the_account_is_the_sum_of_the_entries(story in stories(), hiccups in hiccups()) {
        let entries = record(&story, &hiccups);
        let state = RunState::fold(run(), &entries).unwrap();
        let (mut spent, mut budget, mut in_flight) = (NOTHING, Budget::NONE, 0);
        for entry in &entries {
            spent.journal_bytes += serde_json::to_string(&entry.change)?.len() as u64;
            match &entry.change {
                Change::Reserved { .. } | Change::Asked { .. } => in_flight += 1,
                Change::Stepped { used, event, .. } => {
                    spent.add(used);
                    in_flight -= u64::from(event.key().is_some());
                }
                Change::Suspended { cut: Some((_, used)), .. } => {
                    spent.add(used);
                    in_flight -= 1;
                }
                Change::Created { budget: more, .. } | Change::Extended { more } => budget.add(more),
                _ => {}
            }
        }
        prop_assert_eq!((state.ledger().spent(), state.ledger().budget()), (&spent, &budget));
        prop_assert_eq!(state.ledger().exceeded(Currency::Steps).used, spent.steps + in_flight);
    }
}

fn hiccups() -> impl Strategy<Value = Vec<Hiccup>> {
    let hiccup = prop_oneof![
        20 => Just(Hiccup::None),
        5 => Just(Hiccup::Suspended),
        5 => Just(Hiccup::Cut),
        1 => Just(Hiccup::Broken),
    ];
    prop::collection::vec(hiccup, 0..12)
}

fn changes_the_budget_only(change: &Change) -> bool {
    matches!(change, Change::Extended { .. } | Change::Suspended { cut: None, .. })
}

/// The journal of a refund that a person approved, in fourteen entries; its ninth is the question.
fn approved() -> Vec<Entry> {
    let entries = record(&ask_and(vec![Answer::Fitting(true); 3]), &[]);
    assert_eq!(entries.len(), 14);
    entries
}

fn denied() -> Vec<Entry> {
    record(&ask_and(vec![Answer::Fitting(false)]), &[])
}

fn ask_and(then: Vec<Answer>) -> Story {
    let mut answers = vec![Answer::Fitting(true); 4];
    answers.extend(then);
    Story { rules: Default::default(), price_cents: 14_900, days_ago: 12, answers }
}

fn to(count: usize) -> Vec<Entry> {
    approved()[..count].to_vec()
}

fn and(mut entries: Vec<Entry>, changes: &[Change]) -> Vec<Entry> {
    let next = entries.len() as u64 + 1;
    entries.extend((next..).zip(changes).map(|(seq, change)| entry(seq, change.clone())));
    entries
}

fn run() -> RunId {
    RunId::from_bytes(RUN)
}

fn entry(seq: u64, change: Change) -> Entry {
    Entry { run: run(), seq, at_ms: 1_700_000_000_000 + seq, change }
}

fn illegal(seq: u64, why: &str) -> Fault {
    Fault::new(Kind::Journal, format!("entry {seq} of run {} is refused: {why}", run())).detail("entry")
}

fn created() -> Change {
    let budget = Budget::default().fuel(1_000_000);
    let origin = stockade_workflow::Origin::default();
    Change::Created { workflow: "refund".to_owned(), version: 1, input: Story::input().into(), budget, origin }
}

fn reserved(key: &str, consumes: Option<&str>) -> Change {
    Change::Reserved {
        key: key.to_owned(),
        amount: AMOUNT,
        consumes: consumes.map(str::to_owned),
        labels: Vec::new(),
        due_ms: None,
    }
}

fn bound_to(call: &ToolCall) -> Binding {
    Binding { call: call.digest(), component: Digest::of(b"component"), grants: Digest::of(b"grants") }
}

fn renewed(call: &ToolCall) -> Change {
    Change::Renewed { key: "approval-1".to_owned(), bound_to: bound_to(call), workflow: None }
}

fn asked(key: &str, reason: &str, call: ToolCall) -> Change {
    let bound_to = bound_to(&call);
    let (key, reason) = (key.to_owned(), reason.to_owned());
    let approval = Approval::new(key, reason, call, bound_to);
    Change::Asked { approval: Box::new(approval), amount: NOTHING.steps(1), due_ms: None }
}

const EXCEEDED: Exceeded = Exceeded { limit: Currency::Fuel, allowed: 1_000_000, used: 1_000_000 };

fn suspended(cut: Option<(String, Usage)>) -> Change {
    Change::Suspended { exceeded: EXCEEDED, cut, budget: None }
}

fn extended() -> Change {
    Change::Extended { more: Budget::NONE.fuel(5).with(Currency::Steps, 2).with(Currency::ToolCalls, 2) }
}

fn tool(key: &str) -> Change {
    step(Event::ended(key, ToolOutcome::Returned(Value::Null.into())))
}

fn decided(key: &str) -> Change {
    step(Event::ended(key, Decision::approve("mia")))
}

fn step(event: Event) -> Change {
    let (position, state) = ("INIT".to_owned(), Value::Null);
    Change::Stepped { event, used: USED, position, state, log: vec![], effects: vec![], slices: vec![], end: None }
}

/// The same step, wanting this call instead.
fn wants(entry: &Entry, key: &str, call: &ToolCall, approval: Option<&str>) -> Change {
    let mut change = entry.change.clone();
    if let Change::Stepped { effects, .. } = &mut change {
        let (call, approval) = (call.clone(), approval.map(str::to_owned));
        *effects = vec![Effect::new(key, EffectKind::CallTool { call, approval })];
    }
    change
}

fn void() -> Fault {
    Fault::new(Kind::Approval, "void").detail("mismatch")
}

fn doubted(key: &str) -> Change {
    Change::Doubted { key: key.to_owned(), fault: Fault::new(Kind::UnknownOutcome, "no answer came"), used: USED }
}

fn settled(key: &str) -> Change {
    Change::Settled { settlement: Settlement { key: key.to_owned(), ..found() } }
}

fn found() -> Settlement {
    Settlement::done("refund", json!({"reference": "re_7"}), "dana")
}

fn paused() -> Change {
    Change::Paused { stop: Stop::by("dana") }
}

fn stopped(unknown: &[&str]) -> Change {
    let unknown = unknown.iter().map(|key| (*key).to_owned()).collect();
    Change::Stopped { stop: Stop::by("dana").reason(Some("a wrong order".to_owned())), unknown }
}
