/// One thing that is counted or measured.
///
/// Its name, its unit and its labels are those of OpenTelemetry; where the conventions for GenAI (v0.1.0) or for HTTP have one,
/// it is theirs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Instrument {
    /// The name, as OTLP has it.
    pub name: &'static str,
    /// How its values are gathered.
    pub shape: Shape,
    /// The unit, as UCUM writes it: `s`, `By`, or what is counted in braces.
    pub unit: &'static str,
    /// What it says, in a sentence.
    pub meaning: &'static str,
    /// The names of its labels, in the order of their values.
    pub labels: &'static [&'static str],
}

/// How the values of an instrument are gathered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// A sum that only grows.
    Counter,
    /// A value as it is now.
    Gauge,
    /// How many values were up to each of these bounds, which ascend.
    Histogram(&'static [f64]),
}

impl Instrument {
    /// Returns the name of its family of metrics as Prometheus has it, without what a counter's samples end with.
    pub fn family(&self) -> String {
        let unit = match self.unit {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        let name = self.name.replace('.', "_");
        if name.ends_with(unit) { name } else { name + unit }
    }

    /// Returns the names of its samples as Prometheus has them.
    pub fn samples(&self) -> Vec<String> {
        let endings: &[&str] = match self.shape {
            Shape::Counter => &["_total"],
            Shape::Gauge => &[""],
            Shape::Histogram(_) => &["_bucket", "_sum", "_count"],
        };
        endings.iter().map(|ending| format!("{}{ending}", self.family())).collect()
    }
}

/// The bounds that the conventions for GenAI name for questions to models and for calls of tools, in seconds.
const OPERATION_S: &[f64] = &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/// Those for agents and workflows, in seconds.
const AGENT_S: &[f64] = &[0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6];

/// Those for the calls of one agent.
const CALLS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// Those for tokens.
const TOKENS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// The bounds that the conventions for HTTP name, in seconds.
const HTTP_S: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// A commit takes from a tenth of a millisecond, in a file, to seconds, over a slow network.
const COMMIT_S: &[f64] = &[0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// From a guest of one page to the largest that wasm32 has, in bytes.
const MEMORY_BYTES: &[f64] = &[
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
    4_294_967_296.0,
];

/// Runs that were started.
pub const RUNS_STARTED: Instrument = Instrument {
    name: "stockade.runs.started",
    shape: Shape::Counter,
    unit: "{run}",
    meaning: "Runs that this process has started.",
    labels: &["workflow"],
};

/// Runs that have ended.
pub const RUNS_ENDED: Instrument = Instrument {
    name: "stockade.runs.ended",
    shape: Shape::Counter,
    unit: "{run}",
    meaning: "Runs that have ended in this process, by how: done, failed or stopped.",
    labels: &["workflow", "status"],
};

/// Runs that have not ended.
pub const RUNS: Instrument = Instrument {
    name: "stockade.runs.open",
    shape: Shape::Gauge,
    unit: "{run}",
    meaning: "Runs of the journal that have not ended, by status: the same on each process of one journal. Up to 10,000 are \
              looked at.",
    labels: &["status"],
};

/// Runs that wait.
pub const RUNS_WAITING: Instrument = Instrument {
    name: "stockade.runs.waiting",
    shape: Shape::Gauge,
    unit: "{run}",
    meaning: "Runs of the journal by what has to come before they go on; one that waits for two things counts under both.",
    labels: &["waiting_for"],
};

/// How long the oldest question waits.
pub const APPROVAL_AGE: Instrument = Instrument {
    name: "stockade.approvals.oldest.age",
    shape: Shape::Gauge,
    unit: "s",
    meaning: "How long the run has waited that has waited for a person's decision for longest; 0 where none does.",
    labels: &[],
};

/// Runs that are driven.
pub const RUNS_DRIVEN: Instrument = Instrument {
    name: "stockade.runs.driven",
    shape: Shape::Gauge,
    unit: "{run}",
    meaning: "Runs that this process drives now.",
    labels: &[],
};

/// Whether the journal answers.
pub const JOURNAL_UP: Instrument = Instrument {
    name: "stockade.journal.up",
    shape: Shape::Gauge,
    unit: "1",
    meaning: "1 where the journal answered when it was last looked at, and 0 where it did not.",
    labels: &[],
};

/// Steps of workflows.
pub const STEPS: Instrument = Instrument {
    name: "stockade.steps",
    shape: Shape::Counter,
    unit: "{step}",
    meaning: "Steps of workflows.",
    labels: &["workflow"],
};

/// Calls of tools.
pub const TOOL_CALLS: Instrument = Instrument {
    name: "stockade.tool.calls",
    shape: Shape::Counter,
    unit: "{call}",
    meaning: "Calls of tools by workflows and by code, each attempt, and pieces of code; by how they ended: returned, failed or \
              unknown.",
    labels: &["gen_ai.tool.name", "outcome"],
};

/// Fuel that was used.
pub const FUEL: Instrument = Instrument {
    name: "stockade.fuel.used",
    shape: Shape::Counter,
    unit: "{instruction}",
    meaning: "Instructions of guests that runs have paid for.",
    labels: &["workflow"],
};

/// Money that was spent.
pub const MONEY: Instrument = Instrument {
    name: "stockade.money.spent.micros",
    shape: Shape::Counter,
    unit: "{micro_usd}",
    meaning: "Millionths of a US dollar that runs have spent on models.",
    labels: &["workflow"],
};

/// The memory of guests.
pub const MEMORY_PEAK: Instrument = Instrument {
    name: "stockade.sandbox.memory.peak",
    shape: Shape::Histogram(MEMORY_BYTES),
    unit: "By",
    meaning: "The most memory that a guest held in one call.",
    labels: &[],
};

/// What budgets have refused.
pub const BUDGET_REFUSALS: Instrument = Instrument {
    name: "stockade.budget.refusals",
    shape: Shape::Counter,
    unit: "{refusal}",
    meaning: "How often a run was suspended because a budget was used up, by currency and by whose budget: its own, or one that \
              runs share.",
    labels: &["currency", "budget"],
};

/// Commits.
pub const COMMITS: Instrument = Instrument {
    name: "stockade.journal.commits",
    shape: Shape::Counter,
    unit: "{commit}",
    meaning: "Commits of runs to the journal, by outcome: made, refused, or failed because the storage did.",
    labels: &["outcome"],
};

/// How long a commit takes.
pub const COMMIT_DURATION: Instrument = Instrument {
    name: "stockade.journal.commit.duration",
    shape: Shape::Histogram(COMMIT_S),
    unit: "s",
    meaning: "How long a commit took, until it was durable or refused.",
    labels: &[],
};

/// Leases that were lost.
pub const LEASES_LOST: Instrument = Instrument {
    name: "stockade.leases.lost",
    shape: Shape::Counter,
    unit: "{lease}",
    meaning: "How often this process found that another one had taken over a run which it drove.",
    labels: &[],
};

/// Requests to the server.
pub const HTTP_DURATION: Instrument = Instrument {
    name: "http.server.request.duration",
    shape: Shape::Histogram(HTTP_S),
    unit: "s",
    meaning: "How long a request took until its answer began, with the time in the queue.",
    labels: &["http.request.method", "http.route", "http.response.status_code"],
};

/// Streams of the server.
pub const STREAMS: Instrument = Instrument {
    name: "stockade.server.streams",
    shape: Shape::Gauge,
    unit: "{stream}",
    meaning: "Streams of events that are open now.",
    labels: &[],
};

/// How long runs take.
pub const AGENT_DURATION: Instrument = Instrument {
    name: "gen_ai.invoke_agent.duration",
    shape: Shape::Histogram(AGENT_S),
    unit: "s",
    meaning: "How long a run took from its creation to its end, its waits included.",
    labels: &["gen_ai.operation.name", "gen_ai.agent.name", "error.type"],
};

/// Questions of one run.
pub const AGENT_INFERENCE_CALLS: Instrument = Instrument {
    name: "gen_ai.invoke_agent.inference_calls",
    shape: Shape::Histogram(CALLS),
    unit: "{inference_call}",
    meaning: "Questions to models of one run.",
    labels: &["gen_ai.operation.name", "gen_ai.agent.name"],
};

/// Calls of one run.
pub const AGENT_TOOL_CALLS: Instrument = Instrument {
    name: "gen_ai.invoke_agent.tool_calls",
    shape: Shape::Histogram(CALLS),
    unit: "{tool_call}",
    meaning: "Calls of tools of one run.",
    labels: &["gen_ai.operation.name", "gen_ai.agent.name"],
};

/// How long calls take.
pub const TOOL_DURATION: Instrument = Instrument {
    name: "gen_ai.execute_tool.duration",
    shape: Shape::Histogram(OPERATION_S),
    unit: "s",
    meaning: "How long a call of a tool took, or a piece of code.",
    labels: &["gen_ai.operation.name", "gen_ai.tool.name", "error.type"],
};

/// How long questions take.
pub const INFERENCE_DURATION: Instrument = Instrument {
    name: "gen_ai.client.inference.duration",
    shape: Shape::Histogram(OPERATION_S),
    unit: "s",
    meaning: "How long a question to a model took, with all its attempts.",
    labels: &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "error.type"],
};

/// Tokens of questions.
pub const INPUT_TOKENS: Instrument = Instrument {
    name: "gen_ai.client.inference.usage.input_tokens",
    shape: Shape::Counter,
    unit: "{token}",
    meaning: "Tokens of questions, as the provider counts them; of which modality is not known.",
    labels: &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.token.modality"],
};

/// Tokens of answers.
pub const OUTPUT_TOKENS: Instrument = Instrument {
    name: "gen_ai.client.inference.usage.output_tokens",
    shape: Shape::Counter,
    unit: "{token}",
    meaning: "Tokens of answers, as the provider counts them; of which modality is not known.",
    labels: &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.token.modality"],
};

/// Tokens of one question.
pub const QUESTION_TOKENS: Instrument = Instrument {
    name: "gen_ai.client.inference.operation.input_tokens",
    shape: Shape::Histogram(TOKENS),
    unit: "{token}",
    meaning: "Tokens of one question.",
    labels: &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"],
};

/// Tokens of one answer.
pub const ANSWER_TOKENS: Instrument = Instrument {
    name: "gen_ai.client.inference.operation.output_tokens",
    shape: Shape::Histogram(TOKENS),
    unit: "{token}",
    meaning: "Tokens of one answer.",
    labels: &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"],
};

/// Tokens, under the name before version 0.1.0.
pub const TOKEN_USAGE: Instrument = Instrument {
    name: "gen_ai.client.token.usage",
    shape: Shape::Histogram(TOKENS),
    unit: "{token}",
    meaning: "Tokens of a question and of its answer, as the conventions had them before version 0.1.0.",
    labels: &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.token.type"],
};

/// How long questions take, under the name before version 0.1.0.
pub const MODEL_DURATION: Instrument = Instrument {
    name: "gen_ai.client.operation.duration",
    shape: Shape::Histogram(OPERATION_S),
    unit: "s",
    meaning: "The same as `gen_ai.client.inference.duration`, as the conventions had it before version 0.1.0.",
    labels: &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "error.type"],
};

