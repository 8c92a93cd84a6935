//! Reads the entries that hold values of others, and makes no node of those.
//!
//! A derived reader of a tagged enum keeps all members as nodes until it has seen the tag. So the tag is read first here,
//! then the one variant, whose values go from text to text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Error, Value};

use super::Change;
use crate::{
    Budget, ChildRun, CodeEnd, CodeOutcome, Effect, EffectKind, EffectOutcome, End, EndedChild, Event, Exception,
    Fault, Floats, Json, Origin, RunsEnded, SubBudget, Terms, ToolCall, ToolOutcome, Undo, Usage,
};

#[derive(Deserialize)]
struct Tagged<'a> {
    #[serde(borrow)]
    change: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Stepped<'a> {
    #[serde(borrow)]
    event: &'a RawValue,
    used: Usage,
    position: String,
    state: Value,
    #[serde(default)]
    log: Vec<String>,
    #[serde(borrow, default)]
    effects: Vec<&'a RawValue>,
    #[serde(default)]
    slices: Vec<SubBudget>,
    #[serde(default)]
    end: Option<End>,
}

#[derive(Deserialize)]
struct Calling {
    key: String,
    number: usize,
    call: ToolCall,
}

#[derive(Deserialize)]
struct Called {
    key: String,
    number: usize,
    call: ToolCall,
    used: Usage,
    #[serde(default, deserialize_with = "value")]
    returned: Option<Json>,
    failed: Option<Fault>,
    unknown: Option<Fault>,
}

#[derive(Deserialize)]
struct OfChild {
    child: Box<EndedChild>,
}

#[derive(Deserialize)]
struct Created {
    workflow: String,
    version: u32,
    input: Json,
    budget: Budget,
    #[serde(default)]
    origin: Origin,
}

#[derive(Deserialize)]
struct Wanted<'a> {
    #[serde(borrow)]
    effect: Cow<'a, str>,
    key: String,
    deadline_ms: Option<u64>,
    undo: Option<Box<Undo>>,
}

/// What is wanted of a tool: a call of it, or a person's answer to one.
#[derive(Deserialize)]
struct Call {
    tool: String,
    function: String,
    arguments: Json,
    approval: Option<String>,
    #[serde(default)]
    reason: String,
    terms: Option<Box<Terms>>,
}

#[derive(Deserialize)]
struct Started {
    input: Json,
}

#[derive(Deserialize)]
struct Happened<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Ended {
    key: String,
    #[serde(flatten)]
    outcome: EffectOutcome,
}

#[derive(Deserialize)]
struct Finished {
    key: String,
    #[serde(default, deserialize_with = "value")]
    returned: Option<Json>,
    raised: Option<Exception>,
    failed: Option<Fault>,
    unknown: Option<Fault>,
    #[serde(default)]
    stdout: String,
    #[serde(default)]
    stderr: String,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    fuel: u64,
    began_ms: Option<u64>,
    #[serde(default)]
    floats: Floats,
}

#[derive(Deserialize)]
struct Returned {
    key: String,
    #[serde(default, deserialize_with = "value")]
    returned: Option<Json>,
    failed: Option<Fault>,
    unknown: Option<Fault>,
}

/// How runs ended: one of these, as [`RunsEnded`] is written.
#[derive(Deserialize)]
struct Runs {
    key: String,
    ended: Option<Vec<ChildRun>>,
    timed_out: Option<TimedOut>,
    failed: Option<Fault>,
}

#[derive(Deserialize)]
struct TimedOut {
    at_ms: u64,
    children: Vec<ChildRun>,
}

