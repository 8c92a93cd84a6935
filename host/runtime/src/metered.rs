//! Counts what is committed: meters tell what the journal tells.

use std::sync::Arc;
use std::time::Duration;

use stockade_workflow::{
    Change, EffectKind, EffectOutcome, Entry, Event, Fault, ModelOutcome, Question, RunState, ToolCall, ToolOutcome,
    Usage,
};

use crate::genai::{GenAi, ended, kind, name};
use crate::hooks::Hooks;
use crate::meters::{
    AGENT_DURATION, AGENT_INFERENCE_CALLS, AGENT_TOOL_CALLS, ANSWER_TOKENS, BUDGET_REFUSALS, FUEL, INFERENCE_DURATION,
    INPUT_TOKENS, MEMORY_PEAK, MODEL_DURATION, MONEY, Meters, OUTPUT_TOKENS, QUESTION_TOKENS, RUNS_ENDED, RUNS_STARTED,
    STEPS, TOKEN_USAGE, TOOL_CALLS, TOOL_DURATION,
};

/// Counts on these meters.
pub(crate) struct Metered {
    pub(crate) meters: Arc<Meters>,
    pub(crate) words: Arc<GenAi>,
}

impl Hooks for Metered {
    fn committed(&self, run: &RunState, entries: &[Entry]) {
        entries.iter().for_each(|entry| self.entry(run, entry));
    }
}

impl Metered {
    fn entry(&self, run: &RunState, entry: &Entry) {
        if let Some(used) = entry.change.booked() {
            self.spent(run, used);
        }
        match &entry.change {
            Change::Created { workflow, .. } => self.meters.add(&RUNS_STARTED, &[workflow], 1),
            Change::Stepped { event, used, .. } => {
                self.meters.add(&STEPS, &[run.workflow()], 1);
                self.happened(run, event, used);
            }
            Change::Undone { event, used } => self.happened(run, event, used),
            Change::Called { call, outcome, used, .. } | Change::Retried { call, outcome, used, .. } => {
                self.called(call, outcome, used);
            }
            Change::Deferred { key, used, fault, .. } => self.attempted(run, key, fault, used),
            Change::Suspended { exceeded, budget, .. } => {
                let whose = if budget.is_some() { "shared" } else { "run" };
                self.meters.add(&BUDGET_REFUSALS, &[exceeded.limit.name(), whose], 1);
            }
            Change::Reserved { .. }
            | Change::Asked { .. }
            | Change::AskedInCode { .. }
            | Change::AnsweredInCode { .. }
            | Change::Renewed { .. }
            | Change::Overdue { .. }
            | Change::Voted { .. }
            | Change::Revoked { .. }
            | Change::Signalled { .. }
            | Change::ChildStarted { .. }
            | Change::ChildEnded { .. }
            | Change::Calling { .. }
            | Change::Lost { .. }
            | Change::Doubted { .. }
            | Change::Later { .. }
            | Change::Settled { .. }
            | Change::Extended { .. }
            | Change::Paused { .. }
            | Change::Resumed
            | Change::Stopped { .. }
            | Change::Expired { .. }
            | Change::Broken { .. } => {}
        }
        if let Some(end) = ended(run, entry) {
            self.ended(run, entry, end.err().as_ref());
        }
    }

    fn spent(&self, run: &RunState, used: &Usage) {
        for (counter, more) in [(&FUEL, used.fuel), (&MONEY, used.money_micros)] {
            if more > 0 {
                self.meters.add(counter, &[run.workflow()], more);
            }
        }
    }

