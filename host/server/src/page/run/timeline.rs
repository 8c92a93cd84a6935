//! What a run did and when, as its entries tell it.

use std::collections::BTreeMap;

use stockade::{
    Budget, Change, Code, Currency, Decision, Effect, EffectKind, EffectOutcome, Entry, Event, Exceeded, Label,
    Overdue, RunId, ToolCall, ToolOutcome, Usage, utc,
};

use crate::page::words;

/// One line of the timeline: an effect, or something that was done to the run.
pub(super) struct Row {
    /// The key of the effect; empty where it is about the run.
    pub(super) key: String,
    pub(super) what: String,
    pub(super) shape: Shape,
    pub(super) begun_ms: u64,
    /// Absent where it has not ended.
    pub(super) ended_ms: Option<u64>,
    /// The number of the entry with which it began.
    pub(super) seq: u64,
    pub(super) used: Usage,
    /// The state that followed.
    pub(super) state: Option<String>,
    pub(super) effect: Option<Effect>,
    pub(super) outcome: Option<EffectOutcome>,
    /// What its outcome carries.
    pub(super) labels: Vec<Label>,
    /// What else happened to it, in order.
    pub(super) notes: Vec<String>,
    /// The calls that its code made.
    pub(super) calls: Vec<Nested>,
    /// The runs that it started.
    pub(super) children: Vec<RunId>,
}

/// What a line is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Something works.
    Work,
    /// The run waits for it.
    Wait,
    /// It takes no time.
    Moment,
}

/// A call that code made.
pub(super) struct Nested {
    pub(super) call: ToolCall,
    pub(super) begun_ms: u64,
    pub(super) ended: Option<(u64, ToolOutcome, Usage)>,
    pub(super) attempts: u32,
}

impl Row {
    fn new(key: &str, what: String, shape: Shape, entry: &Entry) -> Self {
        let ended_ms = (shape == Shape::Moment).then_some(entry.at_ms);
        Self {
            key: key.to_owned(),
            what,
            shape,
            begun_ms: entry.at_ms,
            ended_ms,
            seq: entry.seq,
            used: Usage::NONE,
            state: None,
            effect: None,
            outcome: None,
            labels: Vec::new(),
            notes: Vec::new(),
            calls: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Returns the code that it ran.
    pub(super) fn code(&self) -> Option<&Code> {
        let effect = self.effect.as_ref()?;
        if let EffectKind::RunCode(code) = &effect.kind { Some(code) } else { None }
    }

    /// Returns whether it failed.
    pub(super) fn has_failed(&self) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| outcome.fault().is_some())
    }
}

/// The lines of a run, in the order in which they began.
#[derive(Default)]
pub(super) struct Timeline {
    pub(super) rows: Vec<Row>,
    /// The states that the run was in, in order.
    pub(super) path: Vec<String>,
    /// What was wanted, by its key.
    effects: BTreeMap<String, Effect>,
    /// The places of the lines of effects.
    places: BTreeMap<String, usize>,
}

impl Timeline {
    pub(super) fn read(entries: &[Entry]) -> Self {
        let mut timeline = Self::default();
        entries.iter().for_each(|entry| timeline.take(entry));
        timeline
    }

