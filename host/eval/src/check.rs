//! What a case expects of a run, one thing at a time.

use serde::Serialize;
use stockade::schema::Schema;
use stockade::{Currency, Status};

use super::call::Call;
use super::rule::Rule;
use super::{Evidence, quoted};

/// A report names at most so many errors of a schema.
const ERRORS_MAX: usize = 5;

/// One thing that is expected.
#[derive(Clone, Debug)]
pub enum Check {
    /// The run has this status.
    Status(Status),
    /// The message of the run's error has this text in it.
    Error(String),
    /// The output keeps a rule.
    Output(Rule),
    /// The output fits a JSON Schema.
    Schema(Schema),
    /// These calls were made, in this order; others may have been made in between.
    Calls(Vec<Call>),
    /// This call was not made.
    Never(Call),
    /// No more was spent.
    AtMost(Currency, u64),
}

/// How one check of a run turned out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// What was expected.
    pub check: String,
    /// Whether the run is as expected.
    pub passed: bool,
    /// The score, of 100; only a judge gives anything between 0 and 100.
    pub score: u8,
    /// Why the check failed, or what a judge said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Check {
    /// Checks what a run left behind.
    pub fn verdict(&self, evidence: &Evidence) -> Verdict {
        let why = self.broken_by(evidence);
        let passed = why.is_none();
        Verdict { check: self.name(), passed, score: if passed { 100 } else { 0 }, why }
    }

    fn name(&self) -> String {
        match self {
            Self::Status(status) => format!("status {status}"),
            Self::Error(text) => format!("error contains \"{}\"", quoted(text)),
            Self::Output(rule) => rule.name().to_owned(),
            Self::Schema(_) => "schema".to_owned(),
            Self::Calls(calls) => format!("calls {}", quoted(&list(calls))),
            Self::Never(call) => format!("never {call}"),
            Self::AtMost(currency, amount) => format!("at most {} {}", currency.written(*amount), currency.name()),
        }
    }

    fn broken_by(&self, evidence: &Evidence) -> Option<String> {
        match self {
            Self::Status(wanted) => (evidence.status != *wanted).then(|| settled(evidence)),
            Self::Error(text) => without(text, evidence),
            Self::Output(rule) => rule.broken_by(&evidence.output),
            Self::Schema(schema) => misfits(schema, evidence),
            Self::Calls(wanted) => {
                let missing = evidence.calls.missing(wanted);
                missing.map(|call| {
                    format!("{call} is missing at its place; made were: {}", quoted(&evidence.calls.to_string()))
                })
            }
            Self::Never(call) => evidence.calls.has(call).then(|| "it was called".to_owned()),
            Self::AtMost(currency, amount) => {
                let spent = evidence.usage.get(*currency);
                (spent > *amount).then(|| format!("it spent {}", currency.written(spent)))
            }
        }
    }
}

fn settled(evidence: &Evidence) -> String {
    let why = evidence.error.as_ref().map(|fault| format!(": {}", quoted(&fault.message))).unwrap_or_default();
    format!("it is {}{why}", evidence.status)
}

fn without(text: &str, evidence: &Evidence) -> Option<String> {
    match &evidence.error {
        Some(fault) if fault.message.contains(text) => None,
        Some(fault) => Some(format!("it is \"{}\"", quoted(&fault.message))),
        None => Some("there is none".to_owned()),
    }
}

fn misfits(schema: &Schema, evidence: &Evidence) -> Option<String> {
    let errors = schema.misfits(&evidence.output, ERRORS_MAX).into_iter();
    let errors: Vec<_> =
        errors.map(|misfit| format!("at ${}: {}", misfit.pointer(), quoted(&misfit.to_string()))).collect();
    (!errors.is_empty()).then(|| errors.join("; "))
}

fn list(calls: &[Call]) -> String {
    calls.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};
    use stockade::{Fault, Kind, ToolCall, Usage};

    use super::*;

    pub(crate) fn evidence() -> Evidence {
        Evidence {
            status: Status::Done,
            output: json!({"letter": "Dear Ada"}),
            error: None,
            calls: [ToolCall::new("purchases", "find", json!({}))].into_iter().collect(),
            usage: Usage::default().tokens(10),
        }
    }

    fn failed() -> Evidence {
        let error = Some(Fault::new(Kind::Trap, "the guest trapped"));
        Evidence { status: Status::Failed, output: Value::Null, error, ..evidence() }
    }

    fn call(name: &str) -> Call {
        serde_json::from_value(json!(name)).unwrap()
    }

    fn rule(written: Value) -> Check {
        Check::Output(serde_json::from_value(written).unwrap())
    }

    fn schema(schema: &Value) -> Check {
        Check::Schema(Schema::new(schema).unwrap())
    }

    #[test]
    fn each_check_passes_and_says_why_it_does_not() {
        let letter = json!({"type": "object", "required": ["letter"]});
        for (check, passes, breaks, why) in [
            (Check::Status(Status::Done), evidence(), failed(), "it is failed: the guest trapped"),
            (Check::Error("trapped".into()), failed(), evidence(), "there is none"),
            (
                Check::Error("guest".into()),
                failed(),
                Evidence { error: Some(Fault::new(Kind::Fuel, "x")), ..failed() },
                "it is \"x\"",
            ),
            (
                rule(json!({"at": "/letter", "contains": "Ada"})),
                evidence(),
                failed(),
                "there is nothing at \"/letter\"",
            ),
            (schema(&letter), evidence(), failed(), "at $: null is not of type \"object\""),
            (
                Check::Calls(vec![call("purchases.find")]),
                evidence(),
                Evidence { calls: Default::default(), ..evidence() },
                "purchases.find is missing at its place; made were: none",
            ),
            (
                Check::Never(call("purchases")),
                Evidence { calls: Default::default(), ..evidence() },
                evidence(),
                "it was called",
            ),
            (
                Check::AtMost(Currency::Tokens, 10),
                evidence(),
                Evidence { usage: Usage::default().tokens(11), ..evidence() },
                "it spent 11",
            ),
        ] {
            let passed = check.verdict(&passes);
            assert_eq!((passed.passed, passed.score, passed.why), (true, 100, None), "{check:?}");
            let broken = check.verdict(&breaks);
            assert_eq!((broken.passed, broken.score, broken.why.as_deref()), (false, 0, Some(why)), "{check:?}");
        }
    }

    #[test]
    fn checks_have_names_that_say_what_is_expected() {
        let names = [
            Check::Status(Status::Waiting),
            Check::Never(call("payments.refund")),
            Check::AtMost(Currency::Money, 7),
            Check::Calls(vec![call("a.b"), call("c")]),
        ]
        .map(|check| check.name());
        assert_eq!(names, ["status waiting", "never payments.refund", "at most $0.000007 money", "calls a.b, c"]);
    }
}
