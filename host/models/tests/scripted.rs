//! A script answers the same question the same, for every caller and however often the host was killed.

use serde_json::json;
use stockade_models::{Failure, Model as _, Models, Named, Price, Request, Scripted, Settings};
use stockade_workflow::{FinishReason, Message, ModelOutcome, Question, Reply, Usage};

use super::ask_models;

const SCRIPT: &str = r#"
    [[answer]]
    when = { contains = "refund", turn = 1 }
    reply = { text = "I look.", calls = [{ name = "payments.refund", arguments = { cents = 500 } }] }
    [[answer]]
    when = { key = "*/summary" }
    reply = { text = "In short.", reasoning = "It was long." }
    repeat = true
    [[answer]]
    when = { schema = true }
    reply = { json = { ok = true } }
    [[answer]]
    when = { contains = "Be brief" }
    reply = { text = "Yes", stop = "length" }
    [[answer]]
    when = { contains = "moody" }
    reply = { fail = "rate_limit" }
    [[answer]]
    when = { contains = "moody" }
    reply = { text = "Now." }
    [[answer]]
    when = { contains = "wrong" }
    reply = { fail = "auth" }
    repeat = true
    [[answer]]
    when = { contains = "refund" }
    reply = { text = "Done." }
    [[answer]]
    when = { contains = "refund" }
    reply = { text = "Done twice." }
"#;

fn script() -> Scripted {
    Scripted::parse("script.toml", SCRIPT).unwrap()
}

async fn ask(model: &Scripted, question: &Question, key: &str) -> Result<Reply, Failure> {
    model.ask(&Request { question, functions: &[], tokens_max: 100, key }, &|_| {}).await
}

#[tokio::test]
async fn the_first_answer_that_fits_is_given() {
    let model = script();
    let reply = ask(&model, &Question::new("a refund"), "a").await.unwrap();
    assert_eq!(
        (reply.text.as_str(), reply.stop, reply.calls[0].id.as_str()),
        ("I look.", FinishReason::Called, "call_1_1")
    );
    assert_eq!(reply.calls[0].arguments, json!({"cents": 500}));
    assert!(reply.tokens_in > 0 && reply.tokens_out > 0);
    let reply = ask(&model, &Question::new("anything"), "x/summary").await.unwrap();
    assert_eq!((reply.text.as_str(), reply.reasoning.as_str()), ("In short.", "It was long."));
    let reply = ask(&model, &Question::new("anything").schema(json!({})), "a").await.unwrap();
    assert_eq!(reply.text, r#"{"ok":true}"#);
    let reply = ask(&model, &Question::new("anything").system("Be brief."), "a").await.unwrap();
    assert_eq!((reply.text.as_str(), reply.stop), ("Yes", FinishReason::Length));
    let failure = ask(&model, &Question::new("wrong"), "a").await.unwrap_err();
    assert_eq!((failure.fault.detail.as_deref(), failure.is_retryable), (Some("auth"), false));
}

/// What the conversation has was given; the host keeps nothing, so it may be another one.
#[tokio::test]
async fn an_answer_is_given_once_in_a_conversation() {
    let mut question = Question::new("a refund");
    let mut said = Vec::new();
    for turn in 1..=3 {
        // A new host each time, and one that is asked twice: it was killed before it could write the answer down.
        let model = script();
        let reply = ask(&model, &question, "a").await.unwrap();
        assert_eq!(ask(&model, &question, "a").await.unwrap(), reply);
        said.push(reply.text.clone());
        question.messages.push(reply.message());
        let last = format!("refund {turn}");
        question.messages.push(if turn == 1 { Message::tool("call_1_1", last, false) } else { Message::user(last) });
    }
    assert_eq!(said, ["I look.", "Done.", "Done twice."]);
    let failure = ask(&script(), &question, "refund/ask").await.unwrap_err();
    assert_eq!(failure.fault.detail.as_deref(), Some("unavailable"));
    assert_eq!(
        failure.fault.message,
        "the script \"script.toml\" has no answer left for question 4 of effect \"refund/ask\", whose last message is \
         \"refund 3\"; an [[answer]] that fits adds one"
    );
    assert_eq!(ask(&script(), &Question::new("a refund"), "a").await.unwrap().text, "I look.", "another conversation");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_given_once_to_a_question() {
    let settings = Settings { price: Some(Price::Free), ..Settings::default() };
    let models = Models::new([Named::new("script", Box::new(script()), settings)], None).unwrap();
    let reserved = Usage::default().model_calls(9).tokens(9_999).wall_us(60_000_000);
    for key in ["a", "b"] {
        let question = Question::new("moody");
        let request = Request { question: &question, functions: &[], tokens_max: 100, key };
        let (outcome, used) = ask_models(&models, None, &request, &reserved).await;
        assert!(matches!(&outcome, ModelOutcome::Replied(reply) if reply.text == "Now."), "{outcome:?}");
        assert_eq!((used.model_calls, used.money_micros), (2, 0));
    }
}

#[tokio::test]
async fn many_ask_at_once() {
    let model = std::sync::Arc::new(script());
    let asking = (0..50).map(|_| {
        let model = std::sync::Arc::clone(&model);
        tokio::spawn(async move { ask(&model, &Question::new("a refund"), "a").await.unwrap().text })
    });
    for asked in asking.collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap(), "I look.");
    }
}

#[test]
fn a_script_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.toml");
    let fault = Scripted::load(&file).err().unwrap();
    assert!(fault.message.contains("cannot be read"), "{fault}");
    std::fs::write(&file, SCRIPT).unwrap();
    assert!(Scripted::load(&file).is_ok());
    std::fs::write(&file, " ".repeat((4 << 20) + 1)).unwrap();
    assert!(Scripted::load(&file).err().unwrap().message.contains("more than 4194304 bytes"));
}
