//! A provider is whoever answers at an address. What it may do to the host is to not answer.

use std::time::Duration;

use serde_json::{Value, json};
use stockade::model::{Failure, Limits, Model as _, Service};
use stockade::{Question, Reply};

use crate::server::{Answer, Server};
use crate::wires::sent;
use crate::{KEY, offers, provider, request};

/// Small, so that a test need not send much.
fn limits() -> Limits {
    Limits {
        stream_bytes: 256 << 10,
        event_bytes: 64 << 10,
        text_bytes: 32 << 10,
        arguments_bytes: 8 << 10,
        silence: Duration::from_millis(200),
        ..Limits::default()
    }
}

async fn asked(service: Service, answer: Answer) -> Result<Reply, Failure> {
    let server = Server::start([answer]).await;
    let functions = offers();
    let model = provider(service, &server.url).limits(limits());
    model.ask(&request(&Question::new("hi"), &functions), &|_| {}).await
}

fn detail(asked: &Result<Reply, Failure>) -> Option<(&str, bool)> {
    asked.as_ref().err().map(|failure| (failure.fault.detail.as_deref().unwrap_or_default(), failure.is_retryable))
}

fn event(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn delta(delta: &Value) -> String {
    event(&json!({"choices": [{"index": 0, "delta": delta}]}))
}

fn call(index: u64, arguments: &str) -> Value {
    let function = json!({"name": "payments__refund", "arguments": arguments});
    json!({"index": index, "id": format!("call_{index}"), "function": function})
}

#[tokio::test]
async fn streams_end() {
    let text = delta(&json!({"content": "more and more of it"}));
    let reasoning = delta(&json!({"reasoning_content": "x".repeat(1_000)}));
    let arguments = delta(&json!({"tool_calls": [call(0, &"x".repeat(1_000))]}));
    let line = "x".repeat(1_000);
    for (service, answer, says) in [
        (Service::OpenAi, Answer::endless(&text, &text), "more than 32768 bytes of text"),
        (Service::OpenAi, Answer::endless(&text, &reasoning), "more than 32768 bytes of text"),
        (Service::OpenAi, Answer::endless(&text, &arguments), "arguments of more than 8192 bytes"),
        (Service::OpenAi, Answer::endless(&text, ": ping\n\n"), "more than 262144 bytes"),
        (Service::OpenAi, Answer::endless(&text, "\n"), "more than 262144 bytes"),
        (Service::OpenAi, Answer::endless("data: \"", &line), "an event of more than 65536 bytes"),
        (Service::Anthropic, Answer::endless("event: ", &line), "an event of more than 65536 bytes"),
        (Service::Ollama, Answer::endless("{\"a\": \"", &line), "an event of more than 65536 bytes"),
        (Service::Gemini, Answer::endless("data: [\n", "data: 1,\n"), "an event of more than 65536 bytes"),
    ] {
        let asked = asked(service, answer).await;
        assert_eq!(detail(&asked), Some(("too_large", false)), "{asked:?}");
        assert!(asked.unwrap_err().fault.message.ends_with(says), "{says}");
    }
}

/// Here genai would make room for as many calls as the index says, and the host would be killed for it.
#[tokio::test]
async fn numbers_are_not_taken_for_granted() {
    for (service, stream) in [
        (Service::OpenAi, delta(&json!({"tool_calls": [call(u64::from(u32::MAX), "{}")]}))),
        (Service::OpenAi, event(&json!({"choices": [], "usage": {"prompt_tokens": i32::MAX}}))),
        (Service::Anthropic, sent("anthropic-text.sse").replace("\"input_tokens\":10", "\"input_tokens\":2147483647")),
        (Service::Ollama, sent("ollama-text.ndjson").replace("\"eval_count\": 5", "\"eval_count\": 2147483647")),
        (Service::Gemini, sent("gemini-text.sse").replace(":12,", ":2147483647,")),
    ] {
        let asked = asked(service, Answer::stream(&stream)).await;
        assert_eq!(detail(&asked), Some(("too_large", false)), "{asked:?}");
    }
}

#[tokio::test]
async fn too_many_calls_are_none() {
    let calls = |count: u64| (0..count).map(|index| call(index, "{}")).collect::<Vec<_>>();
    let openai = |count| delta(&json!({"tool_calls": calls(count)}));
    let parts = vec![json!({"functionCall": {"name": "payments__refund", "args": {}}}); 10_000];
    let gemini = event(&json!({"candidates": [{"content": {"parts": &parts[..700]}, "finishReason": "STOP"}]}));
    for (service, stream) in [
        (Service::OpenAi, openai(10_000)),
        (Service::OpenAi, (0..10_000).map(|index| delta(&json!({"tool_calls": [call(index, "")]}))).collect()),
        (Service::Gemini, gemini),
    ] {
        let asked = asked(service, Answer::stream(&stream)).await;
        assert_eq!(detail(&asked), Some(("too_large", false)), "{asked:?}");
    }
    let end = event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}));
    let reply = asked(Service::OpenAi, Answer::stream(&(openai(100) + &end))).await.unwrap();
    assert_eq!(reply.calls.len(), 100);
}