    fn take(&mut self, entry: &Entry) {
        match &entry.change {
            Change::Created { .. } => self.moment(entry, "created".to_owned()),
            Change::Stepped { event, used, position, effects, .. } => {
                self.step(entry, event, used, position);
                self.effects.extend(effects.iter().map(|effect| (effect.key().to_owned(), effect.clone())));
                self.path.push(position.clone());
            }
            Change::Undone { event, used } => self.ended(entry, event, used),
            Change::Reserved { key, labels, .. } => self.at(entry, key, |row| row.labels.extend(labels)),
            Change::Asked { approval, .. } => {
                self.note(entry, &approval.key, &Usage::NONE, format!("asks: {}", approval.reason));
            }
            Change::AskedInCode { key, approval, used, .. } => {
                self.note(entry, key, used, format!("its code asks for {}: {}", approval.call, approval.reason));
            }
            Change::AnsweredInCode { key, outcome } => self.moment(entry, format!("{key}: {}", answered(outcome))),
            Change::Renewed { key, .. } => {
                self.note(entry, key, &Usage::NONE, "asked anew, for the tool has changed".to_owned());
            }
            Change::Overdue { key, overdue, .. } => self.note(entry, key, &Usage::NONE, late(*overdue).to_owned()),
            Change::Voted { key, decision } => {
                self.note(entry, key, &Usage::NONE, format!("{}, and others must too", decided(decision)));
            }
            Change::Revoked { key, by } => {
                self.note(entry, key, &Usage::NONE, format!("{by} took back that it holds for later calls"));
            }
            Change::Signalled { signal } => self.moment(entry, format!("signal {} by {}", signal.name, signal.by)),
            Change::ChildStarted { key, run, .. } => self.at(entry, key, |row| row.children.push(*run)),
            Change::ChildEnded { child } => {
                let run = child.run.map_or_else(|| format!("run {}", child.number), |run| format!("run {run}"));
                self.note(entry, &child.key, &Usage::NONE, format!("{run} {}", child.end.name()));
            }
            Change::Calling { key, number, call } => self.call(entry, key, *number, call, |_| {}),
            Change::Retried { key, number, call, .. } => self.call(entry, key, *number, call, |nested| {
                nested.attempts = nested.attempts.saturating_add(1);
            }),
            Change::Called { key, number, call, outcome, used } => self.call(entry, key, *number, call, |nested| {
                nested.ended = Some((entry.at_ms, outcome.clone(), *used));
            }),
            Change::Suspended { exceeded, cut, budget } => {
                self.moment(entry, suspended(exceeded, budget.as_deref()));
                if let Some((key, used)) = cut {
                    self.at(entry, key, |row| row.used.add(used));
                }
            }
            Change::Deferred { key, used, until_ms, fault, .. } => {
                let note = format!("failed, and is tried again from {}: {}", utc(*until_ms), fault.message);
                self.note(entry, key, used, note);
            }
            Change::Lost { key, used } => {
                let note = "lost: the host ended in the midst of it, and it is wanted again".to_owned();
                self.note(entry, key, used, note);
            }
            Change::Doubted { key, fault, used } => {
                self.note(entry, key, used, format!("in doubt: {}", fault.message));
            }
            Change::Later { key, used, .. } => {
                self.note(entry, key, used, "its tool tells the result later".to_owned());
            }
            Change::Settled { settlement } => {
                self.note(entry, &settlement.key, &Usage::NONE, format!("settled: {settlement}"));
            }
            Change::Extended { more } => self.moment(entry, format!("budget added to: {}", added(more))),
            Change::Paused { stop } => self.moment(entry, format!("paused {stop}")),
            Change::Resumed => self.moment(entry, "resumed".to_owned()),
            Change::Stopped { stop, .. } => self.moment(entry, format!("stopped {stop}")),
            Change::Expired { .. } => self.moment(entry, "its deadline has passed".to_owned()),
            Change::Broken { fault } => self.moment(entry, format!("broken: {}", fault.message)),
        }
    }

    fn step(&mut self, entry: &Entry, event: &Event, used: &Usage, position: &str) {
        if let Some(key) = event.key() {
            self.ended(entry, event, used);
            self.at(entry, key, |row| row.state = Some(position.to_owned()));
            return;
        }
        let mut row = Row::new("", "started".to_owned(), Shape::Moment, entry);
        (row.used, row.state) = (*used, Some(position.to_owned()));
        self.rows.push(row);
    }

    fn ended(&mut self, entry: &Entry, event: &Event, used: &Usage) {
        let Some((key, outcome)) = event.outcome() else { return };
        self.at(entry, key, |row| {
            row.ended_ms = Some(entry.at_ms);
            row.used.add(used);
            row.outcome = Some(outcome.clone());
        });
    }

    fn moment(&mut self, entry: &Entry, what: String) {
        self.rows.push(Row::new("", what, Shape::Moment, entry));
    }

