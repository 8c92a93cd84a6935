//! `stockade check`: what is wrong with a configuration, with the line of each problem.

use serde_json::Value;
use stockade_tests::{Answer, Place, dist};

/// A place with this configuration, and the answer of the check.
fn checked(config: &str, more: &[&str]) -> (Place, Answer) {
    let place = Place::new();
    place.write("stockade.toml", config);
    let answer = place.json(&[&["check"], more].concat());
    (place, answer)
}

/// The lines of the problems, with the beginning of what each says.
fn lines(answer: &Answer) -> Vec<(u64, &str)> {
    let problems = answer.json["problems"].as_array().unwrap();
    let line = |of: &Value| of["line"].as_u64().unwrap_or_default();
    problems.iter().map(|of| (line(of), of["error"]["message"].as_str().unwrap())).collect()
}

#[test]
fn the_texts_problems_are_all_listed_with_their_lines() {
    let (place, answer) = checked("[run]\ndeadlin_ms = 1\n\n[tool.payments]\nidempotent = \"yes\"\n", &[]);
    assert_eq!(answer.exit, Some(2), "{answer:#?}");
    let found = lines(&answer);
    assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 5], "{found:#?}");
    assert!(found[0].1.contains("unknown field `deadlin_ms`"), "{found:#?}");
    assert_eq!(answer.json["file"], "stockade.toml");
    let told = place.call(&["check", "--config", "stockade.toml"]);
    assert!(told.stdout.starts_with("stockade.toml:2: \"deadlin_ms = …\": unknown field"), "{told:#?}");
    assert!(told.stderr.ends_with("stockade.toml has 2 problems\n"), "{told:#?}");
}

#[test]
fn components_and_workflows_that_cannot_be_made_are_listed_with_their_lines() {
    let config = "[tool.absent]\ncomponent = \"absent.wasm\"\n[tool.text]\ncomponent = \"text.wasm\"\n\
                  [workflow.helper]\npattern = \"react\"\ntools = [\"payments\", \"nowhere\"]\n\
                  [tool.good]\ncomponent = \"policy.wasm\"\n";
    let place = Place::new();
    place.write("stockade.toml", config);
    place.write("text.wasm", "this is no component");
    std::fs::copy(dist("policy"), place.path("policy.wasm")).unwrap();
    let answer = place.json(&["check"]);
    assert_eq!(answer.exit, Some(1), "a file that is not a component is graver than an absent one: {answer:#?}");
    let found = lines(&answer);
    assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4, 7], "{found:#?}");
    assert!(found[2].1.contains("wants tool \"nowhere\""), "{found:#?}");
}

#[test]
fn a_server_that_could_not_begin_is_listed_with_its_lines() {
    let config = "[server.tls]\ncertificate = \"no.pem\"\nkey = \"no.key\"\n\
                  [server.oidc]\nissuer = \"http://login.example.com\"\naudience = \"a\"\nroles = { a = \"viewer\" }\n";
    let (place, answer) = checked(config, &[]);
    assert_eq!(answer.exit, Some(2), "{answer:#?}");
    let found = lines(&answer);
    assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 4], "{found:#?}");
    assert!(found[0].1.contains("no.pem") && found[1].1.contains("http://login.example.com"), "{found:#?}");
    let without = place.json(&["check", "--without-secrets"]);
    assert_eq!(lines(&without).len(), 1, "the key is a secret: {without:#?}");
}

#[test]
fn a_configuration_without_problems_is_checked_without_a_trace() {
    let (place, answer) = checked("[workflow.refund]\n[tool.payments]\nidempotent = true\n", &[]);
    assert_eq!((answer.exit, &answer.json["problems"]), (Some(0), &Value::Array(Vec::new())), "{answer:#?}");
    assert!(!place.data("").exists(), "the check made a data directory");
    let built_in = Place::new().call(&["check"]);
    assert_eq!((built_in.exit, built_in.stdout.as_str()), (Some(0), ""), "{built_in:#?}");
}

#[test]
fn a_secret_must_be_defined_and_need_not_be_there_where_the_check_is_told_so() {
    let config = "[tool.stripe]\ncomponent = \"stripe.wasm\"\n[tool.stripe.grants]\n\
                  secrets = [{ name = \"stripe\", host = \"api.stripe.com\", header = \"authorization\" }]\n\
                  [secrets]\nstripe = { env = \"STOCKADE_TEST_NO_SUCH_VARIABLE\" }\n";
    let place = Place::new();
    std::fs::copy(dist("stripe"), place.path("stripe.wasm")).unwrap();
    place.write("stockade.toml", config);
    let answer = place.json(&["check"]);
    assert_eq!((answer.exit, lines(&answer)[0].0), (Some(2), 6), "{answer:#?}");
    let answer = place.json(&["check", "--without-secrets"]);
    assert_eq!(answer.exit, Some(0), "{answer:#?}");
    place.write("stockade.toml", config.split("[secrets]").next().unwrap());
    let answer = place.json(&["check", "--without-secrets"]);
    assert_eq!((answer.exit, lines(&answer)[0].0), (Some(2), 1), "{answer:#?}");
}
