//! What was recorded is played: the same answers to the same questions, and no secret on the tape.

use std::fs;
use std::sync::Arc;

use stockade_models::{Models, Named, Player, Price, Recorder, Recording, Replay, Scripted, Service, Settings};
use stockade_workflow::{Kind, ModelOutcome, Question, Reply, Usage};

use super::server::{Answer, Server};
use super::wires::sent;
use super::{KEY, ask, ask_models, provider};

const SCRIPT: &str = r#"
    [[answer]]
    when = { contains = "again" }
    reply = { fail = "unavailable" }
    [[answer]]
    reply = { text = "yes" }
    repeat = true
"#;

async fn recorded(folder: &std::path::Path, questions: &[Question]) -> std::path::PathBuf {
    let file = folder.join("tape.jsonl");
    let recording = Recording::create(&file, vec![KEY.to_owned()]).unwrap();
    let script = Scripted::parse("script", SCRIPT).unwrap();
    let model = Recorder::new("main", Box::new(script), recording);
    for question in questions {
        let _ = ask(&model, question).await;
    }
    file
}

#[tokio::test]
async fn what_was_recorded_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let (one, again) = (Question::new("one"), Question::new("again"));
    let file = recorded(folder.path(), &[again.clone(), one.clone(), again.clone()]).await;
    let model = Player::new("main", Replay::load(&file, Vec::new()).unwrap());
    assert_eq!(ask(&model, &one).await.unwrap().text, "yes");
    let failure = ask(&model, &again).await.unwrap_err();
    assert!(failure.is_retryable, "equal questions get their answers in order: {failure:?}");
    assert_eq!(ask(&model, &again).await.unwrap().text, "yes");
    let failure = ask(&model, &again).await.unwrap_err();
    assert!(failure.fault.message.contains("it has this question, but not once more"), "{failure:?}");
}

#[tokio::test]
async fn what_was_not_recorded_says_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let file = recorded(folder.path(), &[Question::new("far").system("away"), Question::new("one")]).await;
    let replay = Replay::load(&file, Vec::new()).unwrap();
    let model = Player::new("main", Arc::clone(&replay));
    for (question, says) in [
        (Question::new("two"), "the nearest has \"one\" at \"/messages/0/content/0/text\", and this has \"two\""),
        (Question::new("one").system("be"), "the nearest has \"\" at \"/system\", and this has \"be\""),
        (Question::default(), "the nearest has 1 of \"/messages\", and this has 0"),
    ] {
        let fault = ask(&model, &question).await.unwrap_err().fault;
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Model, Some("unavailable")));
        assert!(fault.message.contains(says), "{fault}");
    }
    let fault = ask(&Player::new("other", replay), &Question::new("one")).await.unwrap_err().fault;
    assert!(fault.message.contains("the nearest has \"main\" at \"/model\", and this has \"other\""), "{fault}");
}

#[tokio::test]
async fn no_secret_is_on_the_tape() {
    let folder = tempfile::tempdir().unwrap();
    let question = Question::new(format!("my key is {KEY}"));
    let file = recorded(folder.path(), std::slice::from_ref(&question)).await;
    let tape = fs::read_to_string(&file).unwrap();
    assert!(!tape.contains(KEY) && tape.contains("my key is [redacted]"), "{tape}");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
    let model = Player::new("main", Replay::load(&file, vec![KEY.to_owned()]).unwrap());
    assert_eq!(ask(&model, &question).await.unwrap().text, "yes");
    assert_eq!(Recording::create(&file, Vec::new()).err().unwrap().kind, Kind::Conflict);
}

#[test]
fn what_is_no_cassette_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tape.jsonl");
    assert_eq!(Replay::load(&file, Vec::new()).err().unwrap().kind, Kind::NotFound);
    fs::write(&file, "{}\n").unwrap();
    let fault = Replay::load(&file, Vec::new()).err().unwrap();
    assert!(fault.kind == Kind::Invalid && fault.message.contains("line 1: missing field `digest`"), "{fault}");
}

/// A run with a provider, and the same without one.
#[tokio::test]
async fn models_are_recorded_and_played_all_together() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tape.jsonl");
    let server =
        Server::start([Answer::status(429, "retry-after: 0\r\n", KEY), Answer::stream(&sent("openai-text.sse"))]).await;
    let models = || {
        let settings = Settings { price: Some(Price::Free), ..Settings::default() };
        Models::new([Named::new("main", Box::new(provider(Service::OpenAi, &server.url)), settings)], None).unwrap()
    };
    let recording = Recording::create(&file, vec![KEY.to_owned()]).unwrap();
    let recorded = outcome(&models().record(&recording)).await;
    let played = outcome(&models().replay(&Replay::load(&file, Vec::new()).unwrap())).await;
    assert_eq!(recorded, played);
    assert_eq!(recorded.1, 2);
    assert_eq!(server.asked().len(), 2);
    assert!(!fs::read_to_string(&file).unwrap().contains(KEY));
}

async fn outcome(models: &Models) -> (Reply, u64) {
    let question = Question::new("hi");
    let reserved = Usage::default().model_calls(9).tokens(9_999).wall_us(60_000_000);
    let (outcome, used) = ask_models(models, None, &super::request(&question, &[]), &reserved).await;
    let ModelOutcome::Replied(reply) = outcome else { panic!("{outcome:?}") };
    (*reply, used.model_calls)
}

/// A cassette that is cut where a line ends would be one with fewer answers.
#[tokio::test]
async fn a_cassette_that_is_too_long_is_refused_and_not_cut() {
    let folder = tempfile::tempdir().unwrap();
    let file = recorded(folder.path(), &[Question::new("one")]).await;
    let long = fs::OpenOptions::new().write(true).open(&file).unwrap();
    long.set_len((256 << 20) + 1).unwrap();
    let fault = Replay::load(&file, Vec::new()).err().unwrap();
    assert!(fault.message.contains("268435457 bytes and 268435456 are allowed"), "{fault}");
}

#[tokio::test]
async fn a_difference_is_told_briefly() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tape.jsonl");
    // The first of the names in which the two differ.
    let name = "a".repeat(1 << 20);
    let line = serde_json::json!({
        "digest": stockade_workflow::Digest::of(b"other"), "request": {name: 1},
        "outcome": {"replied": Reply::default()},
    });
    fs::write(&file, format!("{line}\n")).unwrap();
    let model = Player::new("main", Replay::load(&file, Vec::new()).unwrap());
    let message = ask(&model, &Question::new("one")).await.unwrap_err().fault.message;
    assert!(message.len() < 2 << 10, "{}", message.len());
}
