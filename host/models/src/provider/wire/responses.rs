//! Responses: of OpenAI, without its memory of conversations.

use serde_json::{Map, Value, json};
use stockade_workflow::{Message, ModelCall, Part};

use super::{Asked, object, text_of};
use crate::Failure;
use crate::Result;
use crate::provider::answer::{Answer, Place};
use crate::provider::dialect::{self, Dialect};

pub(super) const PATH: &str = "responses";

pub(super) fn body(asked: &Asked<'_>) -> Map<String, Value> {
    let mut body = Map::new();
    let mut insert = |name: &str, value: Value| body.insert(name.to_owned(), value);
    insert("model", asked.model.into());
    insert("store", false.into());
    insert("stream", true.into());
    insert("input", asked.request.question.messages.iter().flat_map(|message| items(message, asked)).collect());
    insert("max_output_tokens", asked.request.tokens_max.into());
    if !asked.request.question.system.is_empty() {
        insert("instructions", asked.request.question.system.as_str().into());
    }
    if !asked.request.functions.is_empty() {
        insert("tools", asked.functions(Dialect::OpenAi).map(tool).collect());
    }
    if let Some(schema) = &asked.request.question.schema {
        let (schema, strict) = dialect::strict(schema);
        insert(
            "text",
            json!({"format": {"type": "json_schema", "name": "answer", "strict": strict, "schema": schema}}),
        );
    }
    if let Some(temperature) = asked.temperature {
        insert("temperature", temperature.into());
    }
    // Models that have no thoughts refuse to be asked for them.
    if let Some(effort) = asked.effort {
        insert("reasoning", json!({"effort": effort.word(), "summary": "detailed"}));
        insert("include", json!(["reasoning.encrypted_content"]));
    }
    body
}

fn tool((name, description, schema): (&str, &str, Value)) -> Value {
    // Without a word it would be strict: all that is optional would be required.
    json!({"type": "function", "name": name, "description": description, "parameters": schema, "strict": false})
}

fn items(message: &Message, asked: &Asked<'_>) -> Vec<Value> {
    match message {
        Message::User { content } => vec![match text_of(content) {
            Some(text) => json!({"role": "user", "content": text}),
            None => json!({"role": "user", "content": content.iter().map(part).collect::<Value>()}),
        }],
        Message::Assistant { text, calls, carried } => assistant(text, calls, carried, asked),
        Message::Tool { id, content, .. } => {
            vec![json!({"type": "function_call_output", "call_id": id, "output": content})]
        }
    }
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text { text } => json!({"type": "input_text", "text": text}),
        Part::Image { media_type, data } => {
            let url = format!("data:{media_type};base64,{data}");
            json!({"type": "input_image", "detail": "auto", "image_url": url})
        }
    }
}

fn assistant(text: &str, calls: &[ModelCall], carried: &Value, asked: &Asked<'_>) -> Vec<Value> {
    let sealed = |sealed| json!({"type": "reasoning", "encrypted_content": sealed, "summary": []});
    let mut items: Vec<Value> = asked.carried(carried).signatures().map(sealed).collect();
    if !text.is_empty() {
        let content = json!([{"type": "output_text", "text": text}]);
        items.push(json!({"type": "message", "role": "assistant", "content": content}));
    }
    items.extend(calls.iter().map(|call| {
        let (name, arguments) = (asked.names.safe(&call.name), object(&call.arguments).to_string());
        json!({"type": "function_call", "call_id": call.id, "name": name, "arguments": arguments})
    }));
    items
}

pub(super) fn read(event: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    match event.get("type").and_then(Value::as_str).unwrap_or_default() {
        "response.output_text.delta" => answer.text(event.get("delta")),
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
            answer.reasoning(event.get("delta"))
        }
        "response.refusal.delta" => {
            answer.refuse();
            Ok(())
        }
        "response.output_item.added" => added(event, answer).map(|_| ()),
        "response.function_call_arguments.delta" => {
            let place = Place { index: event.get("output_index"), ..Place::default() };
            match answer.find(&place) {
                Some(at) => answer.arguments(at, event.get("delta")),
                None => Ok(()),
            }
        }
        "response.output_item.done" => done(event, answer),
        "response.created" => {
            answer.model(event.pointer("/response/model"));
            Ok(())
        }
        "response.completed" | "response.incomplete" => over(event, answer),
        _ => Ok(()),
    }
}

/// Returns which call the item of an event is, if it is one.
fn added(event: &Value, answer: &mut Answer<'_>) -> Result<Option<usize>, Failure> {
    let Some(item) = event.get("item").filter(|item| has_type(item, "function_call")) else { return Ok(None) };
    let place = Place { index: event.get("output_index"), id: item.get("call_id"), name: item.get("name") };
    answer.place(place).map(Some)
}

fn done(event: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    if let Some(item) = event.get("item").filter(|item| has_type(item, "reasoning")) {
        return answer.sealed(item.get("encrypted_content"));
    }
    // The whole stands here, whatever the pieces were.
    let whole = event.pointer("/item/arguments").filter(|whole| whole.as_str().is_some_and(|whole| !whole.is_empty()));
    match (added(event, answer)?, whole) {
        (Some(at), Some(whole)) => answer.all_arguments(at, whole),
        _ => Ok(()),
    }
}

fn over(event: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    let Some(response) = event.get("response") else { return Ok(()) };
    answer.model(response.get("model"));
    answer.tokens(response.pointer("/usage/input_tokens"), response.pointer("/usage/output_tokens"))?;
    if response.pointer("/incomplete_details/reason").is_some_and(|reason| reason == "content_filter") {
        answer.refuse();
    }
    // Some servers say it all at once.
    if answer.has_no_calls() {
        for item in response.get("output").and_then(Value::as_array).into_iter().flatten() {
            done(&json!({ "item": item }), answer)?;
        }
    }
    answer.stop(response.get("status"));
    answer.is_over = true;
    Ok(())
}

fn has_type(item: &Value, kind: &str) -> bool {
    item.get("type").is_some_and(|found| found == kind)
}
