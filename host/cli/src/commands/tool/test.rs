//! `tool test`: makes the calls of a tool's examples.

use serde_json::{Value, json};
use stockade::{Call, Example, Fault, Kind, Limits, Tool};

use crate::args::Args;
use crate::exit::Exit;
use crate::text::{DIM, RED, print_json, safe, safe_lines};

/// An example that was tried, and what came of it.
struct Tried<'a> {
    example: &'a Example,
    answer: stockade::Result<Value>,
}

pub(super) async fn run(args: &Args, tool: &Tool) -> stockade::Result<Exit> {
    let mut tried = Vec::new();
    for (index, example) in examples(tool)?.iter().enumerate() {
        tried.push(Tried { example, answer: answer(tool, index, example).await });
    }
    let failed = tried.iter().filter(|tried| !tried.is_met()).count();
    if args.json {
        print_json(&json!({
            "tool": tool.name(), "passed": tried.len() - failed, "failed": failed,
            "examples": tried.iter().map(Tried::document).collect::<Vec<_>>(),
        }));
    } else {
        tried.iter().for_each(Tried::print);
        println!("{} examples, {failed} failed", tried.len());
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}

/// A tool with nothing to try has not passed.
fn examples(tool: &Tool) -> stockade::Result<&[Example]> {
    let examples = tool.component().manifest().map(|manifest| manifest.examples.as_slice()).unwrap_or_default();
    if examples.is_empty() {
        let message = format!(
            "tool \"{}\" has no examples to try; [[examples]] in tool.toml, and `stockade tool pack`, give it some",
            tool.name()
        );
        return Err(Fault::new(Kind::NotFound, message).tool(tool.name()));
    }
    Ok(examples)
}

/// The key is the same each time, so that a tool with effects has them once.
async fn answer(tool: &Tool, index: usize, example: &Example) -> stockade::Result<Value> {
    let (function, arguments) = (example.function.as_str(), &example.arguments);
    let idempotency_key = &format!("example/{}/{index}", tool.name());
    tool.call(Call { function, arguments, idempotency_key, seed: 0, limits: Limits::default() }).await.result
}

impl Tried<'_> {
    fn is_met(&self) -> bool {
        self.example.is_met_by(&self.answer)
    }

    fn expected(&self) -> Value {
        match &self.example.error {
            Some(part) => json!({ "error": part }),
            None => json!({ "output": self.example.output }),
        }
    }

    fn got(&self) -> Value {
        match &self.answer {
            Ok(output) => json!({ "output": output }),
            Err(fault) => json!({ "error": fault.message }),
        }
    }

    fn document(&self) -> Value {
        let Example { function, arguments, .. } = self.example;
        let (ok, expected, got) = (self.is_met(), self.expected(), self.got());
        json!({"function": function, "arguments": arguments, "ok": ok, "expected": expected, "got": got})
    }

    fn print(&self) {
        let call = safe(&format!("{} {}", self.example.function, self.example.arguments));
        if self.is_met() {
            anstream::println!("{DIM}ok{DIM:#}    {call}");
            return;
        }
        anstream::println!("{RED}wrong{RED:#} {call}");
        difference(&format!("{:#}", self.expected()), &format!("{:#}", self.got()))
            .iter()
            .for_each(|line| println!("  {}", safe_lines(line)));
    }
}

/// The lines of two texts that differ: `-` is expected and missing, `+` is there instead.
fn difference(expected: &str, got: &str) -> Vec<String> {
    let (expected, got): (Vec<_>, Vec<_>) = (expected.lines().collect(), got.lines().collect());
    let before = expected.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let after = expected.iter().rev().zip(got.iter().rev()).take_while(|(a, b)| a == b).count();
    let after = after.min(expected.len().min(got.len()) - before);
    let lines = |sign: &'static str, lines: &[&str]| {
        let middle = lines.iter().take(lines.len() - after).skip(before);
        middle.map(|line| format!("{sign} {line}")).collect::<Vec<_>>()
    };
    [lines("-", &expected), lines("+", &got)].concat()
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_difference_is_what_lies_between_what_is_alike() {
        assert_eq!(difference("{\na\nb\n}", "{\na\nc\nd\n}"), ["- b", "+ c", "+ d"]);
        assert_eq!(difference("a\na", "a"), ["- a"]);
        assert_eq!(difference("a", "a"), [""; 0]);
    }
}