impl Change {
    /// Reads a change that the host wrote.
    ///
    /// # Errors
    ///
    /// The text is damaged.
    pub fn read(text: &str) -> Result<Self, Error> {
        Ok(match &*serde_json::from_str::<Tagged<'_>>(text)?.change {
            "stepped" => {
                let Stepped { event, used, position, state, log, effects, slices, end } = serde_json::from_str(text)?;
                let effects = effects.into_iter().map(|effect| wanted(effect.get())).collect::<Result<_, _>>()?;
                Self::Stepped { event: happened(event.get())?, used, position, state, log, effects, slices, end }
            }
            "created" => {
                let Created { workflow, version, input, budget, origin } = serde_json::from_str(text)?;
                Self::Created { workflow, version, input, budget, origin }
            }
            "calling" => {
                let Calling { key, number, call } = serde_json::from_str(text)?;
                Self::Calling { key, number, call }
            }
            "called" => {
                let Called { key, number, call, used, returned, failed, unknown } = serde_json::from_str(text)?;
                Self::Called { key, number, call, outcome: outcome(returned, failed, unknown)?, used }
            }
            "retried" => {
                let Called { key, number, call, used, returned, failed, unknown } = serde_json::from_str(text)?;
                Self::Retried { key, number, call, outcome: outcome(returned, failed, unknown)?, used }
            }
            "child_ended" => {
                let OfChild { child } = serde_json::from_str(text)?;
                Self::ChildEnded { child }
            }
            _ => serde_json::from_str(text)?,
        })
    }
}

/// Reads a value that is there, be it `null`.
fn value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

fn wanted(text: &str) -> Result<Effect, Error> {
    let Wanted { effect, key, deadline_ms, undo } = serde_json::from_str(text)?;
    let kind = match &*effect {
        "call_tool" | "request_approval" => {
            let Call { tool, function, arguments, approval, reason, terms } = serde_json::from_str(text)?;
            let call = ToolCall { tool, function, arguments };
            if effect == "call_tool" {
                EffectKind::CallTool { call, approval }
            } else {
                EffectKind::RequestApproval { reason, call, terms }
            }
        }
        "run_code" => EffectKind::RunCode(serde_json::from_str(text)?),
        "start_runs" => EffectKind::StartRuns(serde_json::from_str(text)?),
        _ => return serde_json::from_str(text),
    };
    Ok(Effect { key, deadline_ms, undo, kind })
}

fn happened(text: &str) -> Result<Event, Error> {
    Ok(match &*serde_json::from_str::<Happened<'_>>(text)?.event {
        "started" => {
            let Started { input } = serde_json::from_str(text)?;
            Event::Started { input }
        }
        "tool_returned" => {
            let Returned { key, returned, failed, unknown } = serde_json::from_str(text)?;
            Event::Ended { key, outcome: outcome(returned, failed, unknown)?.into() }
        }
        "code_finished" => {
            let Finished { key, returned, raised, failed, unknown, stdout, stderr, files, fuel, began_ms, floats } =
                serde_json::from_str(text)?;
            let ended = raised.map_or_else(
                || outcome(returned, failed, unknown).map(CodeEnd::from),
                |raised| Ok(CodeEnd::Raised(raised)),
            )?;
            Event::Ended { key, outcome: CodeOutcome { ended, stdout, stderr, files, fuel, began_ms, floats }.into() }
        }
        "runs_ended" => {
            let Runs { key, ended, timed_out, failed } = serde_json::from_str(text)?;
            Event::Ended { key, outcome: runs_ended(ended, timed_out, failed)?.into() }
        }
        _ => {
            let Ended { key, outcome } = serde_json::from_str(text)?;
            Event::Ended { key, outcome }
        }
    })
}

fn runs_ended(
    ended: Option<Vec<ChildRun>>,
    timed_out: Option<TimedOut>,
    failed: Option<Fault>,
) -> Result<RunsEnded, Error> {
    match (ended, timed_out, failed) {
        (Some(children), None, None) => Ok(RunsEnded::Ended(children)),
        (None, Some(TimedOut { at_ms, children }), None) => Ok(RunsEnded::TimedOut { at_ms, children }),
        (None, None, Some(fault)) => Ok(RunsEnded::Failed(fault)),
        _ => Err(Error::custom("runs ended in one way: ended, timed_out or failed")),
    }
}

fn outcome(returned: Option<Json>, failed: Option<Fault>, unknown: Option<Fault>) -> Result<ToolOutcome, Error> {
    match (returned, failed, unknown) {
        (Some(value), None, None) => Ok(ToolOutcome::Returned(value)),
        (None, Some(fault), None) => Ok(ToolOutcome::Failed(fault)),
        (None, None, Some(fault)) => Ok(ToolOutcome::Unknown(fault)),
        _ => Err(Error::custom("an outcome is one of returned, failed and unknown")),
    }
}

