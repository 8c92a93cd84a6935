//! What a server answers to a call, as the host's tools answer.

use serde_json::{Map, Value, json};
use stockade::{Fault, Kind, Result};

use crate::checked::Checked;
use crate::words;

/// The longest text of an error that a tool answers with.
const ERROR_CHARS_MAX: usize = 4_000;

/// Says that a piece of a text is left out; the rest of the limit is for its beginning and its end.
const MARK_BYTES: usize = 100;

/// Makes of the result of a call the value that the tool returns.
///
/// A structured result is the value, and must fit the schema that was accepted. Else the texts are; a picture or a
/// sound is there by its kind and its size. A text that is longer than `bytes_max` loses its middle. What fits in is kept whole in
/// the journal, and an agent reads the rest of what it was shown by the handle of the result.
///
/// # Errors
///
/// The tool's own error, kind [`Kind::GuestError`]. Where the call was made and its answer cannot be used, kind
/// [`Kind::Output`]. Where it is not known whether it was made, [`Kind::UnknownOutcome`].
pub(crate) fn value(server: &str, mut result: Value, output: Option<&Checked>, bytes_max: u64) -> Result<Value> {
    match result.get("resultType").and_then(Value::as_str) {
        None | Some("complete") => {}
        Some("input_required") => {
            let message = format!(
                "MCP server \"{server}\" asks for an answer of a person in the midst of the call, which is declined"
            );
            return Err(Fault::new(Kind::GuestError, message).detail("input_required"));
        }
        Some(other) => {
            let message = format!(
                "MCP server \"{server}\" goes on with the call by itself ({}), and is not asked how",
                words::cut(other, 40)
            );
            return Err(Fault::new(Kind::UnknownOutcome, message));
        }
    }
    let is_error = result.get("isError").and_then(Value::as_bool).unwrap_or_default();
    let blocks = result.get_mut("content").map(Value::take).unwrap_or_default();
    if is_error {
        let said = texts(blocks);
        return Err(Fault::new(Kind::GuestError, words::cut(&plain(&said), ERROR_CHARS_MAX)));
    }
    match (result.as_object_mut().and_then(|result| result.remove("structuredContent")), output) {
        (Some(value), Some(output)) => {
            output.check(&value).map_err(|why| unfit(server, &format!("it does not fit its schema: {why}")))?;
            whole(server, value, bytes_max)
        }
        (None, Some(_)) => Err(unfit(server, "it has a schema, and no structured content")),
        // Where no schema of the answer was accepted, a model is to read the text.
        (Some(value), None) if blocks.as_array().is_none_or(Vec::is_empty) => whole(server, value, bytes_max),
        (_, None) => Ok(bounded(texts(blocks), bytes_max)),
    }
}

fn unfit(server: &str, why: &str) -> Fault {
    let message = format!("MCP server \"{server}\" has made the call, and its answer cannot be used: {why}");
    Fault::new(Kind::Output, message)
}

/// Takes a value that cannot be cut.
fn whole(server: &str, value: Value, bytes_max: u64) -> Result<Value> {
    let bytes = stockade::json::bytes(&value);
    if bytes <= bytes_max {
        return Ok(value);
    }
    let message = format!(
        "MCP server \"{server}\" has made the call, and answered with {bytes} bytes, where {bytes_max} are allowed; \
         output_bytes under [mcp.{server}.limits] allows more"
    );
    Err(Fault::limit(Kind::Output, "output_bytes", bytes_max, bytes, message))
}

/// Reads the blocks of a content. A text is kept as it is; of any other block, its kind, address, name and text are kept.
fn texts(blocks: Value) -> Vec<Value> {
    let Value::Array(blocks) = blocks else { return Vec::new() };
    blocks.into_iter().map(block).collect()
}

fn block(mut block: Value) -> Value {
    let kind = block.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    if kind == "text" {
        return block.get_mut("text").map(Value::take).filter(Value::is_string).unwrap_or_default();
    }
    let nested = block.get_mut("resource").and_then(|resource| resource.get_mut("text")).map(Value::take);
    let mut kept = Map::from_iter([("type".to_owned(), words::cut(&kind, 40).into())]);
    for key in ["uri", "name", "mimeType"] {
        let found = block.get(key).or_else(|| block.get("resource").and_then(|resource| resource.get(key)));
        if let Some(text) = found.and_then(Value::as_str) {
            kept.insert(key.to_owned(), words::cut(text, 300).into());
        }
    }
    match nested.filter(Value::is_string) {
        Some(text) => kept.insert("text".to_owned(), text),
        None => kept.insert("left_out_bytes".to_owned(), stockade::json::bytes(&block).into()),
    };
    Value::Object(kept)
}

/// Joins the texts of an error.
fn plain(said: &[Value]) -> String {
    let texts = said.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned));
    let text = texts.collect::<Vec<_>>().join("\n");
    if text.is_empty() { "the tool failed and did not say why".to_owned() } else { text }
}

