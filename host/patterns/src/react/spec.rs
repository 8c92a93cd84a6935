use serde::{Deserialize, Serialize};
use serde_json::Value;

use stockade_workflow::authoring::misfits;
use stockade_workflow::{AllowedEffect, Fault, Graph, Kind, Namespace, RESULT_PART_BYTES_MAX, State as Node};

/// How an agent is set up: what `[workflow.NAME]` with `pattern = "react"` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// The model. Without it, the default model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What the model is told before anything else.
    pub system: String,
    /// The tools that the agent may call. It can call no others.
    pub tools: Vec<String>,
    /// Those of the tools whose every call needs an approval. Code waits for it too.
    pub ask: Vec<String>,
    /// The language in which the agent writes code that calls the tools. Without it, it calls them one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The most questions to the model; at most 1,000.
    pub steps_max: u32,
    /// The most calls of one answer; at most 64.
    pub calls_max: u32,
    /// How often the agent may repeat itself in vain: the same call with the same answer or a failure, or the same
    /// answers of the model in turn; at most 100.
    pub repeats_max: u32,
    /// The most tokens of the conversation, as the host estimates them.
    pub window: u64,
    /// The longest result that the conversation has whole, in bytes; of a longer one it has the beginning and the end, and the
    /// agent reads the rest in parts, or with code; 256 to 65,536, and 16,384 unless it is said.
    #[serde(skip_serializing_if = "is_usual")]
    pub result_bytes_max: u32,
    /// Whether older exchanges that do not fit the window are summarised. Otherwise they are dropped.
    pub summarise: bool,
    /// The JSON Schema that the answer must fit. Without it, the answer is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// Where the agent looks before it begins: `{ namespace, limit }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall: Option<Recall>,
    /// Where the agent keeps its answer: `{ namespace }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remember: Option<Remember>,
}

/// What an agent looks for before it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recall {
    /// The namespace to search: `{ tenant, user, agent }`.
    pub namespace: Namespace,
    /// The most memories; at most 20.
    #[serde(default = "recall_limit")]
    pub limit: u32,
}

/// Where an agent keeps its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remember {
    /// The namespace to write to: `{ tenant, user, agent }`.
    pub namespace: Namespace,
}

/// The state of a run has the calls of a turn and a mark of every call: these keep it small.
const STEPS_CEILING: u32 = 1_000;
const CALLS_CEILING: u32 = 64;
const REPEATS_CEILING: u32 = 100;
/// They all go into the first message, which is never dropped.
const RECALL_CEILING: u32 = 20;
/// A part that is read has as many bytes, and no more are read at once.
const RESULT_BYTES_CEILING: u32 = RESULT_PART_BYTES_MAX as u32;
/// A handle, and the words around it, take so much.
const RESULT_BYTES_FLOOR: u32 = 256;

/// What holds where nothing is said. A state does not say it either, so that one of an older version is the same.
const RESULT_BYTES: u32 = 16 << 10;

fn is_usual(result_bytes_max: &u32) -> bool {
    *result_bytes_max == RESULT_BYTES
}

fn recall_limit() -> u32 {
    5
}

impl Default for Spec {
    /// Ten questions, eight calls at once, three in vain; nothing that it may do.
    fn default() -> Self {
        Self {
            model: None,
            system: String::new(),
            tools: Vec::new(),
            ask: Vec::new(),
            code: None,
            steps_max: 10,
            calls_max: 8,
            repeats_max: 3,
            window: 100_000,
            result_bytes_max: RESULT_BYTES,
            summarise: false,
            schema: None,
            recall: None,
            remember: None,
        }
    }
}

impl Spec {
    pub(super) fn check(&self) -> Result<(), Fault> {
        let refuse = |message: String| Err(Fault::invalid("workflow", message));
        if let Some(tool) = self.ask.iter().find(|tool| !self.tools.contains(tool)) {
            return refuse(format!("\"ask\" has the tool \"{tool}\", which \"tools\" has not"));
        }
        let limit = self.recall.as_ref().map_or(0, |recall| recall.limit);
        for (name, value, ceiling) in [
            ("steps_max", self.steps_max, STEPS_CEILING),
            ("calls_max", self.calls_max, CALLS_CEILING),
            ("repeats_max", self.repeats_max, REPEATS_CEILING),
            ("result_bytes_max", self.result_bytes_max, RESULT_BYTES_CEILING),
            ("recall.limit", limit, RECALL_CEILING),
        ] {
            if value > ceiling {
                return refuse(format!("\"{name}\" is {value}; it may be at most {ceiling}"));
            }
        }
        if self.result_bytes_max < RESULT_BYTES_FLOOR {
            let bytes = self.result_bytes_max;
            return refuse(format!("\"result_bytes_max\" is {bytes}; it must be at least {RESULT_BYTES_FLOOR}"));
        }
        self.schema.as_ref().map_or(Ok(()), |schema| misfits(schema, &Value::Null).map(drop))
    }

