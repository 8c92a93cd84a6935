use std::collections::BTreeMap;

use serde_json::{Value, json};
use stockade_sandbox::{Call, Place, Snippet, Tool};
use stockade_workflow::json::{self, Bounds};
use stockade_workflow::{Code, Digest, Fault, Hint, Kind};

use super::{Approved, Callable, Calling, Component, Nature, ToolFunction};
use crate::Result;

/// Code that an agent wrote and a person made a tool of. It comes in a component, whose own function only gives the tool
/// its type.
pub(crate) struct Promoted {
    component: Component,
    snippet: Snippet,
    is_approved: bool,
    nature: Nature,
    /// Its function with the schemas that it was promoted with; none where it has none.
    function: Option<ToolFunction>,
}

impl Promoted {
    /// Takes the code that is in a component, and whether a person here approved it: what the component says of an
    /// approval, and of the tools that the code may call, is the word of the one who made it.
    pub(crate) fn new(component: Component, snippet: Snippet, is_approved: bool) -> Self {
        let tools = if is_approved { snippet.tools.clone() } else { BTreeMap::new() };
        let code = Some(Approved { tools, by: snippet.approved_by.clone() });
        let nature = Nature { code, ..component.nature().clone() };
        let function = function(&component, &snippet);
        Self { component, snippet, is_approved, nature, function }
    }

    fn code(&self, arguments: &Value) -> Result<Code> {
        let input = input(&self.snippet, arguments)?;
        let Snippet { language, source, tools, .. } = &self.snippet;
        let code = Code::new(language, source).input(input).tools(tools.keys().cloned());
        // As the code had, a call has a directory of its own, in which there is nothing yet.
        Ok(Code { files: Some(BTreeMap::new()), ..code })
    }
}

/// Returns the function by which people, models and code call it: its arguments are the members of its input, or else there is
/// one, `input`.
fn function(component: &Component, snippet: &Snippet) -> Option<ToolFunction> {
    let (input, output) = (snippet.input.clone()?, snippet.output.clone().unwrap_or_else(|| json!({})));
    let manifest = component.tool().component().manifest();
    let docs = manifest.map(|manifest| manifest.description.clone()).unwrap_or_default();
    let input = if snippet.takes_members() {
        input
    } else {
        json!({"type": "object", "properties": {"input": input}, "required": ["input"]})
    };
    Some(ToolFunction::new(Snippet::FUNCTION, &docs, input, output))
}

/// Returns the input that arguments mean. A text under `input` is JSON, where it is not plain and the schema takes no text.
fn input(snippet: &Snippet, arguments: &Value) -> Result<Value> {
    let only = arguments.as_object().filter(|members| members.len() == 1).and_then(|members| members.get("input"));
    let takes = |name: &str| snippet.input.as_ref().and_then(|schema| schema.get("properties")?.get(name)).is_some();
    if snippet.takes_members() && (only.is_none_or(|only| !only.is_string()) || takes("input")) {
        return Ok(arguments.clone());
    }
    let mut names = arguments.as_object().into_iter().flat_map(|members| members.keys());
    if let Some(other) = names.find(|name| *name != "input") {
        let message = format!("\"{}\" is not an argument of the tool, which has \"input\" alone", other.escape_debug());
        return Err(Fault::invalid("arguments", message));
    }
    match arguments.get("input") {
        Some(Value::String(text)) if !snippet.input.as_ref().is_some_and(takes_text) => {
            Ok(json::parse(text, &Bounds::OUTSIDE).unwrap_or_else(|_| text.as_str().into()))
        }
        Some(input) if snippet.input.is_some() => Ok(input.clone()),
        Some(_) | None => Err(Fault::invalid("arguments", "\"input\" is missing: a text, JSON where it is not plain")),
    }
}

/// Returns whether a text may fit a schema: it names no types, or a text is among them.
fn takes_text(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "string"),
        Some(kind) => kind == "string",
        None => true,
    }
}

impl Callable for Promoted {
    fn functions(&self) -> &[ToolFunction] {
        self.function.as_ref().map_or_else(|| self.component.functions(), std::slice::from_ref)
    }

    fn identity(&self) -> &Digest {
        self.component.identity()
    }

    fn nature(&self) -> &Nature {
        &self.nature
    }

    fn call<'a>(&'a self, call: Call<'a>, _: Option<&'a Place>) -> Result<Calling<'a>> {
        if !self.is_approved {
            return Err(unapproved(self.component.tool().name()));
        }
        self.component.tool().function(call.function)?;
        Ok(Calling::Code(Box::new(self.code(call.arguments)?)))
    }

    fn component(&self) -> Option<&Tool> {
        self.component.component()
    }
}

pub(crate) fn unapproved(tool: &str) -> Fault {
    let message = format!("tool \"{tool}\" is code that was promoted elsewhere");
    Fault::new(Kind::Approval, message).detail("promoted").tool(tool).hint(Hint::PromoteCode)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snippet(input: Option<Value>) -> Snippet {
        Snippet {
            language: "javascript".to_owned(),
            source: "return input".to_owned(),
            tools: BTreeMap::new(),
            input,
            output: None,
            written_in: "run/code".to_owned(),
            approved_by: "dana".to_owned(),
        }
    }

    /// A text that looks like a number was one to the code, whose schema had wanted a text or nothing.
    #[test]
    fn a_text_stays_one_where_the_schema_takes_texts() {
        let given = |schema: Option<Value>| input(&snippet(schema), &json!({"input": "7"})).unwrap();
        for schema in
            [json!({"type": "string"}), json!({"type": ["string", "null"]}), json!({"enum": ["7"]}), json!({})]
        {
            assert_eq!(given(Some(schema.clone())), "7", "{schema}");
        }
        for schema in [json!({"type": "integer"}), json!({"type": ["array", "null"]})] {
            assert_eq!(given(Some(schema.clone())), 7, "{schema}");
        }
        assert_eq!(given(None), 7);
        let more = input(&snippet(Some(json!({"type": "integer"}))), &json!({"input": 7, "n": 8})).unwrap_err();
        assert!(more.message.contains("\"n\" is not an argument"), "{more}");
    }
}
