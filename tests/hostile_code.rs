//! What agent-written code will try, in each language: `hostile-code/README.md` says how a case is written.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use stockade::{Budget, CodeEnd, Currency, Exec, Host, Outcome, RunId};
use stockade_tests::{Place, root};

use crate::programs::{finished, host};

const CODE_FUEL: u64 = 2_000_000_000;

fn cases(ending: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(root().join("tests/hostile-code")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    files.sort();
    files
}

async fn exec(host: &Host, language: &str, source: &str) -> (RunId, Outcome) {
    let budget = Budget::default().fuel(CODE_FUEL).with(Currency::Memory, 64 << 20);
    let run = host.start(Exec::NAME, json!({"language": language, "source": source}), budget).await.unwrap();
    (run.id(), run.settled().await.unwrap())
}

/// Says in one word how code ended: `returned`, the name of an exception, the kind of a fault.
async fn end(host: &Host, language: &str, source: &str) -> String {
    let (run, outcome) = exec(host, language, source).await;
    if let Outcome::Suspended(exceeded) = outcome {
        // What the run has left is less than what one piece of code may use: so it is the budget that ends it.
        return exceeded.limit.name().to_owned();
    }
    match finished(host, run).await.ended {
        CodeEnd::Returned(_) => "returned".to_owned(),
        CodeEnd::Raised(exception) => exception.name,
        CodeEnd::Failed(fault) | CodeEnd::Unknown(fault) => {
            assert!(fault.call_id.is_some(), "{fault:?}");
            json!(fault.kind).as_str().unwrap_or_default().to_owned()
        }
    }
}

async fn all_are_contained(language: &str, ending: &str) {
    let place = Place::new();
    let host = host(&place).await;
    let (cases, mut wrong) = (cases(ending), Vec::new());
    assert!(cases.len() >= 30, "only {} cases", cases.len());
    for case in cases {
        let expected: Value = serde_json::from_str(&fs::read_to_string(case.with_extension("json")).unwrap()).unwrap();
        let allowed = expected.get(language).or_else(|| expected.get("*")).unwrap();
        let ended = end(&host, language, &fs::read_to_string(&case).unwrap()).await;
        if !allowed.as_array().unwrap().contains(&json!(ended)) {
            wrong.push(format!("{}: it ended with \"{ended}\" and may with {allowed}", case.display()));
        }
        assert_eq!(end(&host, language, "1 + 1").await, "returned", "after {}", case.display());
    }
    assert!(place.refunds().is_empty());
    assert!(wrong.is_empty(), "{language}:\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_javascript_is_contained() {
    all_are_contained("javascript", "js").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn hostile_python_is_contained() {
    all_are_contained("python", "py").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn hostile_python_lite_is_contained() {
    all_are_contained("python-lite", "py").await;
}

/// Instances begin as copies of one image; their random numbers are of their call all the same.
#[tokio::test(flavor = "multi_thread")]
async fn no_two_runs_have_the_same_random_numbers() {
    let place = Place::new();
    let host = host(&place).await;
    for (language, source) in
        [("javascript", "[Math.random(), Math.random()]"), ("python-lite", "import random\n[random.random()]")]
    {
        let (_, one) = exec(&host, language, source).await;
        let (_, other) = exec(&host, language, source).await;
        assert!(matches!((&one, &other), (Outcome::Done(one), Outcome::Done(other)) if one != other), "{one} {other}");
    }
}

/// What code does to the language's own objects, it does to its own instance.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_run_does_to_prototypes_is_not_seen_by_another() {
    let place = Place::new();
    let host = host(&place).await;
    let pollutes = "Object.prototype.polluted = 1; Array.prototype.map = JSON.parse = null; Buffer.from = null; 1";
    exec(&host, "javascript", pollutes).await;
    let looks = "[{}.polluted === undefined, typeof [].map, typeof JSON.parse, typeof Buffer.from]";
    let (run, _) = exec(&host, "javascript", looks).await;
    let CodeEnd::Returned(value) = finished(&host, run).await.ended else { panic!("it did not return") };
    assert_eq!(value.value(), json!([true, "function", "function", "function"]));
}
