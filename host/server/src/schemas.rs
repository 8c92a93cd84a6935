//! The schemas of what comes in and goes out. Documents have no members beside those that stand here, but for journal
//! entries, whose kinds are many, and for what tools and workflows say.

use serde_json::{Value, json};
use stockade::Currency;

const STATUSES: [&str; 8] = ["running", "interrupted", "waiting", "suspended", "paused", "done", "failed", "stopped"];
const WAITS: [&str; 8] = ["person", "settlement", "signal", "result", "runs", "time", "budget", "resume"];
const VERDICTS: [&str; 4] = ["approved", "denied", "edited", "responded"];

pub(crate) fn schemas() -> Value {
    let parts = [of_requests(), of_runs(), of_questions(), of_the_host(), of_memory(), of_words()];
    let members =
        parts.into_iter().filter_map(|part| if let Value::Object(members) = part { Some(members) } else { None });
    Value::Object(members.flatten().collect())
}

fn text() -> Value {
    json!({"type": "string"})
}

fn texts() -> Value {
    json!({"type": "array", "items": {"type": "string"}})
}

fn number() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn time() -> Value {
    json!({"type": "integer", "minimum": 0, "description": "Milliseconds since the Unix epoch."})
}

fn run_id() -> Value {
    json!({"type": "string", "format": "uuid"})
}