    /// Takes away what is not allowed any more: a run keeps what it began with, and no rights that were withdrawn.
    pub(super) fn narrowed(mut self, now: &Self) -> Self {
        self.tools.retain(|tool| now.tools.contains(tool));
        self.ask.extend(now.ask.iter().filter(|tool| !self.ask.contains(tool)).cloned().collect::<Vec<_>>());
        self.code = self.code.filter(|_| now.code.is_some());
        self.recall = self.recall.filter(|_| now.recall.is_some());
        self.remember = self.remember.filter(|_| now.remember.is_some());
        self.summarise &= now.summarise;
        self
    }

    /// Checks that a run that began so can go on, after a yes to a call of this tool, as the agent is set up now.
    ///
    /// # Errors
    ///
    /// What differs.
    pub(super) fn fits(&self, now: &Self, tool: &str) -> Result<(), Fault> {
        let differs = |what: String| Err(Fault::new(Kind::Conflict, what).detail("workflow"));
        let is_gone = |tool: &&String| now.tools.contains(tool) && !now.asks_for(tool);
        if !now.tools.iter().any(|offered| offered == tool) {
            return differs(format!("\"tools\" no longer has \"{tool}\""));
        }
        if self.code.is_none() && now.code.is_some() {
            return differs("\"code\" was added".to_owned());
        }
        if let Some(gone) = self.ask.iter().find(is_gone) {
            return differs(format!("\"ask\" no longer has \"{gone}\""));
        }
        if self.remember.is_none() && now.remember.is_some() {
            return differs("\"remember\" was added".to_owned());
        }
        Ok(())
    }

    /// Returns whether each call of a tool needs a person's approval.
    pub(super) fn asks_for(&self, tool: &str) -> bool {
        self.ask.iter().any(|asked| asked == tool)
    }

    fn acts(&self) -> Vec<AllowedEffect> {
        if self.code.is_some() {
            return vec![AllowedEffect::Code(self.tools.clone()), AllowedEffect::ReadResult];
        }
        let asks = self.ask.iter().cloned().map(AllowedEffect::ApprovalOf);
        let reads = (!self.tools.is_empty()).then_some(AllowedEffect::ReadResult);
        self.tools.iter().cloned().map(AllowedEffect::Tool).chain(asks).chain(reads).collect()
    }
}

/// Declares what an agent may do that is set up like this; without a setup, what any may.
pub(super) fn graph(spec: Option<&Spec>) -> Graph {
    let has = |this: fn(&Spec) -> bool| spec.is_none_or(this);
    let any = || vec![AllowedEffect::AnyTool, AllowedEffect::CodeWithAnyTool, AllowedEffect::ReadResult];
    let acts = spec.map_or_else(any, Spec::acts);
    let (recalls, summarises) = (has(|spec| spec.recall.is_some()), has(|spec| spec.summarise));
    let (keeps, may_not_keep) = (has(|spec| spec.remember.is_some()), has(|spec| spec.remember.is_none()));
    let only = |pairs: &[(&'static str, bool)]| -> Vec<&'static str> {
        pairs.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect()
    };
    let next = only(&[
        ("THINK", true),
        ("SUMMARISE", summarises),
        ("ACT", !acts.is_empty()),
        ("REMEMBER", keeps),
        ("COMPLETE", may_not_keep),
    ]);
    let thinks = [AllowedEffect::Model].into_iter().chain(recalls.then_some(AllowedEffect::Recall));
    let after = only(&[("ACT", true), ("THINK", true), ("SUMMARISE", summarises)]);
    let act = (!acts.is_empty()).then(|| Node::new("ACT", acts, &after));
    let nodes = [
        Some(Node::new("THINK", thinks, &next)),
        summarises.then(|| Node::new("SUMMARISE", [AllowedEffect::Model], &["THINK"])),
        act,
        keeps.then(|| Node::new("REMEMBER", [AllowedEffect::Remember], &["COMPLETE"])),
        Some(Node::new("COMPLETE", [], &[])),
    ];
    Graph::new(nodes.into_iter().flatten())
}