/// What a model asks for is passed on as it wrote it: whoever asked refuses it.
#[tokio::test]
async fn calls_of_what_was_not_offered_are_passed_on() {
    let name = "payments.delete\"; drop";
    let function = json!({"name": name, "arguments": "rm -rf"});
    let stream = delta(&json!({"tool_calls": [{"index": 0, "id": "a", "function": function}]}))
        + &event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}));
    let reply = asked(Service::OpenAi, Answer::stream(&stream)).await.unwrap();
    assert_eq!((reply.calls[0].name.as_str(), &reply.calls[0].arguments), (name, &json!("rm -rf")));
    // genai fills a gap with copies of the call.
    let stream = delta(&json!({"tool_calls": [call(3, "{}")]}))
        + &event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}));
    assert_eq!(asked(Service::OpenAi, Answer::stream(&stream)).await.unwrap().calls.len(), 1);
    let long = delta(&json!({"tool_calls": [{"index": 0, "id": "a".repeat(300), "function": {"name": "x"}}]}));
    assert_eq!(detail(&asked(Service::OpenAi, Answer::stream(&long)).await), Some(("too_large", false)));
}

#[tokio::test]
async fn what_is_no_answer_is_a_failure() {
    let text = sent("openai-text.sse");
    let begun = delta(&json!({"content": "It is "}));
    let json = |headers: &str, body: &str| Answer::status(200, headers, body);
    let stream = "content-type: text/event-stream\r\n";
    let packed = format!("{stream}content-encoding: gzip\r\n");
    for (answer, expected) in [
        (Answer::cut(&begun), ("unavailable", true)),
        (Answer::cut(&text[..text.len() / 2]), ("unavailable", true)),
        (Answer::stream(&begun), ("unavailable", true)),
        (Answer::stream(""), ("unavailable", true)),
        (Answer::silent(&begun), ("timeout", true)),
        (Answer::All(Vec::new()), ("unavailable", true)),
        (Answer::All(b"SSH-2.0-OpenSSH\r\n".to_vec()), ("unavailable", true)),
        (json(stream, "data: {\"choices\": [{}\n\n"), ("malformed", false)),
        (json(stream, "data: <html>\n\n"), ("malformed", false)),
        (json("content-type: text/html\r\n", "<html>"), ("malformed", false)),
        (json("content-type: application/json\r\n", "{}"), ("malformed", false)),
        (json("", &text), ("malformed", false)),
        // A bomb, or anything else: nobody asked for it packed, and nobody unpacks it.
        (json(&packed, "\u{1f}\u{8b}"), ("malformed", false)),
    ] {
        let asked = asked(Service::OpenAi, answer).await;
        assert_eq!(detail(&asked), Some(expected), "{asked:?}");
    }
}

#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let other = Server::start([Answer::stream(&sent("openai-text.sse"))]).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}chat/completions\r\n", other.url);
        let asked = asked(Service::OpenAi, Answer::status(status, &location, "")).await;
        assert_eq!(detail(&asked), Some(("unavailable", false)), "{asked:?}");
    }
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn a_status_says_whether_to_try_again() {
    for (status, expected) in [
        (400, ("malformed", false)),
        (401, ("auth", false)),
        (403, ("auth", false)),
        (404, ("unavailable", false)),
        (408, ("timeout", true)),
        (413, ("too_large", false)),
        (422, ("malformed", false)),
        (429, ("rate_limit", true)),
        (500, ("unavailable", true)),
        (503, ("unavailable", true)),
        (529, ("unavailable", true)),
        (204, ("unavailable", true)),
    ] {
        let asked = asked(Service::Anthropic, Answer::status(status, "retry-after: 7\r\n", "{}")).await;
        assert_eq!(detail(&asked), Some(expected), "{status} {asked:?}");
        assert_eq!(asked.unwrap_err().retry_after, Some(Duration::from_secs(7)));
    }
}

