//! Results as JUnit XML, which build servers read.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite, XmlString};
use stockade::{Fault, Kind, Usage};
use stockade_eval::{Attempt, CaseResult, Evaluation, Mark};

use crate::escape::safe;
use crate::hint::sentence;
use crate::pretty::safe_json;

/// Writes evaluations as JUnit XML: a suite for each configuration.
///
/// # Errors
///
/// The report cannot be written, which is a bug.
pub(crate) fn junit(evaluations: &[&Evaluation]) -> Result<String, Fault> {
    let mut report = Report::new("stockade eval");
    report.add_test_suites(evaluations.iter().map(|evaluation| suite(evaluation)));
    report
        .to_string()
        .map_err(|error| Fault::new(Kind::HostBug, format!("the JUnit report cannot be written: {error}")))
}

fn suite(evaluation: &Evaluation) -> TestSuite {
    let mut suite = TestSuite::new(format!("{} {}", safe(&evaluation.suite), safe(&evaluation.config)).trim());
    suite.set_time(time(&evaluation.usage));
    suite.add_properties(properties(evaluation.score, &evaluation.usage));
    suite.add_test_cases(evaluation.cases.iter().map(|result| case(evaluation, result)));
    suite
}

fn case(evaluation: &Evaluation, result: &CaseResult) -> TestCase {
    let mut case = TestCase::new(safe(&result.name), status(result));
    case.set_classname(safe(&evaluation.suite)).set_time(time(&result.usage));
    case.set_assertions(result.attempts.iter().map(|attempt| attempt.verdicts.len()).sum());
    case.add_properties(properties(result.score, &result.usage));
    // The output of the first run that failed says most.
    let telling = result.attempts.iter().find(|attempt| attempt.mark != Mark::Passed && !attempt.output.is_null());
    if let Some(attempt) = telling {
        case.set_system_out(safe_json(&attempt.output));
    }
    case
}

fn status(result: &CaseResult) -> TestCaseStatus {
    let kind = match result.mark {
        Mark::Passed => return TestCaseStatus::success(),
        Mark::Failed => NonSuccessKind::Failure,
        Mark::Error => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    let passed = format!("{}% of its runs passed, and {}% should have", result.pass_rate, result.pass_rate_min);
    let lines: Vec<_> = result.attempts.iter().flat_map(wrong).collect();
    status.set_message(passed).set_description(lines.join("\n"));
    status
}

/// Returns the errors of a run, one line each.
fn wrong(attempt: &Attempt) -> Vec<String> {
    let broken = attempt.verdicts.iter().filter(|verdict| !verdict.passed);
    let broken =
        broken.map(|verdict| format!("{}: {}", safe(&verdict.check), safe(verdict.why.as_deref().unwrap_or_default())));
    broken.chain(attempt.error.iter().map(|fault| safe(&sentence(fault)))).collect()
}

fn properties(score: Option<u8>, usage: &Usage) -> Vec<Property> {
    let Usage { steps, model_calls, tokens, money_micros, fuel, .. } = *usage;
    let property = |name: &str, value: u64| Property::new(XmlString::new(name), XmlString::new(value.to_string()));
    let score = score.map(|score| property("score", score.into()));
    let used = [
        property("steps", steps),
        property("model_calls", model_calls),
        property("tokens", tokens),
        property("money_micros", money_micros),
        property("fuel", fuel),
    ];
    score.into_iter().chain(used).collect()
}

fn time(usage: &Usage) -> Duration {
    Duration::from_micros(usage.wall_us)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use stockade_eval::Evidence;

    use super::super::sample::{case, evidence, run};
    use super::*;

    #[test]
    fn text_of_models_stays_text() {
        let hostile = "]]></failure><testcase name=\"x\"/>\x1b[2J\0";
        let bad = case("  expect:\n    output: [{at: /letter, contains: Bob}]");
        let evidence = Evidence { output: json!({ "letter": hostile }), ..evidence() };
        let attempts = vec![Attempt::checked(&bad, run(), &evidence)];
        let result = CaseResult { name: hostile.to_owned(), ..CaseResult::new(&bad, attempts) };
        let xml = junit(&[&Evaluation::new("cases.yaml", "", vec![result])]).unwrap();
        assert!(!xml.contains("<testcase name=\"x\"/>") && !xml.contains(['\x1b', '\0']), "{xml}");
        assert_eq!(xml.matches("<testcase ").count(), 1, "{xml}");
    }

    #[test]
    fn a_failure_differs_from_an_error() {
        let lost = Attempt::unknown(None, Fault::of_storage("disk full"));
        let bad = case("  expect: {status: failed}");
        let cases = vec![
            CaseResult::new(&case(""), vec![Attempt::checked(&case(""), run(), &evidence())]),
            CaseResult::new(&bad, vec![Attempt::checked(&bad, run(), &evidence())]),
            CaseResult::new(&case(""), vec![lost]),
        ];
        let xml = junit(&[&Evaluation::new("cases.yaml", "a.toml", cases)]).unwrap();
        for part in [
            "<testsuite name=\"cases.yaml a.toml\" tests=\"3\" skipped=\"0\" errors=\"1\" failures=\"1\"",
            "<failure message=\"0% of its runs passed, and 100% should have\">status failed: it is done</failure>",
            "<error message=\"0% of its runs passed, and 100% should have\">disk full</error>",
            "<property name=\"tokens\" value=\"20\"/>",
        ] {
            assert!(xml.contains(part), "{part}\n{xml}");
        }
    }
}
