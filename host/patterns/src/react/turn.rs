use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Spec;
use super::fence::unfenced;
use super::results::{Long, Results, shown_part};
use stockade_workflow::authoring::cut;
use stockade_workflow::{
    Code, CodeEnd, CodeOutcome, Decision, Digest, Effect, EffectKind, EffectOutcome, Fault, Json, Kind, Message,
    ModelCall, READ_RESULT, RUN_CODE, ReadResult, ResultRead, ToolCall, ToolOutcome, Verdict, Waited,
};

/// The calls that one answer of the model asks for, and what has become of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Turn {
    number: u32,
    calls: Vec<Call>,
    /// How many calls were too many.
    excess: usize,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Call {
    id: String,
    /// By which a call is known to be the same as another.
    mark: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    work: Option<Work>,
    /// What a person changed in it, as the model is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edited: Option<String>,
    /// What its result is known by, where the model is shown only the beginning and the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    long: Option<Long>,
    stage: Stage,
}

/// What is done for a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Work {
    Tool { call: ToolCall, asked: bool },
    Code(Code),
    Read(ReadResult),
}

/// How far a call is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// A person is asked, for the first or the second time.
    Asking { again: bool },
    /// It is being made.
    Calling { again: bool },
    /// It has ended.
    Ended { content: String, failed: bool },
}

/// The most of an outcome that the model reads, but for a result: eight of them are within the default window.
const CONTENT_BYTES_MAX: usize = 16 << 10;
/// The longest name of a function: with that of its interface, and the version of that.
const FUNCTION_BYTES_MAX: usize = 256;
/// The most of edited arguments that the model reads.
const CHANGED_BYTES_MAX: usize = 4 << 10;
/// The most of a name that is repeated to the model that wrote it.
const NAME_BYTES_MAX: usize = 100;

impl Turn {
    /// Reads the calls of an answer. What is not offered becomes a failure and no effect.
    pub(super) fn new(number: u32, spec: &Spec, results: &Results, calls: &[ModelCall], excess: usize) -> Self {
        Self { number, calls: calls.iter().map(|call| Call::new(call, spec, results)).collect(), excess }
    }

    /// Returns what is wanted first: each call, or a person's approval of it.
    pub(super) fn effects(&self) -> Vec<Effect> {
        (0..self.calls.len()).filter_map(|at| self.effect(at)).collect()
    }

    pub(super) fn marks(&self) -> Vec<String> {
        self.calls.iter().map(|call| call.mark.clone()).collect()
    }

    pub(super) fn is_over(&self) -> bool {
        self.calls.iter().all(|call| matches!(call.stage, Stage::Ended { .. }))
    }

    /// Returns each call's mark, what it came to and whether it failed, for those that have ended.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        self.calls.iter().filter_map(|call| match &call.stage {
            Stage::Ended { content, failed } => Some((&*call.mark, &**content, *failed)),
            _ => None,
        })
    }

    /// Returns the results of which the model is shown only the beginning and the end.
    pub(super) fn long_results(&self) -> impl Iterator<Item = &Long> {
        self.calls.iter().filter_map(|call| call.long.as_ref())
    }

    /// Returns what the model reads of them, in the order of the calls.
    pub(super) fn messages(&self) -> Vec<Message> {
        let last = self.calls.len().saturating_sub(1);
        let message = |(at, call): (usize, &Call)| match &call.stage {
            Stage::Ended { content, failed } => {
                let note = if at == last { self.note() } else { String::new() };
                Some(Message::tool(&call.id, format!("{content}{note}"), *failed))
            }
            _ => None,
        };
        self.calls.iter().enumerate().filter_map(message).collect()
    }

    fn note(&self) -> String {
        let (made, excess) = (self.calls.len(), self.excess);
        if excess == 0 {
            return String::new();
        }
        format!("\n[{excess} more calls of your answer were not made: at most {made} are at once]")
    }

    /// Returns whether an event is the outcome of one of them.
    pub(super) fn awaits(&self, key: &str, outcome: &EffectOutcome) -> bool {
        let Some(call) = self.place(key).and_then(|at| self.calls.get(at)) else { return false };
        matches!(
            (&call.stage, &call.work, outcome),
            (
                Stage::Asking { .. },
                Some(Work::Tool { .. }),
                EffectOutcome::Decided { .. } | EffectOutcome::Waited(Waited::TimedOut { .. })
            ) | (Stage::Calling { .. }, Some(Work::Tool { .. }), EffectOutcome::ToolReturned(_))
                | (Stage::Calling { .. }, Some(Work::Code(_)), EffectOutcome::CodeFinished(_))
                | (Stage::Calling { .. }, Some(Work::Read(_)), EffectOutcome::ResultRead(_))
        )
    }

    /// Takes the outcome of one of them; returns what is wanted next for that call, if anything is.
    ///
    /// # Errors
    ///
    /// A fault where it is not known whether the call has happened.
    pub(super) fn take(&mut self, key: &str, outcome: EffectOutcome, spec: &Spec) -> Result<Option<Effect>, Fault> {
        let Some(at) = self.place(key) else { return Ok(None) };
        self.calls.get_mut(at).map_or(Ok(()), |call| call.take(key, outcome, spec))?;
        Ok(self.effect(at))
    }

    /// Returns the tool that a question of this key asks about.
    pub(super) fn asked_tool(&self, key: &str) -> Option<&str> {
        match self.calls.get(self.place(key)?)?.work.as_ref()? {
            Work::Tool { call, .. } => Some(&call.tool),
            Work::Code(_) | Work::Read(_) => None,
        }
    }

    fn place(&self, key: &str) -> Option<usize> {
        (0..self.calls.len()).find(|at| self.key(*at).is_some_and(|awaited| awaited == key))
    }

    /// The key of the effect that a call waits for.
    fn key(&self, at: usize) -> Option<String> {
        let (what, again) = match &self.calls.get(at)?.stage {
            Stage::Asking { again } => ("ask", *again),
            Stage::Calling { again } => ("call", *again),
            Stage::Ended { .. } => return None,
        };
        Some(self.key_of(what, at, again))
    }

    fn key_of(&self, what: &str, at: usize, again: bool) -> String {
        let again = if again { "-again" } else { "" };
        format!("turn-{}/{what}-{}{again}", self.number, at.saturating_add(1))
    }

    fn effect(&self, at: usize) -> Option<Effect> {
        let (call, key) = (self.calls.get(at)?, self.key(at)?);
        match (&call.stage, call.work.clone()?) {
            (Stage::Asking { .. }, Work::Tool { call, .. }) => {
                let reason = format!("the agent wants a call of \"{}\", and each of them needs a yes", call.tool);
                Some(Effect::request_approval(&key, reason, call))
            }
            (Stage::Calling { again }, Work::Tool { call, asked }) => {
                let approval = asked.then(|| self.key_of("ask", at, *again));
                Some(Effect::new(&key, EffectKind::CallTool { call, approval }))
            }
            (_, Work::Code(code)) => Some(Effect::run_code(&key, code)),
            (_, Work::Read(read)) => Some(Effect::read_result(&key, read)),
            _ => None,
        }
    }
}