#[tokio::test]
async fn errors_are_short_and_have_no_key() {
    let long = json!({"error": {"message": format!("the key {KEY} is \n wrong {}", "x".repeat(20_000))}}).to_string();
    for answer in [
        Answer::status(401, "", &long),
        Answer::status(500, "", &format!("{KEY} {}", "x".repeat(20_000))),
        Answer::status(200, &format!("content-type: {KEY}\r\n"), ""),
        Answer::stream(&event(&json!({"error": {"message": KEY, "type": "server_error"}}))),
        Answer::stream(&event(&json!({"error": KEY}))),
        Answer::stream(&event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": KEY}]}))),
        Answer::stream(&event(&json!({format!("{KEY}{}_count", "x".repeat(1_000)): 1e30}))),
        // The line is cut in the midst of it.
        Answer::stream(&event(&json!({"error": format!("{}{KEY}", "x".repeat(490))}))),
        Answer::status(401, "", &format!("{}{KEY}", "x".repeat(490))),
        Answer::Endless(b"HTTP/1.1 500 X\r\n\r\n".to_vec(), KEY.as_bytes().to_vec()),
        Answer::Silent(b"HTTP/1.1 500 X\r\n\r\nlater".to_vec()),
    ] {
        let failure = asked(Service::OpenAi, answer).await.unwrap_err();
        assert!(!format!("{failure:?}").contains("sk-live"), "{failure:?}");
        assert!(failure.fault.message.len() < 700, "{failure:?}");
        assert!(!failure.fault.message.contains('\n'), "{failure:?}");
    }
}

/// A provider knows the key and may say it.
#[tokio::test]
async fn a_reply_has_no_key() {
    let arguments = json!({"a": KEY, KEY: 1}).to_string();
    let call = json!({"index": 0, "id": KEY, "function": {"name": KEY, "arguments": arguments}});
    let stream = delta(&json!({"content": KEY, "reasoning_content": KEY, "tool_calls": [call]}))
        + &event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}));
    // The name is cut in the midst of the key.
    let model = event(&json!({"model": format!("{}{KEY}", "x".repeat(118)), "choices": []}));
    let stream = model + &stream;
    let reply = asked(Service::OpenAi, Answer::stream(&stream)).await.unwrap();
    assert!(!format!("{reply:?}").contains("sk-live"), "{reply:?}");
    assert_eq!(reply.text, "[redacted]");
}

#[tokio::test]
async fn nobody_is_asked_without_a_key() {
    let model = stockade::model::Provider::new(Service::Anthropic, "model-1", None, None).unwrap();
    let asked = crate::ask(&model, &Question::new("hi")).await;
    assert_eq!(detail(&asked), Some(("auth", false)));
    assert!(asked.unwrap_err().fault.message.contains("write key = \"NAME\""));
}

/// Every value of every provider's answer, replaced by one that nobody expects: there is a reply, or a failure.
#[tokio::test]
async fn no_value_of_an_answer_is_relied_on() {
    for (service, name) in [
        (Service::OpenAi, "openai-call.sse"),
        (Service::OpenAiResponses, "openai-responses-call.sse"),
        (Service::Anthropic, "anthropic-call.sse"),
        (Service::Gemini, "gemini-call.sse"),
        (Service::Ollama, "ollama-call.ndjson"),
    ] {
        let streams = mutants(&sent(name));
        assert!(streams.len() > 30, "{name}");
        let server = Server::start(streams.iter().map(|stream| Answer::stream(stream))).await;
        let (functions, question) = (offers(), Question::new("hi"));
        let model = provider(service, &server.url).limits(limits());
        for stream in streams {
            let asked = model.ask(&request(&question, &functions), &|_| {}).await;
            if let Ok(reply) = &asked {
                assert!(reply.calls.len() <= limits().calls, "{stream}");
                assert!(reply.tokens_in < 1 << 30 && reply.tokens_out < 1 << 30, "{stream}");
            }
            assert!(detail(&asked).is_none_or(|(detail, _)| !detail.is_empty()), "{stream}");
        }
    }
}

fn mutants(stream: &str) -> Vec<String> {
    let lines: Vec<_> = stream.lines().collect();
    let mut mutants = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let (head, json) = line.split_at(line.find('{').unwrap_or(line.len()));
        let Ok(value) = serde_json::from_str::<Value>(json) else { continue };
        for path in paths(&value, "") {
            let mut mutant = value.clone();
            *mutant.pointer_mut(&path).unwrap() = unexpected(mutants.len());
            let mut lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
            lines[number] = format!("{head}{mutant}");
            mutants.push(lines.join("\n") + "\n");
        }
    }
    mutants
}

fn unexpected(number: usize) -> Value {
    let values = [
        Value::Null,
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!([]),
        json!({}),
        json!("\u{0}é🦀"),
        json!(true),
        json!([[[[{"index": 127}]]]]),
    ];
    values[number % values.len()].clone()
}

fn paths(value: &Value, at: &str) -> Vec<String> {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), member)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    let below = members.iter().flat_map(|(name, member)| paths(member, &format!("{at}/{name}")));
    std::iter::once(at.to_owned()).filter(|at| !at.is_empty()).chain(below).collect()
}