    /// Adds a note, and what was used, to the line of an effect; where the key is that of a call of code, to that of the code. An
    /// agent's questions have the key of its turn before their own, and are effects.
    fn note(&mut self, entry: &Entry, key: &str, used: &Usage, note: String) {
        let code = key.rsplit_once('/').map(|(code, _)| code);
        let is_effect = self.places.contains_key(key) || self.effects.contains_key(key);
        let is_call = !is_effect && code.is_some_and(|code| self.places.contains_key(code));
        let line = if is_call { code.unwrap_or(key) } else { key };
        self.at(entry, line, |row| {
            row.used.add(used);
            row.notes.push(note);
        });
    }

    /// Changes the line of an effect, which is added if the effect has no line yet.
    fn at(&mut self, entry: &Entry, key: &str, change: impl FnOnce(&mut Row)) {
        let place = self.places.get(key).copied().unwrap_or(self.rows.len());
        if place == self.rows.len() {
            self.places.insert(key.to_owned(), place);
            self.rows.push(self.line(entry, key));
        }
        if let Some(row) = self.rows.get_mut(place) {
            change(row);
        }
    }

    fn line(&self, entry: &Entry, key: &str) -> Row {
        let effect = self.effects.get(key).cloned();
        let shape = if effect.as_ref().is_some_and(Effect::is_wait) { Shape::Wait } else { Shape::Work };
        let what = effect.as_ref().map_or_else(|| key.to_owned(), name);
        Row { effect, ..Row::new(key, what, shape, entry) }
    }

    fn call(&mut self, entry: &Entry, key: &str, number: usize, call: &ToolCall, change: impl FnOnce(&mut Nested)) {
        self.at(entry, key, |row| {
            // Calls of code follow one another.
            if number >= row.calls.len() {
                let call = call.clone();
                row.calls.push(Nested { call, begun_ms: entry.at_ms, ended: None, attempts: 0 });
            }
            if let Some(nested) = row.calls.get_mut(number) {
                change(nested);
            }
        });
    }
}

fn answered(outcome: &EffectOutcome) -> String {
    match outcome {
        EffectOutcome::Decided { decision } => decided(decision),
        EffectOutcome::ToolReturned(_)
        | EffectOutcome::CodeFinished(_)
        | EffectOutcome::ModelReplied(_)
        | EffectOutcome::Remembered(_)
        | EffectOutcome::Recalled(_)
        | EffectOutcome::ResultRead(_)
        | EffectOutcome::Waited(_)
        | EffectOutcome::RunsEnded(_) => "not decided in time".to_owned(),
    }
}

fn late(overdue: Overdue) -> &'static str {
    match overdue {
        Overdue::Reminder => "overdue",
        Overdue::Escalation => "escalated: others may decide as well",
    }
}

fn suspended(Exceeded { limit, allowed, used }: &Exceeded, shared: Option<&str>) -> String {
    let whose = shared.map(|name| format!(" of the shared budget {name}")).unwrap_or_default();
    let (allowed, used) = (limit.written(*allowed), limit.written(*used));
    format!("suspended: {}{whose}, {allowed} allowed and {used} used or needed", limit.name())
}

fn added(more: &Budget) -> String {
    let added = Currency::ALL.into_iter().filter(|currency| more.get(*currency) > 0);
    added.map(|currency| amount_of(currency, more)).collect::<Vec<_>>().join(", ")
}

fn amount_of(currency: Currency, budget: &Budget) -> String {
    format!("{} {}", words::name(currency), words::amount(currency, budget.get(currency)))
}

fn decided(decision: &Decision) -> String {
    let comment = decision.comment.as_ref().map(|comment| format!(": {comment}")).unwrap_or_default();
    format!("{} by {}{comment}", decision.verdict.past(), decision.by)
}