impl From<ToolOutcome> for CodeEnd {
    fn from(outcome: ToolOutcome) -> Self {
        match outcome {
            ToolOutcome::Returned(value) => Self::Returned(value),
            ToolOutcome::Failed(fault) => Self::Failed(fault),
            ToolOutcome::Unknown(fault) => Self::Unknown(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        Carried, ChildEnd, ChildRuns, Code, Currency, Decision, Kind, Label, ModelOutcome, NewMemory, OnClose,
        OnFailure, Parent, Query, Question, ReadResult, Recalled, Remembered, ResultPart, ResultRead, RunId,
        Settlement, Stop,
    };

    fn finished(ended: CodeEnd) -> Event {
        let (stdout, stderr, files) =
            ("out".to_owned(), String::new(), BTreeMap::from([("a".to_owned(), "YQ==".to_owned())]));
        let floats = Floats::of_machine("x86_64", "1f2e3d4c");
        let outcome = CodeOutcome { ended, stdout, stderr, files, fuel: 7, began_ms: Some(5), floats };
        Event::ended("code", outcome)
    }

    fn stepped(event: Event, end: Option<End>) -> Change {
        let slices = vec![SubBudget { prefix: "a".to_owned(), budget: Budget::NONE.with(Currency::Fuel, 3) }];
        let call = ToolCall::new("shop", "find", json!({"id": [1]}));
        let runs = ChildRuns::new("w", [json!(null), json!("x")], Budget::NONE.steps(1)).label("team", "a").at_once(1);
        let runs = runs.on_close(OnClose::Leave).on_failure(OnFailure::Stop);
        let effects = vec![
            Effect::approved_call("a", call.clone(), "a"),
            Effect::request_approval("a", "r", call.clone()),
            Effect::request_approval("f", "r", call).on(Terms { quorum: 2, ..Terms::default() }),
            Effect::run_code("b", Code::new("python", "1").input(json!([{}])).tools(["shop"])),
            Effect::ask("c", Question::new("how many?")),
            Effect::read_result("g", ReadResult { result: "b".to_owned(), from: 7, bytes: 9 }),
            Effect::remember("d", NewMemory { text: "t".to_owned(), ..NewMemory::default() }),
            Effect::recall("e", Query { text: "t".to_owned(), ..Query::default() }),
            Effect::start_run("g", "w", json!({"a": [[1.5]]}), Budget::default()),
            Effect::start_runs("h", runs),
        ];
        let (position, state, log) = ("THERE".to_owned(), json!({"a": [null]}), vec!["said".to_owned()]);
        Change::Stepped {
            event,
            used: Usage { fuel: 1, ..Usage::default() },
            position,
            state,
            log,
            effects,
            slices,
            end,
        }
    }

    fn child_ends(fault: &Fault) -> [ChildEnd; 6] {
        [
            ChildEnd::Done(json!(null).into()),
            ChildEnd::Done(json!({"a": [1.5, {"": []}]}).into()),
            ChildEnd::Failed(fault.clone()),
            ChildEnd::Stopped(Stop::by("dana")),
            ChildEnd::NotStarted,
            ChildEnd::Alive,
        ]
    }

    #[test]
    fn a_change_is_read_as_it_was_written() {
        let (key, fault) = ("code".to_owned(), Fault::new(Kind::Fuel, "no more").detail("fuel"));
        let name = "E".to_owned();
        let raised = Exception {
            syntax: true,
            name,
            message: String::new(),
            line: Some(1),
            column: None,
            traceback: String::new(),
        };
        let values = [json!(null), json!("a"), json!([[], {"": {}}]), json!({"returned": 1.5})].map(Json::from);
        let outcomes: Vec<_> = values
            .into_iter()
            .map(ToolOutcome::Returned)
            .chain([ToolOutcome::Failed(fault.clone()), ToolOutcome::Unknown(fault.clone())])
            .collect();
        let budget = Budget::default();
        let created = |origin| {
            let (workflow, input) = ("w".to_owned(), json!({"a": [[]]}).into());
            Change::Created { workflow, version: 2, input, budget, origin }
        };
        let labels = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
        let mut changes = vec![
            created(Origin::default()),
            created(Origin {
                start_key: Some("order/7".to_owned()),
                labels,
                by: Some("robin".to_owned()),
                due_ms: None,
                parent: Some(Box::new(Parent {
                    run: RunId::from_bytes([7; 16]),
                    key: "fan".to_owned(),
                    number: 3,
                    generation: 1,
                    carried: Carried { labels: vec![Label::Private], takes_orders: true },
                })),
            }),
            Change::ChildStarted { key: key.clone(), number: 3, run: RunId::from_bytes([7; 16]) },
            Change::Extended { more: budget },
            Change::Doubted { key: key.clone(), fault: fault.clone(), used: Usage::default() },
            Change::Later { key: key.clone(), token: "pi_7".to_owned(), used: Usage::default() },
            Change::Settled { settlement: Settlement::done(&key, json!(null), "dana") },
            Change::Settled { settlement: Settlement::refused(&key, "the card has expired", "bank") },
            Change::Settled { settlement: Settlement::done(&key, json!({"a": [1.5]}), "dana") },
            Change::Settled { settlement: Settlement::failed(&key, "dana").comment(Some("no".to_owned())) },
            stepped(Event::Started { input: json!([1]).into() }, Some(End::Failed(fault.clone()))),
            stepped(finished(CodeEnd::Raised(raised)), None),
        ];
        let (run, ends) = (Some(RunId::from_bytes([7; 16])), child_ends(&fault));
        let children: Vec<_> = ends.iter().map(|end| ChildRun { run, end: end.clone() }).collect();
        changes.extend(ends.map(|end| {
            let (key, used, carried) = (key.clone(), Usage::default().steps(2), Carried::default());
            Change::ChildEnded { child: Box::new(EndedChild { key, number: 3, run, end, used, carried }) }
        }));
        let others: [EffectOutcome; 10] = [
            RunsEnded::Ended(children.clone()).into(),
            RunsEnded::TimedOut { at_ms: 5, children }.into(),
            RunsEnded::Failed(fault.clone()).into(),
            ModelOutcome::Replied(Box::default()).into(),
            ModelOutcome::Failed(fault.clone()).into(),
            Remembered::Known(1).into(),
            Recalled::Found(Vec::new()).into(),
            ResultRead::Read(ResultPart { text: "a".to_owned(), from: 3, of: 9 }).into(),
            Decision::approve("mia").into(),
            Decision::deny("mia").comment(Some("no".to_owned())).into(),
        ];
        changes.extend(others.map(|outcome| stepped(Event::ended(&key, outcome), None)));
        for outcome in outcomes {
            let (call, used) = (ToolCall::new("shop", "find", json!([{}])), Usage::default());
            changes.push(Change::Calling { key: key.clone(), number: 3, call: call.clone() });
            changes.push(stepped(Event::ended(&key, outcome.clone()), None));
            if let ToolOutcome::Returned(value) = &outcome {
                changes.push(stepped(finished(outcome.clone().into()), Some(End::Done(value.clone()))));
            }
            let (key, number) = (key.clone(), 3);
            changes.push(Change::Retried {
                key: key.clone(),
                number,
                call: call.clone(),
                outcome: outcome.clone(),
                used,
            });
            changes.push(Change::Called { key, number, call, outcome, used });
        }
        for change in changes {
            let text = serde_json::to_string(&change).unwrap();
            assert_eq!(Change::read(&text).unwrap(), change, "{text}");
            assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), change, "{text}");
        }
    }

    #[test]
    fn a_damaged_change_is_refused() {
        let called =
            r#"{"change":"called","key":"a","number":0,"call":{"tool":"t","function":"f","arguments":{}},"used":{}"#;
        for end in ["}", r#","returned":1,"failed":null"#, r#","returned":1,"failed":{"kind":"fuel","message":"m"}}"#] {
            assert!(Change::read(&format!("{called}{end}")).is_err(), "{end}");
        }
        assert!(Change::read(r#"{"change":"nope"}"#).is_err());
        assert!(Change::read("{}").is_err());
    }
}
