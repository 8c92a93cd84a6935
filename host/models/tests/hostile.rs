//! Any server may answer at a provider's address. The worst that it may do to the host is to give no answer.

use std::time::Duration;

use serde_json::{Value, json};
use stockade_models::{Failure, Limits, Model as _, Service};
use stockade_workflow::{Question, Reply};

use super::server::{Answer, Server};
use super::wires::sent;
use super::{KEY, offers, provider, request};

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

#[tokio::test]
async fn numbers_are_not_taken_for_granted() {
    for (service, stream) in [
        (Service::OpenAi, event(&json!({"choices": [], "usage": {"prompt_tokens": i32::MAX}}))),
        (Service::Anthropic, sent("anthropic-text.sse").replace("\"input_tokens\":10", "\"input_tokens\":2147483647")),
        (Service::Ollama, sent("ollama-text.ndjson").replace("\"eval_count\": 5", "\"eval_count\": 2147483647")),
        (Service::Gemini, sent("gemini-text.sse").replace(":12,", ":2147483647,")),
    ] {
        let asked = asked(service, Answer::stream(&stream)).await;
        assert_eq!(detail(&asked), Some(("too_large", false)), "{asked:?}");
    }
}

fn called() -> String {
    event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}))
}

async fn calls(deltas: &[Value]) -> Vec<(String, String, Value)> {
    let stream: String = deltas.iter().map(|calls| delta(&json!({ "tool_calls": calls }))).collect();
    let reply = asked(Service::OpenAi, Answer::stream(&(stream + &called()))).await.unwrap();
    reply.calls.into_iter().map(|call| (call.id, call.name, call.arguments)).collect()
}

/// A server that left `index` out lost its calls, and one that counted from 129 failed the run. What tells calls apart is
/// their number, which has a limit, and not what a server says of it.
#[tokio::test]
async fn calls_are_told_apart_whatever_their_index_says() {
    let part = |index: Value, id: Value, name: Value, arguments: &str| {
        let mut call = json!({"index": index, "id": id, "function": {"name": name, "arguments": arguments}});
        call.as_object_mut().unwrap().retain(|_, member| !member.is_null());
        json!([call])
    };
    let (refund, search) = (json!("payments__refund"), json!("web_search_2"));
    let expected = |first: &str, second: &str| {
        [
            (first.to_owned(), "payments.refund".to_owned(), json!({"cents": 1})),
            (second.to_owned(), "web_search".to_owned(), json!({"query": "x"})),
        ]
    };
    let (none, a, b) = (Value::Null, json!("a"), json!("b"));
    for (first, second) in [
        (none.clone(), none.clone()),
        (json!(0), json!(0)),
        (json!(129), json!(130)),
        (json!(4_294_967_295_u64), json!(-7)),
        (json!(u64::MAX), json!("one")),
    ] {
        let parts = [
            part(first.clone(), a.clone(), refund.clone(), "{\"cents\":"),
            part(first.clone(), none.clone(), none.clone(), " 1}"),
            part(second.clone(), b.clone(), search.clone(), "{\"query\":"),
            part(second.clone(), b.clone(), none.clone(), " \"x\"}"),
        ];
        assert_eq!(calls(&parts).await, expected("a", "b"), "{first} {second}");
    }
    // Pieces of two calls at once, and neither with an id.
    let parts = [
        part(json!(8), none.clone(), refund.clone(), "{\"cents\":"),
        part(json!(9), none.clone(), search.clone(), "{\"query\":"),
        part(json!(8), none.clone(), none.clone(), " 1}"),
        part(json!(9), none.clone(), none.clone(), " \"x\"}"),
    ];
    assert_eq!(calls(&parts).await, expected("call_0", "call_1"));
    // At one index, and neither with an id.
    let parts = [
        part(json!(0), none.clone(), refund.clone(), "{\"cents\":"),
        part(json!(0), none.clone(), refund.clone(), " 1}"),
        part(json!(0), none.clone(), search.clone(), "{\"query\":"),
        part(json!(0), none.clone(), none.clone(), " \"x\"}"),
    ];
    assert_eq!(calls(&parts).await, expected("call_0", "call_1"));
    // By their names alone, and arguments that are not written as a text.
    let parts = [
        part(none.clone(), none.clone(), refund, "{\"cents\": 1}"),
        json!([{"function": {"name": "web_search_2", "arguments": {"query": "x"}}}]),
    ];
    assert_eq!(calls(&parts).await, expected("call_0", "call_1"));
}

/// All of it was within the limits of each part, and took gigabytes of the host.
#[tokio::test]
async fn an_answer_has_an_end_as_a_whole() {
    let long = json!({"a": "x".repeat(200 << 10)}).to_string();
    let stream: String = (0..128).map(|index| delta(&json!({"tool_calls": [call(index, &long)]}))).collect();
    let server = Server::start([Answer::stream(&(stream + &called()))]).await;
    let asked = super::ask(&provider(Service::OpenAi, &server.url), &Question::new("hi")).await;
    assert_eq!(detail(&asked), Some(("too_large", false)));
    assert!(asked.unwrap_err().fault.message.ends_with("an answer of more than 4194304 bytes"));
    let nested = format!("[{}0]", "{\"\":0},".repeat(30_000));
    let stream: String = (0..15).map(|index| delta(&json!({"tool_calls": [call(index, &nested)]}))).collect();
    let stream = stream + &called();
    let server = Server::start([Answer::stream(&stream)]).await;
    let asked = super::ask(&provider(Service::OpenAi, &server.url), &Question::new("hi")).await;
    assert!(asked.unwrap_err().fault.message.contains("arguments that are too much to read"));
}