impl Call {
    fn new(call: &ModelCall, spec: &Spec, results: &Results) -> Self {
        let mark = Digest::of_json(&(&call.name, &call.arguments)).short().to_owned();
        let (id, work) = (call.id.clone(), work(call, spec, results));
        let stage = match &work {
            Ok(Work::Tool { asked: true, .. }) => Stage::Asking { again: false },
            Ok(_) => Stage::Calling { again: false },
            Err(why) => failed(why),
        };
        Self { id, mark, work: work.ok(), edited: None, long: None, stage }
    }

    fn take(&mut self, key: &str, outcome: EffectOutcome, spec: &Spec) -> Result<(), Fault> {
        let again = matches!(self.stage, Stage::Asking { again: true } | Stage::Calling { again: true });
        self.stage = match outcome {
            EffectOutcome::Decided { decision } => self.decided(&decision, again, spec),
            EffectOutcome::Waited(Waited::TimedOut { .. }) => failed(EXPIRED),
            EffectOutcome::ToolReturned(ToolOutcome::Returned(value)) => self.result(key, text(&value), false, spec),
            EffectOutcome::ToolReturned(ToolOutcome::Failed(fault)) => self.failed(&fault, again),
            EffectOutcome::ToolReturned(ToolOutcome::Unknown(fault))
            | EffectOutcome::CodeFinished(CodeOutcome { ended: CodeEnd::Unknown(fault), .. }) => return Err(fault),
            EffectOutcome::CodeFinished(outcome) => {
                let is_failed = !matches!(outcome.ended, CodeEnd::Returned(_));
                self.result(key, outcome.text(), is_failed, spec)
            }
            EffectOutcome::ResultRead(ResultRead::Read(part)) => {
                Stage::Ended { content: shown_part(&part), failed: false }
            }
            EffectOutcome::ResultRead(ResultRead::Failed(fault)) => failed(&fault.message),
            EffectOutcome::ModelReplied(_)
            | EffectOutcome::Remembered(_)
            | EffectOutcome::Recalled(_)
            | EffectOutcome::RunsEnded(_)
            | EffectOutcome::Waited(Waited::Slept { .. } | Waited::Signalled(_) | Waited::Failed(_)) => return Ok(()),
        };
        Ok(())
    }

    /// Takes a result, of which the conversation has no more than it may have.
    fn result(&mut self, key: &str, result: String, failed: bool, spec: &Spec) -> Stage {
        let (shown, long) = Long::shown(key, result, spec.result_bytes_max as usize);
        self.long = long;
        Stage::Ended { content: self.told(&shown), failed }
    }

    fn failed(&self, fault: &Fault, again: bool) -> Stage {
        if self.is_asked() && is_void(fault) && !again {
            return Stage::Asking { again: true };
        }
        failed(&self.told(&fault.message))
    }

    /// What a call came to, after what a person changed in it.
    fn told(&self, content: &str) -> String {
        self.edited.as_ref().map_or_else(|| content.to_owned(), |edited| format!("[{edited}]\n{content}"))
    }

