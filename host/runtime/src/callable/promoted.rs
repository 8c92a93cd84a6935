use std::collections::BTreeMap;

use serde_json::Value;
use stockade_sandbox::{Call, Place, Snippet, Tool};
use stockade_workflow::{Code, Digest, Fault, Hint, Kind, json};

use super::{Approved, Callable, Calling, Component, Nature, ToolFunction};
use crate::Result;

/// Code that an agent wrote and a person made a tool of. It comes in a component, whose own function only gives the tool
/// its type.
pub(crate) struct Promoted {
    component: Component,
    snippet: Snippet,
    is_approved: bool,
    nature: Nature,
}

impl Promoted {
    /// Takes the code that is in a component, and whether a person here approved it: what the component says of an
    /// approval, and of the tools that the code may call, is the word of the one who made it.
    pub(crate) fn new(component: Component, snippet: Snippet, is_approved: bool) -> Self {
        let tools = if is_approved { snippet.tools.clone() } else { BTreeMap::new() };
        let code = Some(Approved { tools, by: snippet.approved_by.clone() });
        let nature = Nature { code, ..component.nature().clone() };
        Self { component, snippet, is_approved, nature }
    }

    fn code(&self, arguments: &Value) -> Result<Code> {
        let Some(Value::String(input)) = arguments.get("input") else {
            return Err(Fault::invalid("arguments", "\"input\" is missing: a text, JSON where it is not plain"));
        };
        let input = json::parse(input, &json::Bounds::OUTSIDE).unwrap_or_else(|_| input.as_str().into());
        let Snippet { language, source, tools, .. } = &self.snippet;
        Ok(Code::new(language, source).input(input).tools(tools.keys().cloned()))
    }
}

impl Callable for Promoted {
    fn functions(&self) -> &[ToolFunction] {
        self.component.functions()
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