    fn happened(&self, run: &RunState, event: &Event, used: &Usage) {
        let Some((key, outcome)) = event.outcome() else { return };
        let Some(effect) = run.effect(key) else { return };
        match (&effect.kind, outcome) {
            (EffectKind::CallTool { call, .. }, EffectOutcome::ToolReturned(outcome)) => {
                self.called(call, outcome, used);
            }
            (EffectKind::RunCode(code), EffectOutcome::CodeFinished(_)) => {
                self.executed(&format!("run_code.{}", code.language), event.fault(), used);
            }
            (EffectKind::AskModel(question), EffectOutcome::ModelReplied(outcome)) => {
                self.asked(question, outcome, used);
            }
            (_, _) => {}
        }
    }

    /// An attempt that failed and is made again.
    fn attempted(&self, run: &RunState, key: &str, fault: &Fault, used: &Usage) {
        if let Some(EffectKind::CallTool { call, .. }) = run.effect(key).map(|effect| &effect.kind) {
            self.executed(&name(call), Some(fault), used);
        }
    }

    fn called(&self, call: &ToolCall, outcome: &ToolOutcome, used: &Usage) {
        match outcome {
            ToolOutcome::Unknown(_) => self.tool(&name(call), "unknown", outcome.fault(), used),
            ToolOutcome::Returned(_) | ToolOutcome::Failed(_) => self.executed(&name(call), outcome.fault(), used),
        }
    }

    fn executed(&self, name: &str, fault: Option<&Fault>, used: &Usage) {
        self.tool(name, if fault.is_some() { "failed" } else { "returned" }, fault, used);
    }

    fn tool(&self, name: &str, outcome: &str, fault: Option<&Fault>, used: &Usage) {
        self.meters.add(&TOOL_CALLS, &[name, outcome], 1);
        let error = fault.map(kind).unwrap_or_default();
        self.meters.time(&TOOL_DURATION, &["execute_tool", name, &error], Duration::from_micros(used.wall_us));
        if used.memory_bytes_peak > 0 {
            self.meters.record(&MEMORY_PEAK, &[], float(used.memory_bytes_peak));
        }
    }

    fn asked(&self, question: &Question, outcome: &ModelOutcome, used: &Usage) {
        let (model, provider) = self.words.asked(question.model.as_deref());
        let error = outcome.fault().map(kind).unwrap_or_default();
        let took = Duration::from_micros(used.wall_us);
        for duration in [&INFERENCE_DURATION, &MODEL_DURATION] {
            self.meters.time(duration, &["chat", provider, model, &error], took);
        }
        let (input, output) = match outcome {
            ModelOutcome::Replied(reply) => (reply.tokens_in, reply.tokens_out),
            // The conventions want a zero of what was not told.
            ModelOutcome::Failed(_) => (0, 0),
        };
        for (kind, tokens, all, each) in
            [("input", input, &INPUT_TOKENS, &QUESTION_TOKENS), ("output", output, &OUTPUT_TOKENS, &ANSWER_TOKENS)]
        {
            self.meters.add(all, &["chat", provider, model, "unknown"], tokens);
            if outcome.fault().is_none() {
                self.meters.record(each, &["chat", provider, model], float(tokens));
                self.meters.record(&TOKEN_USAGE, &["chat", provider, model, kind], float(tokens));
            }
        }
    }

    fn ended(&self, run: &RunState, entry: &Entry, fault: Option<&Fault>) {
        let (workflow, spent) = (run.workflow(), run.ledger().spent());
        let (operation, error) = (self.words.operation(workflow), fault.map(kind).unwrap_or_default());
        let took = Duration::from_millis(entry.at_ms.saturating_sub(run.created_ms()));
        self.meters.add(&RUNS_ENDED, &[workflow, &run.status().to_string()], 1);
        self.meters.time(&AGENT_DURATION, &[operation, workflow, &error], took);
        self.meters.record(&AGENT_INFERENCE_CALLS, &[operation, workflow], float(spent.model_calls));
        self.meters.record(&AGENT_TOOL_CALLS, &[operation, workflow], float(spent.tool_calls));
    }
}

/// The nearest number with a fraction, which is the very one up to 2^53.
fn float(number: u64) -> f64 {
    number as f64
}
