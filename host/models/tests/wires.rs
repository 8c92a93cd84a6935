//! For each provider and case, `wire/` has what the provider sends, what it must have been asked, and the reply.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use serde_json::{Value, json};
use stockade_models::{Effort, Model as _, Service};
use stockade_workflow::{FinishReason, Message, ModelCall, Part, Question};

use super::server::{Answer, Server};
use super::{KEY, offers, provider, request};

const SERVICES: [(Service, &str, &str); 5] = [
    (Service::OpenAiCompatible, "openai", "sse"),
    (Service::OpenAiResponses, "openai-responses", "sse"),
    (Service::Anthropic, "anthropic", "sse"),
    (Service::Gemini, "gemini", "sse"),
    (Service::Ollama, "ollama", "ndjson"),
];

/// One white pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

pub(crate) fn wire(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wire").join(name)
}

pub(crate) fn sent(name: &str) -> String {
    fs::read_to_string(wire(name)).unwrap()
}

fn question(case: &str) -> Question {
    match case {
        "text" => {
            let image = Part::Image { media_type: "image/png".to_owned(), data: PIXEL.to_owned() };
            let text = Part::Text { text: "What is it?".to_owned() };
            let messages = vec![Message::User { content: vec![text, image] }];
            Question { messages, ..Question::default() }.system("Be brief.")
        }
        "schema" => {
            let color = json!({"type": "object", "properties": {"color": {"type": "string"}}, "required": ["color"]});
            Question::new("What color is it?").schema(color)
        }
        _ => {
            let call =
                |id: &str, name: &str, arguments| ModelCall { id: id.to_owned(), name: name.to_owned(), arguments };
            let calls = vec![
                call("call_a", "payments.refund", json!({"cents": 1})),
                call("call_b", "web_search", json!("no json")),
            ];
            let messages = vec![
                Message::user("Refund it."),
                Message::Assistant { text: "I try.".to_owned(), calls, carried: Value::Null },
                Message::tool("call_a", "{\"ok\":false}", true),
                Message::tool("call_b", "nothing", false),
            ];
            Question { messages, ..Question::default() }
        }
    }
}

/// Compares with the file, or writes it where the test is told to.
fn check(file: &str, found: &Value) {
    let path = wire(file);
    if std::env::var_os("STOCKADE_BLESS").is_some() {
        fs::write(&path, format!("{found:#}\n")).unwrap();
    }
    let expected: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
    assert_eq!(*found, expected, "{file}: {found:#}");
}

#[tokio::test]
async fn each_provider_is_asked_and_understood() {
    for (service, name, ending) in SERVICES {
        for case in ["text", "call", "schema"] {
            let stream = sent(&format!("{name}-{case}.{ending}"));
            let server = Server::start([Answer::stream(&stream)]).await;
            let (model, question, told) = (provider(service, &server.url), question(case), Mutex::new(String::new()));
            let functions = if case == "call" { offers() } else { Vec::new() };
            let tell = |piece: &str| told.lock().unwrap().push_str(piece);
            let reply = model.ask(&request(&question, &functions), &tell).await;
            let reply = reply.unwrap_or_else(|failure| panic!("{name}-{case}: {failure:?}"));
            assert_eq!(*told.lock().unwrap(), reply.text, "{name}-{case}");
            check(&format!("{name}-{case}.reply.json"), &serde_json::to_value(&reply).unwrap());
            let asked = &server.asked()[0];
            check(&format!("{name}-{case}.request.json"), &json!({ "path": asked.path, "body": asked.body }));
        }
    }
}

