use clap::Args;
use serde_json::{Value, json};
use stockade::{Call, Example, Fault, Kind, Limits, Tool};

use super::find;
use crate::escape::{safe, safe_lines};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::open_host;
use crate::pretty::print_json;
use crate::text::{DIM, RED};

/// An example and the tool's answer to it.
struct Tried<'a> {
    example: &'a Example,
    answer: stockade::Result<Value>,
}

/// Make the calls of a tool's examples, and compare the answers
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade tool test policy\n  stockade tool test ./greeter.wasm --json")]
pub(crate) struct Test {
    /// A registered tool, or a component file
    tool: String,
}

impl Test {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::host(globals).await?;
        let tool = find(&host, &self.tool).await?;
        host.calls_outside(tool.name(), "example").await?;
        let limits = host.limits(tool.name());
        let mut tried = Vec::new();
        for (index, example) in examples(&tool)?.iter().enumerate() {
            tried.push(Tried { example, answer: answer(&tool, index, example, limits.clone()).await });
        }
        let failed = tried.iter().filter(|tried| !tried.is_met()).count();
        if globals.json {
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
}

/// Returns the examples of a tool. A tool without examples has not passed.
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

/// Makes the call of an example. Its key is the same each time, so that its effect happens once.
async fn answer(tool: &Tool, index: usize, example: &Example, limits: Limits) -> stockade::Result<Value> {
    let (function, arguments) = (example.function.as_str(), &example.arguments);
    let idempotency_key = &format!("example/{}/{index}", tool.name());
    tool.call(Call { function, arguments, idempotency_key, seed: 0, limits }).await.result
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
            println!("{DIM}ok{DIM:#}    {call}");
            return;
        }
        println!("{RED}wrong{RED:#} {call}");
        difference(&format!("{:#}", self.expected()), &format!("{:#}", self.got()))
            .iter()
            .for_each(|line| println!("  {}", safe_lines(line)));
    }
}

/// Returns the lines of two texts that differ: `-` is expected and missing, `+` stands in its place.
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
    fn a_difference_has_only_the_lines_that_differ() {
        assert_eq!(difference("{\na\nb\n}", "{\na\nc\nd\n}"), ["- b", "+ c", "+ d"]);
        assert_eq!(difference("a\na", "a"), ["- a"]);
        assert_eq!(difference("a", "a"), [""; 0]);
    }
}