/// What was nested as deeply was written down, and could not be read again.
#[tokio::test]
async fn arguments_that_are_nested_too_deeply_are_a_text() {
    let deep = format!("{}{}", "{\"a\":".repeat(120), "0".to_owned() + &"}".repeat(120));
    let stream = delta(&json!({"tool_calls": [call(0, &deep)]})) + &called();
    let reply = asked(Service::OpenAi, Answer::stream(&stream)).await.unwrap();
    assert_eq!(reply.calls[0].arguments, json!(deep));
}

/// Two readers could take each another of the values, and a number that was rounded is not what the model wrote.
#[tokio::test]
async fn arguments_that_are_not_read_exactly_are_a_text() {
    for odd in ["{\"cents\": 1, \"cents\": 99000}", "{\"cents\": 18446744073709551617}", "{\"cents\": 1e400}"] {
        let stream = delta(&json!({"tool_calls": [call(0, odd)]})) + &called();
        let reply = asked(Service::OpenAi, Answer::stream(&stream)).await.unwrap();
        assert_eq!(reply.calls[0].arguments, json!(odd));
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

/// What a model asks for is passed on as it wrote it: the caller refuses it.
#[tokio::test]
async fn calls_of_what_was_not_offered_are_passed_on() {
    let name = "payments.delete\"; drop";
    let function = json!({"name": name, "arguments": "rm -rf"});
    let stream = delta(&json!({"tool_calls": [{"index": 0, "id": "a", "function": function}]}))
        + &event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}));
    let reply = asked(Service::OpenAi, Answer::stream(&stream)).await.unwrap();
    assert_eq!((reply.calls[0].name.as_str(), &reply.calls[0].arguments), (name, &json!("rm -rf")));
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
        // A bomb, or anything else: the host did not ask for compression, and does not unpack it.
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
async fn a_wish_in_the_body_of_an_error_is_honoured() {
    let body = json!({"error": {"message": "quota", "details": [{"retryDelay": "7s"}]}}).to_string();
    let failure = asked(Service::Gemini, Answer::status(429, "", &body)).await.unwrap_err();
    assert_eq!((failure.retry_after, failure.is_retryable), (Some(Duration::from_secs(7)), true));
    assert!(failure.fault.message.ends_with(": quota"), "{failure:?}");
}

#[tokio::test]
async fn a_date_to_come_back_after_is_honoured() {
    let headers = "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let busy = Answer::status(429, headers, "{}");
    let server = Server::start([busy]).await;
    let model = provider(Service::OpenAi, &server.url).clock(stockade_system::Clock::new(|| 784_111_770_000));
    let failure = super::ask(&model, &Question::new("hi")).await.unwrap_err();
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
}

/// A schema that no provider takes is refused before anybody is asked, by the names of its function and its keyword.
#[tokio::test]
async fn a_function_that_cannot_be_offered_is_named() {
    let mut functions = offers();
    functions[0].schema = json!({"oneOf": [{"type": "object"}]});
    let server = Server::start([]).await;
    let model = provider(Service::Gemini, &server.url);
    let fault = model.ask(&request(&Question::new("hi"), &functions), &|_| {}).await.unwrap_err().fault;
    assert!(fault.message.contains("\"payments.refund\"") && fault.message.contains("\"oneOf\""), "{fault}");
    assert!(server.asked().is_empty());
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

/// A key that was cut by the pieces of a stream was shown, and one that was encoded was kept.
#[tokio::test]
async fn a_key_is_shown_neither_in_pieces_nor_encoded() {
    use base64::Engine as _;
    let hex: String = KEY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url = KEY.replace('-', "%2D");
    let base64 = base64::engine::general_purpose::STANDARD.encode(format!("key={KEY}"));
    let said = format!("It is {KEY}, {hex}, {url}, {base64} or {}…", &KEY[..KEY.len() - 3]);
    for length in [1, 5, 1_000] {
        let pieces = said.chars().collect::<Vec<_>>();
        let pieces = pieces.chunks(length).map(|piece| delta(&json!({"content": piece.iter().collect::<String>()})));
        let stream = pieces.collect::<String>() + &called();
        let server = Server::start([Answer::stream(&stream)]).await;
        let told = std::sync::Mutex::new(String::new());
        let tell = |piece: &str| told.lock().unwrap().push_str(piece);
        let model = provider(Service::OpenAi, &server.url);
        let reply = model.ask(&request(&Question::new("hi"), &[]), &tell).await.unwrap();
        let expected = "It is [redacted], [redacted], [redacted], a2V5PX[redacted]";
        for text in [&reply.text, &*told.lock().unwrap()] {
            assert!(text.starts_with(expected) && text.ends_with(" or [redacted]…"), "{text}");
            assert!(!text.contains(&KEY[..12]) && !text.contains(&hex[..24]), "{text}");
        }
    }
}

#[tokio::test]
async fn nobody_is_asked_without_a_key() {
    let model = stockade_models::Provider::new(Service::Anthropic, "model-1", None, None).unwrap();
    let asked = super::ask(&model, &Question::new("hi")).await;
    assert_eq!(detail(&asked), Some(("auth", false)));
    assert!(asked.unwrap_err().fault.message.contains("write key = \"NAME\""));
}

/// Every value of every provider's answer, replaced by an unexpected one: there is a reply, or a failure.
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