#[tokio::test]
async fn the_key_is_shown_to_the_provider_as_it_wants_it() {
    for (service, name, ending) in SERVICES {
        let server = Server::start([Answer::stream(&sent(&format!("{name}-text.{ending}")))]).await;
        super::ask(&provider(service, &server.url), &Question::new("hi")).await.unwrap();
        let asked = &server.asked()[0];
        let (header, value) = match service {
            Service::Anthropic => ("x-api-key", KEY.to_owned()),
            Service::Gemini => ("x-goog-api-key", KEY.to_owned()),
            _ => ("authorization", format!("Bearer {KEY}")),
        };
        assert_eq!(asked.header(header), Some(value.as_str()), "{name}");
        let with_key: Vec<_> = asked.headers.iter().filter(|(_, value)| value.contains(KEY)).collect();
        assert_eq!(with_key.len(), 1, "{with_key:?}");
        assert_eq!(asked.header("anthropic-version").is_some(), service == Service::Anthropic);
        assert!(!asked.path.contains(KEY) && !asked.body.to_string().contains(KEY));
    }
}

/// What a provider wants to see again comes back to it, and to no other provider.
#[tokio::test]
async fn signed_thoughts_are_sent_back_to_whom_they_belong() {
    for (service, name, path, sealed) in [
        (Service::Anthropic, "anthropic", "/messages/1/content/0/signature", "c2lnbmVk"),
        (Service::Gemini, "gemini", "/contents/1/parts/0/thoughtSignature", "c2lnbmVk"),
        (Service::OpenAiResponses, "openai-responses", "/input/1/encrypted_content", "c2VhbGVk"),
    ] {
        let stream = Answer::stream(&sent(&format!("{name}-call.sse")));
        let server = Server::start([stream.clone(), stream.clone(), stream]).await;
        let model = provider(service, &server.url).effort(Some(Effort::Low));
        let functions = offers();
        let mut question = Question::new("Refund it.");
        let reply = model.ask(&request(&question, &functions), &|_| {}).await.unwrap();
        assert_eq!(reply.stop, FinishReason::Called);
        assert!(!reply.carried.is_null(), "{name}");
        question.messages.extend([reply.message(), Message::tool("call_1", "ok", false)]);
        model.ask(&request(&question, &functions), &|_| {}).await.unwrap();
        let body = server.asked()[1].body.clone();
        assert_eq!(body.pointer(path).and_then(Value::as_str), Some(sealed), "{name}: {body:#}");
        // Another model of the same provider.
        let other = stockade_models::Provider::new(service, "model-2", Some(&server.url), None).unwrap();
        other.ask(&request(&question, &functions), &|_| {}).await.unwrap();
        assert!(!server.asked()[2].body.to_string().contains(sealed), "{name}");
    }
}

/// No wishes are read in the names of models: `-max` is not how hard to think, and `::` is not a provider.
#[tokio::test]
async fn the_name_of_a_model_is_its_name() {
    for name in ["qwen-max", "ft:gpt-4o:org::id", "vendor/model-high"] {
        let server = Server::start([Answer::stream(&sent("openai-text.sse"))]).await;
        let model = stockade_models::Provider::new(Service::OpenAiCompatible, name, Some(&server.url), None).unwrap();
        super::ask(&model, &Question::new("hi")).await.unwrap();
        let body = server.asked()[0].body.clone();
        assert_eq!(body["model"], name);
        assert!(body.get("reasoning_effort").is_none(), "{body}");
    }
}