/// Names an effect in a few words.
fn name(Effect { kind, .. }: &Effect) -> String {
    match kind {
        EffectKind::CallTool { call, .. } => format!("{}.{}", call.tool, call.function),
        EffectKind::RunCode(code) => format!("code in {}", code.language),
        EffectKind::AskModel(question) => match &question.model {
            Some(model) => format!("model {model}"),
            None => "model".to_owned(),
        },
        EffectKind::Remember(_) => "remember".to_owned(),
        EffectKind::Recall(_) => "recall".to_owned(),
        EffectKind::ReadResult(_) => "read a result".to_owned(),
        EffectKind::RequestApproval { call, .. } => format!("approval of {}.{}", call.tool, call.function),
        EffectKind::Sleep(_) => "sleep".to_owned(),
        EffectKind::AwaitSignal(awaited) => format!("signal {}", awaited.name),
        EffectKind::StartRuns(runs) => format!("runs of {}", runs.workflow),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(seq: u64, at_ms: u64, change: Change) -> Entry {
        Entry { run: RunId::from_bytes([7; 16]), seq, at_ms, change }
    }

    fn stepped(event: Event, effects: Vec<Effect>, position: &str) -> Change {
        Change::Stepped {
            event,
            used: Usage::NONE.fuel(5),
            position: position.to_owned(),
            state: json!({}),
            log: Vec::new(),
            effects,
            slices: Vec::new(),
            end: None,
        }
    }

    #[test]
    fn a_question_of_an_agent_has_a_line_of_its_own_from_when_it_is_asked() {
        let turn = Effect::run_code("turn-1", Code::new("javascript", "1"));
        let ask = Effect::request_approval("turn-1/ask-1", "too much", ToolCall::new("shop", "pay", json!({})));
        let returned = || ToolOutcome::Returned(json!(1).into());
        let voted = |key: &str| Change::Voted { key: key.to_owned(), decision: Decision::approve("dana") };
        let entries = [
            entry(2, 10, stepped(Event::Started { input: json!({}).into() }, vec![turn], "THINK")),
            entry(3, 20, stepped(Event::ended("turn-1", returned()), vec![ask], "ACT")),
            entry(4, 30, voted("turn-1/ask-1")),
            entry(5, 40, voted("turn-1/call-1")),
        ];
        let rows = Timeline::read(&entries).rows;
        let lines: Vec<_> = rows.iter().map(|row| (row.what.as_str(), row.begun_ms, row.notes.len())).collect();
        assert_eq!(lines, [("started", 10, 0), ("code in javascript", 20, 1), ("approval of shop.pay", 30, 1)]);
    }

    #[test]
    fn a_timeline_has_a_line_for_each_effect_with_what_it_used_and_the_calls_of_its_code() {
        let code = Effect::run_code("work", Code::new("javascript", "1"));
        let call = ToolCall::new("shop", "find", json!({}));
        let key = || "work".to_owned();
        let returned = ToolOutcome::Returned(json!(1).into());
        let entries = [
            entry(2, 10, stepped(Event::Started { input: json!({}).into() }, vec![code], "BEGIN")),
            entry(
                3,
                20,
                Change::Reserved {
                    key: key(),
                    amount: Usage::NONE,
                    consumes: None,
                    labels: vec![Label::Private],
                    due_ms: None,
                },
            ),
            entry(4, 30, Change::Calling { key: key(), number: 0, call: call.clone() }),
            entry(5, 40, Change::Called { key: key(), number: 0, call, outcome: returned.clone(), used: Usage::NONE }),
            entry(6, 50, Change::Lost { key: key(), used: Usage::NONE.fuel(3) }),
            entry(7, 60, stepped(Event::ended("work", returned), Vec::new(), "END")),
            entry(8, 70, Change::Resumed),
        ];
        let Timeline { rows, path, .. } = Timeline::read(&entries);
        assert_eq!(path, ["BEGIN", "END"]);
        assert_eq!(
            rows.iter().map(|row| row.what.as_str()).collect::<Vec<_>>(),
            ["started", "code in javascript", "resumed"]
        );
        let row = &rows[1];
        assert_eq!(
            (row.begun_ms, row.ended_ms, row.used.fuel, row.labels.len(), row.notes.len()),
            (20, Some(60), 8, 1, 1)
        );
        assert_eq!((row.calls.len(), row.calls[0].ended.as_ref().unwrap().0), (1, 40));
        assert_eq!(row.state.as_deref(), Some("END"));
    }
}
