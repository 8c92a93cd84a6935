use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use stockade_sandbox::{Limits, Tool};
use stockade_workflow::Fault;

use crate::world::{CALL_ID, World, call, typed};

/// A guest with its calls and their outcomes in the comments at its top.
pub(crate) struct Script {
    name: String,
    /// How loading it must fail; empty where it must not.
    refused: Vec<String>,
    steps: Vec<Step>,
}

/// One call, and how it may end.
#[derive(Default)]
struct Step {
    function: String,
    arguments: Value,
    limits: Map<String, Value>,
    expect: Vec<String>,
}

impl Script {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(crate::world::folder()).unwrap().display().to_string();
        let mut script = Self { name, refused: Vec::new(), steps: Vec::new() };
        let comments = text.lines().map_while(|line| line.strip_prefix(";;"));
        comments.filter_map(|line| line.trim().split_once(": ")).for_each(|(word, rest)| script.directive(word, rest));
        let complete = script.steps.iter().all(|step| !step.expect.is_empty());
        assert!(complete && (script.steps.is_empty() != script.refused.is_empty()), "{}: incomplete", script.name);
        script
    }

    fn directive(&mut self, word: &str, rest: &str) {
        match word {
            "load" => self.refused = alternatives(rest),
            "call" => self.steps.push(Step::of(rest)),
            "limits" => self.last().limits = limits(rest),
            "expect" => self.last().expect = alternatives(rest),
            _ => {}
        }
    }

    fn last(&mut self) -> &mut Step {
        self.steps.last_mut().unwrap_or_else(|| panic!("a directive before the first call"))
    }

    /// Makes the calls, one after the other.
    pub(crate) async fn run(&self, world: &World) {
        match world.tool(&self.name) {
            Ok(tool) => {
                assert!(self.refused.is_empty(), "{} was not refused", self.name);
                for step in &self.steps {
                    step.run(&self.name, &tool).await;
                }
            }
            Err(fault) => assert!(is_among(&self.refused, &outcome(&fault)), "{}: {fault:?}", self.name),
        }
    }
}

impl Step {
    fn of(text: &str) -> Self {
        let (function, arguments) = text.split_once(' ').unwrap_or((text, "{}"));
        let arguments = serde_json::from_str(arguments).unwrap_or_else(|error| panic!("{text}: {error}"));
        Self { function: function.to_owned(), arguments, ..Self::default() }
    }

    async fn run(&self, name: &str, tool: &Tool) {
        let limits: Limits = serde_json::from_value(Value::Object(self.limits.clone())).unwrap();
        let stdio_max = limits.stdio_bytes;
        let outcome = call(tool, &self.function, self.arguments.clone(), limits).await;
        assert!(outcome.stdout.len().max(outcome.stderr.len()) as u64 <= stdio_max, "{name}: {}", self.function);
        let ended = match &outcome.result {
            Ok(value) => format!("ok {value}"),
            Err(fault) => self.fault(fault),
        };
        assert!(is_among(&self.expect, &ended), "{name}: {} ended in {ended}: {:?}", self.function, outcome.result);
    }

    fn fault(&self, fault: &Fault) -> String {
        assert_eq!(fault.call_id.as_deref(), Some(CALL_ID));
        if let Some(breach) = &fault.breach {
            assert!(breach.used >= breach.allowed, "{fault:?}");
            let set = self.limits.get(&breach.limit).and_then(Value::as_u64);
            assert!(set.is_none_or(|set| set == breach.allowed), "{fault:?}");
        }
        outcome(fault)
    }
}

/// An outcome fits an expectation that says less: "trap" for "trap abi", "ok" for "ok 42".
fn is_among(expected: &[String], outcome: &str) -> bool {
    expected.iter().any(|one| outcome == one || outcome.starts_with(&format!("{one} ")))
}

fn outcome(fault: &Fault) -> String {
    let (kind, what) = typed(fault);
    format!("{kind} {what}")
}

fn alternatives(text: &str) -> Vec<String> {
    text.split(" or ").map(|one| one.trim().to_owned()).collect()
}

fn limits(text: &str) -> Map<String, Value> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or_else(|| panic!("\"{pair}\" is not LIMIT=NUMBER"));
        (name.to_owned(), value.parse::<u64>().unwrap().into())
    };
    text.split_whitespace().map(pair).collect()
}