#[tokio::test]
async fn why_a_model_stopped_is_told() {
    let openai = |reason: &str| sent("openai-text.sse").replace("\"stop\"", &format!("\"{reason}\""));
    let refusal = sent("openai-text.sse").replace("{\"content\":\"It is \"}", "{\"refusal\":\"No.\"}");
    let filtered = sent("openai-responses-text.sse")
        .replace("response.completed", "response.incomplete")
        .replace("\"status\":\"completed\"", "\"status\":\"incomplete\"");
    let content_filter =
        filtered.replace("\"incomplete_details\":null", "\"incomplete_details\":{\"reason\":\"content_filter\"}");
    let blocked = "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"modelVersion\":\"g\"}\n\n".to_owned();
    let ollama = sent("ollama-text.ndjson").replace("\"stop\"", "\"length\"");
    let anthropic = |reason: &str| sent("anthropic-text.sse").replace("end_turn", reason);
    for (service, stream, stop) in [
        (Service::OpenAi, openai("stop"), FinishReason::Ended),
        (Service::OpenAi, openai("length"), FinishReason::Length),
        (Service::OpenAi, openai("content_filter"), FinishReason::Refused),
        (Service::OpenAi, openai("eos"), FinishReason::Ended),
        (Service::OpenAi, refusal, FinishReason::Refused),
        (Service::OpenAi, sent("openai-text.sse").replace("data: [DONE]\n\n", ""), FinishReason::Ended),
        (Service::OpenAiResponses, filtered, FinishReason::Length),
        (Service::OpenAiResponses, content_filter, FinishReason::Refused),
        (Service::Anthropic, anthropic("max_tokens"), FinishReason::Length),
        (Service::Anthropic, anthropic("refusal"), FinishReason::Refused),
        (Service::Anthropic, anthropic("stop_sequence"), FinishReason::Ended),
        (Service::Gemini, sent("gemini-text.sse").replace("STOP", "MAX_TOKENS"), FinishReason::Length),
        (Service::Gemini, sent("gemini-text.sse").replace("STOP", "SAFETY"), FinishReason::Refused),
        (Service::Gemini, blocked, FinishReason::Refused),
        (Service::Ollama, ollama, FinishReason::Length),
    ] {
        let server = Server::start([Answer::stream(&stream)]).await;
        let reply = super::ask(&provider(service, &server.url), &Question::new("hi")).await;
        assert_eq!(reply.as_ref().map(|reply| reply.stop).ok(), Some(stop), "{service:?} {stream}\n{reply:?}");
    }
}

/// What there was of the answer was taken for the answer.
#[tokio::test]
async fn an_answer_that_its_provider_gave_up_is_none() {
    let openai = |reason: &str| sent("openai-text.sse").replace("\"stop\"", &format!("\"{reason}\""));
    let gemini = |reason: &str| sent("gemini-text.sse").replace("STOP", reason);
    for (service, stream) in [
        (Service::OpenAiCompatible, openai("error")),
        (Service::OpenAiCompatible, openai("insufficient_system_resource")),
        (Service::OpenAiCompatible, openai("abort")),
        (Service::OpenAiCompatible, sent("openai-call.sse").replace(":\"tool_calls\"", ":\"error\"")),
        (Service::OpenAiResponses, sent("openai-responses-text.sse").replace("\"completed\"", "\"cancelled\"")),
        (Service::Gemini, gemini("MALFORMED_FUNCTION_CALL")),
        (Service::Gemini, gemini("OTHER")),
        (Service::Ollama, sent("ollama-text.ndjson").replace("\"stop\"", "\"unload\"")),
    ] {
        let server = Server::start([Answer::stream(&stream)]).await;
        let failure = super::ask(&provider(service, &server.url), &Question::new("hi")).await.unwrap_err();
        assert!(failure.is_retryable && failure.fault.message.contains("gave up"), "{service:?}: {failure:?}");
    }
}

/// A map that is closed has no room for anything, so that the provider is not held to it, and the model is told.
#[tokio::test]
async fn a_schema_that_anthropic_cannot_hold_its_model_to_is_told_to_the_model() {
    let stream = Answer::stream(&sent("anthropic-schema.sse"));
    let server = Server::start([stream.clone(), stream]).await;
    let model = provider(Service::Anthropic, &server.url);
    let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
    super::ask(&model, &Question::new("hi").system("Be brief.").schema(map.clone())).await.unwrap();
    let body = server.asked()[0].body.clone();
    assert!(body.pointer("/output_config/format").is_none(), "{body}");
    let system = body["system"].as_str().unwrap();
    assert!(system.starts_with("Be brief.") && system.ends_with(&map.to_string()), "{system}");
}