/// One block is the value itself, and several are a list. Where they are too long, each text has an equal share.
fn bounded(mut said: Vec<Value>, bytes_max: u64) -> Value {
    let all = |said: &[Value]| said.iter().map(stockade::json::bytes).fold(2, |sum, bytes| sum + bytes + 1);
    if all(&said) > bytes_max {
        let blocks = u64::try_from(said.len()).unwrap_or(u64::MAX).max(1);
        let share = (bytes_max.saturating_sub(2) / blocks).saturating_sub(1);
        said.iter_mut().for_each(|one| shorten(one, share));
        let mut bytes = 2;
        let before = said.len();
        said.retain(|one| {
            bytes += stockade::json::bytes(one) + 1;
            bytes <= bytes_max
        });
        if said.len() < before {
            said.push(json!({"type": "note", "text": format!("{} further blocks are left out", before - said.len())}));
        }
    }
    if said.len() == 1 { said.pop().unwrap_or_default() } else { Value::Array(said) }
}

/// Takes the middle out of a text until it has at most so many bytes as JSON.
fn shorten(one: &mut Value, bytes_max: u64) {
    let text = match one {
        Value::String(text) => text,
        Value::Object(members) => match members.get_mut("text") {
            Some(Value::String(text)) => text,
            _ => return,
        },
        _ => return,
    };
    let whole = text.clone();
    let mut keep = usize::try_from(bytes_max).unwrap_or(usize::MAX).saturating_sub(MARK_BYTES);
    // As JSON a text may take six times its bytes.
    while stockade::json::bytes(&*text) > bytes_max && keep > 0 {
        *text = without_middle(&whole, keep);
        keep /= 2;
    }
}

fn without_middle(text: &str, keep: usize) -> String {
    if text.len() <= keep {
        return text.to_owned();
    }
    let (head, tail) = (text.floor_char_boundary(keep - keep / 4), text.ceil_char_boundary(text.len() - keep / 4));
    let (head, tail) = (text.get(..head).unwrap_or_default(), text.get(tail..).unwrap_or_default());
    let left_out = text.len() - head.len() - tail.len();
    format!("{head}\n[{left_out} bytes are left out here: output_bytes]\n{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u64 = 1 << 20;

    fn of(result: Value) -> Result<Value> {
        value("a", result, None, MAX)
    }

    #[test]
    fn a_text_is_the_value_and_several_blocks_are_a_list() {
        let text = json!({"type": "text", "text": "hello"});
        assert_eq!(of(json!({"content": [text]})).unwrap(), "hello");
        let picture = json!({"type": "image", "mimeType": "image/png", "data": "AAAA"});
        let both = of(json!({"content": [text, picture]})).unwrap();
        assert_eq!((both[0].as_str(), both[1]["mimeType"].as_str()), (Some("hello"), Some("image/png")));
        assert!(both[1].get("data").is_none() && both[1]["left_out_bytes"].as_u64() > Some(10), "{both}");
        let file = json!({"type": "resource", "resource": {"uri": "file:///a", "text": "inside"}});
        assert_eq!(of(json!({"content": [file]})).unwrap()["text"], "inside");
        assert_eq!(of(json!({})).unwrap(), json!([]));
    }

    #[test]
    fn a_structured_answer_must_fit_the_schema_that_was_accepted() {
        let checked = Checked::new(&json!({"type": "object", "properties": {"n": {"type": "integer"}}}));
        let answer = |result| value("a", result, Some(&checked), MAX);
        assert_eq!(answer(json!({"structuredContent": {"n": 1}})).unwrap(), json!({"n": 1}));
        for wrong in [json!({"structuredContent": {"n": "x"}}), json!({"content": []})] {
            assert_eq!(answer(wrong).unwrap_err().kind, Kind::Output, "the call was made");
        }
    }

    #[test]
    fn an_error_and_a_question_of_the_server_are_told_apart() {
        let failed = json!({"isError": true, "content": [{"type": "text", "text": "no such file"}]});
        let fault = of(failed).unwrap_err();
        assert_eq!((fault.kind, fault.message.as_str()), (Kind::GuestError, "no such file"));
        assert_eq!(of(json!({"resultType": "input_required"})).unwrap_err().kind, Kind::GuestError);
        assert_eq!(of(json!({"resultType": "task"})).unwrap_err().kind, Kind::UnknownOutcome);
    }

    #[test]
    fn a_long_text_loses_its_middle_and_a_long_value_is_refused() {
        let long = format!("begin {} end", "é\n".repeat(100_000));
        let cut = value("a", json!({"content": [{"type": "text", "text": long}]}), None, 1_000).unwrap();
        let text = cut.as_str().unwrap();
        assert!(text.starts_with("begin") && text.ends_with("end") && text.contains("bytes are left out"), "{text}");
        assert!(stockade::json::bytes(&cut) <= 1_000);
        let many: Vec<_> = (0..1_000).map(|_| json!({"type": "text", "text": "x".repeat(100)})).collect();
        let cut = value("a", json!({"content": many}), None, 1_000).unwrap();
        assert!(stockade::json::bytes(&cut) <= 1_200, "{cut}");
        let fault = value("a", json!({"structuredContent": long}), None, 1_000).unwrap_err();
        assert_eq!(fault.breach.unwrap().limit, "output_bytes");
    }
}