/// What a collector did not get.
pub const TELEMETRY_DROPPED: Instrument = Instrument {
    name: "stockade.telemetry.dropped",
    shape: Shape::Counter,
    unit: "{item}",
    meaning: "Spans, pages of metrics and lines of the log that the collector of OTLP did not take, or not in time.",
    labels: &["signal"],
};

/// All instruments, in the order in which they are shown.
pub const ALL: [&Instrument; 30] = [
    &RUNS_STARTED,
    &RUNS_ENDED,
    &RUNS,
    &RUNS_WAITING,
    &RUNS_DRIVEN,
    &APPROVAL_AGE,
    &STEPS,
    &TOOL_CALLS,
    &FUEL,
    &MEMORY_PEAK,
    &MONEY,
    &BUDGET_REFUSALS,
    &JOURNAL_UP,
    &COMMITS,
    &COMMIT_DURATION,
    &LEASES_LOST,
    &AGENT_DURATION,
    &AGENT_INFERENCE_CALLS,
    &AGENT_TOOL_CALLS,
    &TOOL_DURATION,
    &INFERENCE_DURATION,
    &INPUT_TOKENS,
    &OUTPUT_TOKENS,
    &QUESTION_TOKENS,
    &ANSWER_TOKENS,
    &TOKEN_USAGE,
    &MODEL_DURATION,
    &HTTP_DURATION,
    &STREAMS,
    &TELEMETRY_DROPPED,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_those_of_prometheus_with_their_units() {
        assert_eq!(MONEY.samples(), ["stockade_money_spent_micros_total"]);
        assert_eq!(APPROVAL_AGE.samples(), ["stockade_approvals_oldest_age_seconds"]);
        assert_eq!(MODEL_DURATION.family(), "gen_ai_client_operation_duration_seconds");
        assert_eq!(
            MEMORY_PEAK.samples(),
            ["_bucket", "_sum", "_count"].map(|ending| format!("stockade_sandbox_memory_peak_bytes{ending}"))
        );
    }

    #[test]
    fn instruments_have_names_of_their_own_and_bounds_that_ascend() {
        let names: BTreeSet<_> = ALL.iter().flat_map(|instrument| instrument.samples()).collect();
        assert_eq!(names.len(), ALL.iter().map(|instrument| instrument.samples().len()).sum::<usize>());
        for instrument in ALL {
            if let Shape::Histogram(bounds) = instrument.shape {
                assert!(bounds.is_sorted_by(|one, next| one < next), "{}", instrument.name);
            }
        }
    }
}
