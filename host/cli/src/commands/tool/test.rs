use std::fmt::Display;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use stockade::{Call, Case, Code, Example, Fault, Host, Kind, Outcome, Snippet, Tool};

use super::find;
use crate::escape::{safe, safe_lines};
use crate::exit::Exit;
use crate::follow_up::named;
use crate::globals::Globals;
use crate::pretty::print_json;
use crate::text::{DIM, RED};
use crate::{open_host, read};

/// An example and the tool's answer to it.
struct Tried {
    example: Example,
    answer: stockade::Result<Value>,
}

/// Make the calls of a tool's examples, and compare the answers
///
/// Of a promoted tool, these are its cases. Each is a run of its code, which calls the tools that it may call.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  stockade tool test policy
  stockade tool test ./greeter.wasm --json
  stockade tool test price --cases cases/")]
pub(crate) struct Test {
    /// A registered tool, or a component file
    tool: String,
    /// A folder of further cases of a promoted tool: JSON files, as in {"input": 2, "output": 4} or {"input": 2, "error": "no"}
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
}

impl Test {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::host(globals).await?;
        let tool = find(&host, &self.tool).await?;
        host.calls_outside(tool.name(), "example").await?;
        let mut tried = Vec::new();
        for (index, example) in self.examples(&tool)?.into_iter().enumerate() {
            let answer = answer(&host, &tool, index, &example).await?;
            tried.push(Tried { example, answer });
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

impl Test {
    /// Returns the examples of a tool, and the cases of the folder. A tool without either has not passed.
    fn examples(&self, tool: &Tool) -> stockade::Result<Vec<Example>> {
        let manifest = tool.component().manifest();
        let mut examples = manifest.map(|manifest| manifest.examples.clone()).unwrap_or_default();
        if let Some(folder) = &self.cases {
            let snippet = manifest.and_then(|manifest| manifest.code.as_ref()).ok_or_else(|| unpromoted(tool))?;
            examples.extend(cases(folder, snippet)?);
        }
        if examples.is_empty() {
            return Err(untried(tool));
        }
        Ok(examples)
    }
}

fn untried(tool: &Tool) -> Fault {
    let name = tool.name();
    let message = if tool.component().manifest().is_some_and(|manifest| manifest.code.is_some()) {
        format!(
            "tool \"{name}\" has no cases to try; `--cases DIR` names some, and {} keeps some",
            named("tool promote --case")
        )
    } else {
        format!(
            "tool \"{name}\" has no examples to try; [[examples]] in tool.toml, and {}, give it some",
            named("tool pack")
        )
    };
    Fault::new(Kind::NotFound, message).tool(name)
}

fn unpromoted(tool: &Tool) -> Fault {
    let message = format!("\"{}\" is not code that was promoted, and `--cases` are of such tools alone", tool.name());
    Fault::invalid("usage", message).tool(tool.name())
}

/// Reads the cases of a folder, in the order of their names.
fn cases(folder: &Path, snippet: &Snippet) -> stockade::Result<Vec<Example>> {
    let unreadable = |path: &Path, why: &dyn Display| {
        Fault::invalid("cases", format!("\"{}\" cannot be read: {why}", path.display()))
    };
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(|error| unreadable(folder, &error))?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let read = |path: &PathBuf| {
        let text = read::text(path, read::CODE_BYTES_MAX).map_err(|error| unreadable(path, &error))?;
        let case = stockade::json::parse(&text, &stockade::json::Bounds::OUTSIDE);
        let case = case.map_err(|fault| unreadable(path, &fault.message))?;
        let case: Case = serde_json::from_value(case).map_err(|error| unreadable(path, &error))?;
        let Case { input, output, error } = case;
        let arguments = snippet.arguments(input).map_err(|fault| unreadable(path, &fault.message))?;
        let function = Snippet::FUNCTION.to_owned();
        Ok(Example { function, arguments, output, error })
    };
    paths.iter().map(read).collect()
}

/// Makes the call of an example; the inner result is the tool's answer. Its key is the same each time, so that its effect happens
/// once. Code that was promoted is run.
async fn answer(
    host: &Host,
    tool: &Tool,
    index: usize,
    example: &Example,
) -> stockade::Result<stockade::Result<Value>> {
    let (function, arguments) = (example.function.as_str(), &example.arguments);
    if let Some(code) = host.promoted(tool, function, arguments)? {
        return ran(host, code).await;
    }
    let idempotency_key = &format!("example/{}/{index}", tool.name());
    let limits = host.limits(tool.name()).clone();
    Ok(tool.call(Call { function, arguments, idempotency_key, seed: 0, limits }).await.result)
}

async fn ran(host: &Host, code: Code) -> stockade::Result<stockade::Result<Value>> {
    let run = host.exec(code, stockade::exec_budget(host.code_limits())).await?;
    let id = run.id();
    Ok(match run.settled().await? {
        Outcome::Done(value) => Ok(value),
        Outcome::Failed(fault) => Err(fault),
        other => Err(Fault::new(Kind::Conflict, format!("run {id} of the case has not ended: {other}"))),
    })
}

impl Tried {
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
        let Example { function, arguments, .. } = &self.example;
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