pub(crate) fn a(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn or_null(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn many(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn map_of(values: Value) -> Value {
    json!({"type": "object", "additionalProperties": values})
}

/// A document with these members and no others; those named first are always there.
fn object(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

fn of_requests() -> Value {
    json!({
        "NewRun": object(&["workflow", "input"], json!({
            "workflow": text(),
            "input": {"description": "What the workflow takes."},
            "budget": a("Amounts"),
            "labels": map_of(text()),
            "deadline_ms": {
                "type": "integer", "minimum": 0, "description": "The longest that the run may take, its waits included.",
            },
        })),
        "Code": object(&["language", "code"], json!({
            "language": {"type": "string", "description": "As `stockade language list` has them."},
            "code": text(), "input": {"description": "The value of the variable `input`."}, "tools": texts(),
            "budget": a("Amounts"), "session": text(),
            "files": {"type": "object", "additionalProperties": {"type": "string", "contentEncoding": "base64"}},
        })),
        "Arguments": {"type": "object", "description": "The arguments by name, as the schema of the function has them."},
        "Amounts": {
            "type": "object",
            "description": "Amounts by currency: numbers of its own unit, or texts with one, as in \"$1.50\" or \"64MiB\".",
            "propertyNames": {"enum": Currency::ALL.map(Currency::name)},
            "additionalProperties": {"type": ["integer", "string"], "minimum": 0},
        },
        "AgUiInput": {
            "type": "object", "required": ["threadId", "runId"],
            "description": "`RunAgentInput` of AG-UI 1.0; of what stands there, no more is made use of than these.",
            "properties": {
                "threadId": text(), "runId": text(),
                "messages": many(json!({"type": "object", "required": ["role"]})),
                "forwardedProps": {"description": "With `input`, what the workflow takes, in place of a task."},
                "resume": many(json!({"type": "object", "required": ["interruptId", "status"]})),
            },
        },
        "A2aCall": object(&["jsonrpc", "method"], json!({
            "jsonrpc": {"const": "2.0"}, "id": {"type": ["string", "number", "null"]},
            "method": {
                "type": "string",
                "description": "SendMessage, SendStreamingMessage, GetTask, CancelTask, SubscribeToTask or GetExtendedAgentCard.",
            },
            "params": {"type": "object", "description": "As A2A 1.0 has them for the method."},
        })),
        "A2aAnswer": object(&["jsonrpc", "id"], json!({
            "jsonrpc": {"const": "2.0"}, "id": {"type": ["string", "number", "null"]},
            "result": {"type": "object", "description": "As A2A 1.0 has it for the method."},
            "error": {"type": "object", "required": ["code", "message"]},
        })),
        "AgentCard": {
            "type": "object", "required": ["name", "description", "version", "supportedInterfaces", "capabilities", "skills"],
            "description": "`AgentCard` of A2A 1.0.",
        },
        "Order": object(&[], json!({
            "reason": text(),
            "grace_ms": {
                "type": "integer", "minimum": 0, "maximum": 20_000, "default": 5_000,
                "description": "How long what is in flight may take to end by itself.",
            },
        })),
        "Fork": object(&[], json!({
            "after": {
                "type": "integer", "minimum": 1, "default": 1,
                "description": "The number of the last entry that both runs have; with 1, the fork begins anew.",
            },
            "repeat": {
                "type": "array", "items": {"type": "string"},
                "description": "The keys of what the run has performed behind that entry, and the fork may perform again.",
            },
        })),
        "NewSession": object(&["to"], json!({"to": {"type": "string", "description": "The name of the new session."}})),
        "Signal": object(&[], json!({"payload": {"description": "What the run awaits."}})),
        "Addition": object(&["add"], json!({"add": a("Amounts")})),
        "Settlement": object(&["found"], json!({
            "found": {"enum": ["done", "failed"]}, "output": {"description": "What the call answered, where it is done."},
            "comment": text(),
        })),
        "Decision": object(&["decision", "seen"], json!({
            "decision": {"enum": ["approve", "deny", "edit", "respond", "approved", "denied", "edited", "responded"]},
            "seen": {
                "type": "string", "description": "The digest of the question as the person saw it, or its first twelve digits.",
            },
            "arguments": {"type": "object", "description": "All arguments of the call, where it is edited."},
            "response": {"type": "string", "description": "The answer in the tool's place, where that is the decision."},
            "remember": {"type": "object", "description": "The arguments of later calls for which an approval holds too."},
            "comment": text(),
        })),
    })
}

const OF_EVERY_RUN: [&str; 8] = ["run_id", "workflow", "status", "input", "labels", "approvals", "usage", "budget"];

fn run() -> Value {
    json!({
        "run_id": run_id(), "workflow": text(), "status": a("Status"), "state": or_null(text()),
        "input": {}, "start_key": or_null(text()), "labels": map_of(text()),
        "output": {"description": "What it ended with, if it is done."},
        "error": or_null(a("Fault")), "stop": or_null(a("Stop")), "unknown": texts(),
        "approval": {"type": ["object", "null"], "description": "What a person is asked first."},
        "approvals": many(a("Approval")), "due_ms": time(),
        "doubts": many(json!({"type": "object"})), "waits": many(json!({"type": "object"})),
        "parent": {"type": "object"}, "children": many(json!({"type": "object"})),
        "undone": many(json!({"type": "object"})),
        "usage": a("Usage"), "budget": a("Usage"), "log": texts(),
    })
}

/// Adds members to others.
fn with(mut members: Value, more: Value) -> Value {
    if let (Value::Object(members), Value::Object(more)) = (&mut members, more) {
        members.extend(more);
    }
    members
}

fn of_runs() -> Value {
    let of_code = json!({
        "exception": {"type": "object"}, "stdout": text(), "stderr": text(),
        "tool_calls": many(json!({"type": "object", "required": ["tool", "function", "arguments"]})), "files": texts(),
    });
    json!({
        "Run": object(&OF_EVERY_RUN, run()),
        "CodeRun": object(&OF_EVERY_RUN, with(run(), of_code)),
        "RunLine": object(
            &["run_id", "workflow", "status", "state", "updated_ms"],
            json!({
                "run_id": run_id(), "workflow": text(), "status": a("Status"), "state": text(), "updated_ms": time(),
                "start_key": text(), "labels": map_of(text()), "waiting_for": many(a("WaitingFor")), "damaged": text(),
                "waits_for": texts(),
            }),
        ),
        "Entry": {
            "type": "object",
            "required": ["run", "seq", "at_ms", "change"],
            "properties": {"run": run_id(), "seq": number(), "at_ms": time(), "change": text()},
            "description": "What changed; each kind of change has members of its own.",
        },
        "Stop": object(&["by"], json!({"by": text(), "reason": text()})),
        "Usage": object(&[], json!({
            "fuel": number(), "memory_bytes_peak": number(), "wall_us": number(), "steps": number(), "tool_calls": number(),
            "model_calls": number(), "tokens": number(), "money_micros": number(), "journal_bytes": number(),
        })),
    })
}

fn question() -> Value {
    json!({
        "key": text(), "reason": text(), "tool": text(), "function": text(), "arguments": {"type": "object"},
        "digest": {"type": "string", "description": "What a decision names as seen."},
        "decisions": many(json!({"enum": VERDICTS})), "notes": texts(), "terms": many(json!({"type": "object"})),
        "votes": many(json!({"type": "object"})), "reminded_ms": time(), "escalated_ms": time(), "expires_ms": time(),
        "decision": {"type": ["object", "null"]}, "revoked_by": text(), "expired_ms": time(),
    })
}

fn of_questions() -> Value {
    let open = with(question(), json!({"run_id": run_id(), "workflow": text(), "waits_ms": number()}));
    json!({
        "Approval": object(&["key", "reason", "tool", "function", "arguments", "digest", "decisions"], question()),
        "Question": object(&["run_id", "workflow", "waits_ms", "key", "digest", "decisions"], open),
    })
}

fn of_the_host() -> Value {
    json!({
        "Name": text(),
        "Graph": object(&["initial", "states"], json!({
            "initial": text(),
            "states": many(json!({"type": "object", "required": ["name", "wants", "next"]})),
        })),
        "Tool": object(&["name", "digest", "functions"], json!({
            "name": text(), "digest": text(), "size": number(), "imports": texts(), "asks": texts(),
            "grants": many(json!({})), "repeatable": {"type": "boolean"}, "manifest": {"type": ["object", "null"]},
            "functions": many(json!({"type": "object", "required": ["name"]})),
        })),
        "ToolAnswer": object(&["tool", "function", "output", "usage", "idempotency_key"], json!({
            "tool": text(), "function": text(), "output": {}, "usage": a("Usage"), "stdout": text(), "stderr": text(),
            "log": many(json!({"type": "object"})), "idempotency_key": text(),
        })),
        "SharedBudget": object(&["name", "period", "group", "taken", "limit"], json!({
            "name": text(), "period": text(), "group": text(), "taken": a("Usage"), "limit": map_of(number()),
        })),
        "Session": object(&["session"], json!({"session": text()})),
        "SessionCell": object(&["number", "run_id", "key"], json!({"number": number(), "run_id": run_id(), "key": text()})),
        "RemovedSession": object(&["session", "cells", "removed", "kept"], json!({
            "session": text(), "cells": number(), "removed": many(run_id()), "kept": many(run_id()),
        })),
        "Health": object(&["status"], json!({"status": {"const": "ok"}})),
    })
}

fn memory() -> Value {
    json!({
        "id": number(), "text": text(), "source": text(), "labels": many(a("Label")), "at_ms": time(),
        "written_by": {"type": "array", "description": "The run that wrote it, and the key of its effect."},
        "score": {"type": "integer", "minimum": 0, "description": "How well it fits, in millionths; 0 in a list."},
    })
}

fn of_memory() -> Value {
    const ALWAYS: [&str; 4] = ["id", "text", "at_ms", "score"];
    let of_a_list = json!({"namespace": a("Namespace"), "also_in": texts(), "expires_ms": time()});
    json!({
        "Namespace": object(&[], json!({"tenant": text(), "user": text(), "agent": text()})),
        "Label": {"enum": ["untrusted", "private"]},
        "Memory": object(&ALWAYS, memory()),
        "Kept": object(&["namespace", "id", "text", "at_ms", "score"], with(memory(), of_a_list)),
        "NewMemory": object(&["source", "text"], json!({
            "source": {"type": "string", "description": "What is kept of it now takes the place of what was."},
            "text": text(), "namespace": a("Namespace"), "labels": many(a("Label")),
            "keep_ms": {"type": "integer", "minimum": 0, "description": "Without it, it is kept until it is forgotten."},
        })),
        "Remembered": object(&["kept", "known"], json!({"kept": many(number()), "known": many(number())})),
        "Forgotten": object(&["forgotten"], json!({"forgotten": number()})),
    })
}

fn of_words() -> Value {
    json!({
        "Status": {"enum": STATUSES},
        "WaitingFor": {"enum": WAITS},
        "Fault": object(&["kind", "message"], json!({
            "kind": text(), "message": text(), "hint": {}, "limit": text(), "allowed": number(), "used": number(),
            "detail": text(), "tool": text(), "call_id": text(),
        })),
        "Problem": object(&["type", "title", "status", "detail", "kind"], json!({
            "type": {"type": "string", "format": "uri"}, "title": text(),
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "One sentence: the value, who refused it, what would allow it."},
            "kind": {"type": "string", "description": "The family of the error, which a program branches on."},
            "reason": {"type": "string", "description": "What narrows the kind."},
            "limit": {"type": "string", "description": "The limit that was reached, if one was."},
            "allowed": number(), "used": number(), "hint": {}, "tool": text(), "call_id": text(),
        })),
    })
}

#[cfg(test)]
mod tests {
    use stockade::{Status, Verdict, WaitingFor};

    use super::*;

    #[test]
    fn each_word_of_the_schemas_is_one_of_the_library() {
        assert!(STATUSES.iter().all(|word| word.parse::<Status>().is_ok()));
        assert!(WAITS.iter().all(|word| word.parse::<WaitingFor>().is_ok()));
        assert_eq!(json!(VERDICTS), json!(Verdict::ALL));
    }
}