    fn is_asked(&self) -> bool {
        matches!(&self.work, Some(Work::Tool { asked: true, .. }))
    }

    fn decided(&mut self, decision: &Decision, again: bool, spec: &Spec) -> Stage {
        let call = match &mut self.work {
            Some(Work::Tool { call, .. }) => call,
            Some(Work::Code(_) | Work::Read(_)) | None => return failed("there is no such call"),
        };
        if !spec.tools.contains(&call.tool) {
            return failed(&not_offered(&call.tool, spec));
        }
        match decision.verdict {
            Verdict::Approved => Stage::Calling { again },
            Verdict::Edited => {
                *call = decision.call(call);
                self.edited = Some(changed(decision, call));
                Stage::Calling { again }
            }
            Verdict::Denied => failed(&denied(decision)),
            Verdict::Responded => ended(&responded(decision)),
        }
    }
}

const EXPIRED: &str = "the call was not made: no person decided on it in time, which is no denial";

fn changed(decision: &Decision, call: &ToolCall) -> String {
    let arguments = cut(call.arguments.text(), CHANGED_BYTES_MAX);
    format!("\"{}\" changed the arguments before the call was made, to {arguments}{}", decision.by, saying(decision))
}

fn denied(decision: &Decision) -> String {
    let (by, saying) = (&decision.by, saying(decision));
    match &decision.repeats {
        None => format!("the call was not made: \"{by}\" said no{saying}"),
        Some(_) => {
            format!("the call was not made: \"{by}\" said no to this very call before{saying}; do not ask for it again")
        }
    }
}

fn responded(decision: &Decision) -> String {
    let response = decision.response.as_deref().unwrap_or_default();
    format!("[the call was not made; \"{}\" answers in place of the tool]\n{response}", decision.by)
}

fn saying(decision: &Decision) -> String {
    decision.comment.as_ref().map(|comment| format!(", saying: {comment}")).unwrap_or_default()
}

/// Reads a call: what the model may ask for, and nothing else.
fn work(call: &ModelCall, spec: &Spec, results: &Results) -> Result<Work, String> {
    let name = cut(&call.name, NAME_BYTES_MAX);
    if !call.arguments.is_object() {
        return Err(format!("the arguments of {name:?} are no JSON object; call it again with one"));
    }
    if call.name == READ_RESULT {
        return results.reading(&call.arguments, spec.result_bytes_max as usize).map(Work::Read);
    }
    if let Some(language) = &spec.code {
        return code(call, language, spec, results);
    }
    let Some((tool, function)) = call.name.split_once('.') else {
        return Err(format!("there is no function {name:?}; their names are tool.function"));
    };
    if !spec.tools.iter().any(|offered| offered == tool) {
        return Err(not_offered(&cut(tool, NAME_BYTES_MAX), spec));
    }
    if !is_function(function) {
        return Err(format!("there is no function {name:?}; a function's name is letters, digits and _ - : / @ ."));
    }
    let call = ToolCall::new(tool, function, &call.arguments);
    Ok(Work::Tool { asked: spec.asks_for(tool), call })
}

fn code(call: &ModelCall, language: &str, spec: &Spec, results: &Results) -> Result<Work, String> {
    if call.name != RUN_CODE {
        let name = cut(&call.name, NAME_BYTES_MAX);
        return Err(format!("there is no function {name:?}; call the tools from code, with \"{RUN_CODE}\""));
    }
    let Some(source) = call.arguments.get("source").and_then(Value::as_str) else {
        return Err(format!("\"{RUN_CODE}\" wants the argument \"source\", which is text"));
    };
    let results = results.given(&call.arguments)?.into_iter().collect();
    let code = Code::new(language, unfenced(source)).tools(&spec.tools).ask(&spec.ask);
    Ok(Work::Code(Code { results, ..code }))
}

/// Whether a function can have this name: where two interfaces of a tool have one of a name, its interface's is before it.
fn is_function(name: &str) -> bool {
    let is_in_names = |letter: u8| letter.is_ascii_alphanumeric() || b"_-:/@.".contains(&letter);
    (1..=FUNCTION_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_in_names)
}

fn not_offered(tool: &str, spec: &Spec) -> String {
    let tools = if spec.tools.is_empty() { "none".to_owned() } else { spec.tools.join(", ") };
    format!("the tool {tool:?} is not offered to this agent; those are: {tools}")
}

fn is_void(fault: &Fault) -> bool {
    fault.kind == Kind::Approval && fault.detail.as_deref() == Some("mismatch")
}

fn ended(content: &str) -> Stage {
    Stage::Ended { content: cut(content, CONTENT_BYTES_MAX), failed: false }
}

fn failed(why: &str) -> Stage {
    Stage::Ended { content: cut(why, CONTENT_BYTES_MAX), failed: true }
}

/// A value as a model reads it: text as it is, anything else as JSON.
fn text(value: &Json) -> String {
    value.string().unwrap_or_else(|| value.to_string())
}
