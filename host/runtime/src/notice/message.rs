//! What a message says: what is asked and how to decide, and no secret.

use serde_json::{Value, json};
use stockade_workflow::{Approval, Fault, RunState, Status, Terms, utc};

use super::Notice;
use super::concealed::Concealed;
use crate::config::Occasion;
use crate::{ApprovalView, Report};

/// The longest arguments of a call that a message has whole, in bytes of JSON.
const ARGUMENTS_BYTES_MAX: usize = 8 << 10;

/// The most questions that a message has.
const QUESTIONS_MAX: usize = 16;

/// Writes a message as JSON.
pub(super) fn body(notice: &Notice, state: &RunState, concealed: &Concealed) -> String {
    let Report { run_id, workflow, status, error, waits, stop, .. } = Report::from(state);
    let questions: Vec<_> = state.open_approvals().take(QUESTIONS_MAX).map(|question| asked(state, question)).collect();
    let left_out = state.open_approvals().count().saturating_sub(questions.len());
    let data = json!({
        "run_id": run_id, "workflow": workflow, "status": status, "error": error, "stop": stop, "waits": waits,
        "questions": questions, "questions_left_out": left_out, "deadline_ms": notice.deadline_ms,
        "question": notice.question, "show": format!("stockade show {run_id}"),
    });
    let kind = json!(notice.on).as_str().map(|on| format!("run.{on}"));
    let text = visible(&concealed.text(&text(notice, state, error.as_ref())));
    json!({"type": kind, "timestamp": utc(notice.at_ms), "text": text, "data": concealed.json(data)}).to_string()
}

/// One question, with the commands that decide it.
fn asked(state: &RunState, question: &Approval) -> Value {
    let ApprovalView { key, reason, call, digest, .. } = ApprovalView::from(question);
    let bytes = call.arguments.to_string().len();
    let arguments = (bytes <= ARGUMENTS_BYTES_MAX).then_some(&call.arguments);
    let decide =
        |verdict: &str| format!("stockade {verdict} {} {} --seen {}", state.run(), quoted(&key), digest.short());
    json!({
        "key": key, "reason": reason, "tool": call.tool, "function": call.function, "arguments": arguments,
        "arguments_bytes": bytes, "who": who(question), "digest": digest, "expires_ms": state.due_ms(&question.key),
        "approve": decide("approve"), "deny": decide("deny"),
    })
}

/// Who may decide now. All of these hold.
fn who(question: &Approval) -> Vec<Value> {
    let who = |terms: &Terms| {
        let Terms { role, approvers, quorum, not_starter, .. } = terms;
        json!({
            "role": role, "approvers": approvers, "quorum": quorum, "not_starter": not_starter,
            "escalated_to": escalated_to(question, terms),
        })
    };
    question.terms.iter().map(who).collect()
}

/// Those who may decide as well by now.
fn escalated_to<'a>(question: &Approval, terms: &'a Terms) -> &'a [String] {
    let escalation = terms.escalate.as_ref().filter(|_| question.escalated_ms.is_some());
    escalation.map(|escalation| escalation.to.as_slice()).unwrap_or_default()
}

/// Writes a word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:".contains(letter);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// One line for people.
fn text(notice: &Notice, state: &RunState, error: Option<&Fault>) -> String {
    let (run, workflow) = (state.run(), state.workflow());
    let is_told = |question: &&Approval| notice.question.as_ref().is_none_or(|key| *key == question.key);
    let questions: Vec<_> = state.open_approvals().filter(is_told).collect();
    let says = match notice.on {
        Occasion::Deadline => notice.deadline_ms.map_or_else(|| stands(state), |due_ms| until(state, due_ms)),
        Occasion::Reminder => format!("still waits for a person ({})", terms(&questions)),
        Occasion::Escalation => format!("waits for a person, now also for {}", also(&questions)),
        Occasion::Waiting | Occasion::Suspended | Occasion::Failed | Occasion::Stopped | Occasion::Done => {
            stands(state)
        }
    };
    let reasons = questions.iter().map(|question| question.reason.clone());
    let reasons: Vec<_> = reasons.chain(error.map(|error| error.message.clone())).collect();
    let colon = if reasons.is_empty() { "" } else { ": " };
    format!("run {run} of workflow {workflow} {says}{colon}{}", reasons.join("; "))
}

fn until(state: &RunState, due_ms: u64) -> String {
    let what = if state.run_due_ms() == Some(due_ms) { "has to end" } else { "waits" };
    format!("{what} until {}", utc(due_ms))
}

fn terms(questions: &[&Approval]) -> String {
    let terms: Vec<_> = questions.iter().flat_map(|question| &question.terms).map(Terms::to_string).collect();
    terms.join(", and ")
}

fn also(questions: &[&Approval]) -> String {
    let of = |question: &&Approval| {
        question.terms.iter().flat_map(|terms| escalated_to(question, terms).to_vec()).collect::<Vec<_>>()
    };
    questions.iter().flat_map(of).collect::<Vec<_>>().join(", ")
}

fn stands(state: &RunState) -> String {
    match state.status() {
        Status::Waiting if state.open_approval().is_some() => "waits for a person".to_owned(),
        Status::Waiting => {
            let waits: Vec<_> = state.waits().map(|wait| wait.to_string()).collect();
            format!("waits {}", waits.join("; "))
        }
        status => format!("is {status}"),
    }
}

/// Writes out what a person would not see, or what would turn the line around.
fn visible(text: &str) -> String {
    let is_plain = |letter: char| letter == ' ' || letter.is_ascii_graphic() || letter.is_alphanumeric();
    text.chars()
        .map(|letter| if is_plain(letter) { letter.to_string() } else { letter.escape_unicode().to_string() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_word_of_a_shell() {
        assert_eq!(quoted("ask-1/2"), "ask-1/2");
        assert_eq!(quoted("a'; rm b"), r"'a'\''; rm b'");
    }

    #[test]
    fn letters_that_deceive_are_written_out() {
        assert_eq!(visible("für 5 \u{202e}x\u{200b}\ny"), "für 5 \\u{202e}x\\u{200b}\\u{a}y");
    }
}
