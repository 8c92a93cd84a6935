use std::collections::BTreeMap;

use futures_util::FutureExt as _;
use serde_json::{Value, json};
use stockade_sandbox::{Call, Outcome, Place};
use stockade_workflow::{Code, Digest, Fault, Kind, Label, Usage};

use super::{Approved, Callable, Calling, Nature, ToolFunction};
use crate::Result;
use crate::skills::{AcceptedSkill, Content, MAIN, Skills, language};

/// The tool by which agents read skills.
pub(crate) struct Reading {
    contents: BTreeMap<String, Content>,
    functions: [ToolFunction; 1],
    identity: Digest,
    nature: Nature,
}

impl Reading {
    /// Takes the skills that are used. What they say is untrusted, unless the operator trusts each of them.
    pub(crate) fn new(skills: &Skills, is_trusted: impl Fn(&str) -> bool) -> Self {
        let contents: BTreeMap<_, _> =
            skills.used().map(|(name, content, _)| (name.to_owned(), content.clone())).collect();
        let digests: BTreeMap<&String, &Digest> =
            contents.iter().map(|(name, content)| (name, &content.digest)).collect();
        let all_trusted = contents.keys().all(|name| is_trusted(name));
        let labels = if all_trusted { [].into() } else { [Label::Untrusted].into() };
        let nature = Nature { repeatable: true, labels, ..Nature::default() };
        Self { functions: [reading(&contents)], identity: Digest::of_json(&digests), nature, contents }
    }

    fn read(&self, arguments: &Value) -> Result<Value> {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str);
        let name =
            text("name").ok_or_else(|| Fault::invalid("arguments", "\"name\" is missing: the name of a skill"))?;
        let content = self.contents.get(name).ok_or_else(|| {
            let known: Vec<_> = self.contents.keys().map(String::as_str).collect();
            let message = format!("there is no skill \"{}\"; there are: {}", name.escape_debug(), known.join(", "));
            Fault::new(Kind::NotFound, message).detail("skill")
        })?;
        Ok(content.text(text("file").unwrap_or(MAIN))?.into())
    }
}

/// The function, whose description lists the skills: that is how agents know of them.
fn reading(contents: &BTreeMap<String, Content>) -> ToolFunction {
    let mut docs = format!(
        "Returns the instructions of a skill, or another of its files, as they name them. Read a skill before you do what it \
         is for.\nThe skills, as their authors describe them:{}",
        if contents.is_empty() { " no skill is accepted." } else { "" }
    );
    for (name, Content { description, .. }) in contents {
        docs.push_str(&format!("\n- {name}: {}", description.replace('\n', " ")));
    }
    let names: Vec<&String> = contents.keys().collect();
    let name = if names.is_empty() { json!({"type": "string"}) } else { json!({"type": "string", "enum": names}) };
    let file =
        json!({"type": "string", "description": format!("The path of a file in its folder; without it, {MAIN}.")});
    let properties = json!({"name": name, "file": file});
    let input =
        json!({"type": "object", "properties": properties, "required": ["name"], "additionalProperties": false});
    ToolFunction::new("read", &docs, input, json!({"type": "string"}))
}

impl Callable for Reading {
    fn functions(&self) -> &[ToolFunction] {
        &self.functions
    }

    fn identity(&self) -> &Digest {
        &self.identity
    }

    fn nature(&self) -> &Nature {
        &self.nature
    }

    fn call<'a>(&'a self, call: Call<'a>, _: Option<&'a Place>) -> Result<Calling<'a>> {
        check_function(call.function, "read")?;
        let text = self.read(call.arguments)?;
        let outcome = Outcome::new(Ok(text), Usage::default().tool_calls(1));
        Ok(Calling::Answer(std::future::ready(outcome).boxed()))
    }
}

/// The tool that runs the scripts of one skill: code in the sandbox, which may call what its skill asks for and a person allowed.
pub(crate) struct Scripts {
    content: Content,
    /// The language that Python is here.
    python: String,
    functions: [ToolFunction; 1],
    nature: Nature,
}

impl Scripts {
    /// Takes an accepted skill; none where it has no script.
    pub(crate) fn new(
        name: &str,
        content: &Content,
        accepted: &AcceptedSkill,
        is_trusted: bool,
        python: &str,
    ) -> Option<Self> {
        let scripts: Vec<&str> = content.scripts().collect();
        if scripts.is_empty() {
            return None;
        }
        let docs = format!(
            "Runs a script of the skill \"{name}\" in the sandbox, and returns its answer as JSON. `input` is what it finds as \
             its input, JSON or a text."
        );
        let script = json!({"type": "string", "enum": scripts});
        let input = json!({
            "type": "object", "properties": {"script": script, "input": {}}, "required": ["script"],
            "additionalProperties": false,
        });
        let approved = Approved { tools: accepted.tools.clone(), by: accepted.by.clone() };
        let labels = if is_trusted { [].into() } else { [Label::Untrusted].into() };
        let nature = Nature { labels, code: Some(approved), ..Nature::default() };
        let functions = [ToolFunction::new("run", &docs, input, json!({"type": "string"}))];
        Some(Self { content: content.clone(), python: python.to_owned(), functions, nature })
    }

    fn code(&self, arguments: &Value) -> Result<Code> {
        let script = arguments.get("script").and_then(Value::as_str);
        let script =
            script.ok_or_else(|| Fault::invalid("arguments", "\"script\" is missing: the path of a script"))?;
        let language = language(script).filter(|_| self.content.scripts().any(|own| own == script));
        let language = language.ok_or_else(|| {
            let known: Vec<_> = self.content.scripts().collect();
            let message =
                format!("the skill has no script \"{}\"; it has: {}", script.escape_debug(), known.join(", "));
            Fault::new(Kind::NotFound, message).detail("script")
        })?;
        let language = if language == "python" { self.python.as_str() } else { language };
        let input = arguments.get("input").cloned().unwrap_or_default();
        let tools = self.nature.code.iter().flat_map(|approved| approved.tools.keys().cloned());
        Ok(Code::new(language, self.content.text(script)?).input(input).tools(tools))
    }
}

impl Callable for Scripts {
    fn functions(&self) -> &[ToolFunction] {
        &self.functions
    }

    fn identity(&self) -> &Digest {
        &self.content.digest
    }

    fn nature(&self) -> &Nature {
        &self.nature
    }

    fn call<'a>(&'a self, call: Call<'a>, _: Option<&'a Place>) -> Result<Calling<'a>> {
        check_function(call.function, "run")?;
        Ok(Calling::Code(Box::new(self.code(call.arguments)?)))
    }
}

fn check_function(called: &str, own: &str) -> Result<()> {
    if called == own {
        return Ok(());
    }
    let message = format!("there is no function \"{}\"; there is: {own}", called.escape_debug());
    Err(Fault::new(Kind::NotFound, message).detail("function"))
}
