use stockade_workflow::{Message, Part};

use super::Request;

/// A token of English has about four bytes and one of code or JSON about three; what is reserved should suffice.
const BYTES_PER_TOKEN: u64 = 3;
/// No tokeniser that we know of gets more of a text into a token, but for long rows of one letter or of white space.
const BYTES_PER_TOKEN_MAX: u64 = 8;
/// No provider counts a picture that it accepts as much more: the largest that we know of takes about 1,600.
const IMAGE_TOKENS: u64 = 2_000;
/// What a message or a function takes beside its text: a role, marks of its beginning and end.
const FRAME_TOKENS: u64 = 16;

/// Estimates the tokens of a question from its bytes alone, so that the same question is always the same.
pub(super) fn question(request: &Request<'_>) -> u64 {
    let messages = request.question.messages.iter().map(message);
    let functions = request.functions.iter().map(|offer| {
        text(&offer.name).saturating_add(text(&offer.description)).saturating_add(json(&offer.schema)) + FRAME_TOKENS
    });
    let schema = request.question.schema.as_ref().map_or(0, json);
    let fixed = text(&request.question.system).saturating_add(schema).saturating_add(FRAME_TOKENS);
    messages.chain(functions).fold(fixed, u64::saturating_add)
}

/// Estimates the tokens of a text.
pub(super) fn text(text: &str) -> u64 {
    bytes(text.len() as u64)
}

/// Estimates the tokens of so many bytes of text.
pub(super) fn bytes(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

/// Returns the fewest tokens that the texts of a question can have.
pub(super) fn question_min(request: &Request<'_>) -> u64 {
    let messages = request.question.messages.iter().map(|message| match message {
        Message::User { content } => content.iter().map(part_bytes).sum(),
        Message::Assistant { text, .. } => text.len(),
        Message::Tool { content, .. } => content.len(),
    });
    bytes_min(messages.fold(request.question.system.len(), usize::saturating_add))
}

/// Returns the fewest tokens that so many bytes of text can have.
pub(super) fn bytes_min(bytes: usize) -> u64 {
    bytes as u64 / BYTES_PER_TOKEN_MAX
}

fn part_bytes(part: &Part) -> usize {
    match part {
        Part::Text { text } => text.len(),
        Part::Image { .. } => 0,
    }
}

fn message(message: &Message) -> u64 {
    let content = match message {
        Message::User { content } => content.iter().map(part).fold(0, u64::saturating_add),
        Message::Assistant { text: said, calls, carried } => {
            let calls = calls.iter().map(|call| text(&call.name).saturating_add(json(&call.arguments)) + FRAME_TOKENS);
            calls.fold(text(said).saturating_add(json(carried)), u64::saturating_add)
        }
        Message::Tool { id, content, .. } => text(id).saturating_add(text(content)),
    };
    content.saturating_add(FRAME_TOKENS)
}

fn part(part: &Part) -> u64 {
    match part {
        Part::Text { text: said } => text(said),
        Part::Image { .. } => IMAGE_TOKENS,
    }
}

fn json(value: &serde_json::Value) -> u64 {
    if value.is_null() { 0 } else { text(&value.to_string()) }
}

#[cfg(test)]
mod tests {
    use stockade_workflow::Question;

    use super::*;

    #[test]
    fn it_grows_with_the_bytes_and_a_picture_is_a_constant() {
        let of = |question: &Question| self::question(&Request { question, functions: &[], tokens_max: 1, key: "a" });
        let short = of(&Question::new("abc"));
        assert_eq!(short, 1 + 2 * FRAME_TOKENS);
        assert_eq!(of(&Question::new("x".repeat(3_000))), 1_000 + 2 * FRAME_TOKENS);
        let mut pictured = Question::new("abc");
        let image = Part::Image { media_type: "image/png".to_owned(), data: "A".repeat(9_000) };
        pictured.messages.push(Message::User { content: vec![image] });
        assert_eq!(of(&pictured) - short, IMAGE_TOKENS + FRAME_TOKENS);
    }
}
