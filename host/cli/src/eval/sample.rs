//! A case, a run and its evidence, for tests.

use std::path::Path;

use serde_json::json;
use stockade::{RunId, Status, ToolCall, Usage};
use stockade_eval::{Case, Evidence, Suite};

pub(super) fn case(more: &str) -> Case {
    let text = format!("workflow: w\ncases:\n- name: a case\n  input: 1\n{more}");
    Suite::parse(&text, Path::new("cases.yaml")).unwrap().cases.remove(0)
}

pub(super) fn run() -> RunId {
    "01890f3c-0000-7000-8000-000000000001".parse().unwrap()
}

pub(super) fn evidence() -> Evidence {
    Evidence {
        status: Status::Done,
        output: json!({"letter": "Dear Ada"}),
        error: None,
        calls: [ToolCall::new("purchases", "find", json!({}))].into_iter().collect(),
        usage: Usage::default().tokens(10),
    }
}
