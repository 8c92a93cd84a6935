use std::collections::BTreeMap;

use serde_json::Value;
use stockade_sandbox::{CodeFunction, Function, Tool};
use stockade_workflow::{Fault, Kind, ToolCall};

use crate::Result;
use crate::tools::Tools;

/// Words that are no names in one of the languages.
const KEYWORDS: [&str; 48] = [
    "and", "as", "assert", "async", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "def",
    "default", "del", "delete", "do", "elif", "else", "enum", "except", "export", "extends", "finally", "for", "from",
    "function", "global", "if", "import", "in", "is", "lambda", "new", "nonlocal", "not", "or", "pass", "raise",
    "return", "super", "switch", "this", "throw", "try", "var", "while", "with",
];

/// The tools that a piece of code may call, each of their functions as one of the language's own.
#[derive(Debug, Default)]
pub(crate) struct Toolbox {
    functions: Vec<CodeFunction>,
    /// The tool and the function that a name means.
    means: BTreeMap<String, (String, String)>,
    /// How many slots of the pool the largest of the tools takes.
    slots: u32,
}

impl Toolbox {
    /// Finds the tools of these names.
    ///
    /// # Errors
    ///
    /// There is none of a name, one of which each call needs a person's yes, or two would have the same name in code.
    pub(crate) fn new(tools: &Tools, names: &[String]) -> Result<Self> {
        let mut toolbox = Self::default();
        for name in names {
            tools.unasked(name)?;
            toolbox.add(tools.get(name)?)?;
        }
        Ok(toolbox)
    }

    pub(crate) fn add(&mut self, tool: &Tool) -> Result<()> {
        if tool.component().manifest().is_some_and(|manifest| manifest.code.is_some()) {
            let message =
                format!("\"{}\" is code itself, and code cannot call code; call the tools that it calls", tool.name());
            return Err(Fault::invalid("tools", message).tool(tool.name()));
        }
        self.slots = self.slots.max(tool.component().slots());
        let functions = tool.component().functions();
        for function in functions {
            let name = format!("{}.{}", identifier(tool.name()), name_in_code(function, functions));
            let means = (tool.name().to_owned(), own_name(function, functions));
            if self.means.insert(name.clone(), means).is_some() {
                let message = format!("two functions would be \"{name}\" in code; give one of the tools another name");
                return Err(Fault::invalid("tools", message).tool(tool.name()));
            }
            self.functions.push(in_code(name, function));
        }
        Ok(())
    }

    /// Returns the functions.
    pub(crate) fn functions(&self) -> &[CodeFunction] {
        &self.functions
    }

    /// Returns how many slots of the pool a call takes at most.
    pub(crate) fn slots(&self) -> u32 {
        self.slots
    }

    /// Returns what a call from code means.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Denied`]: the code was not given such a function.
    pub(crate) fn call(&self, name: &str, arguments: Value) -> Result<ToolCall> {
        let (tool, function) = self.means.get(name).ok_or_else(|| self.denial(name))?;
        Ok(ToolCall::new(tool, function, arguments))
    }

    fn denial(&self, name: &str) -> Fault {
        let known: Vec<_> = self.functions.iter().map(|function| function.name.as_str()).collect();
        let known = if known.is_empty() { "no tools".to_owned() } else { known.join(", ") };
        let name: String = name.chars().take(64).collect();
        let message = format!("the code asked for \"{}\" and was given {known}", name.escape_debug());
        Fault::new(Kind::Denied, message).detail("tools")
    }
}

fn in_code(name: String, function: &Function) -> CodeFunction {
    let docs = match function.docs() {
        Some(docs) => format!("{docs}\n\n{}", function.signature()),
        None => function.signature(),
    };
    let parameters = function.parameters().map(|(name, optional)| (name.to_owned(), optional)).collect();
    CodeFunction { name, docs, parameters }
}

/// A function by its own name; where another interface of the component has one of that name, with its interface's.
pub(crate) fn name_in_code(function: &Function, all: &[Function]) -> String {
    identifier(&match short_interface(function) {
        Some(interface) if !is_alone(function, all) => format!("{interface}_{}", function.name()),
        _ => function.name().to_owned(),
    })
}

/// What a function is called by: its name, and where another interface has one of that name, its full one.
pub(crate) fn own_name(function: &Function, all: &[Function]) -> String {
    match function.interface() {
        Some(interface) if !is_alone(function, all) => format!("{interface}.{}", function.name()),
        _ => function.name().to_owned(),
    }
}

fn is_alone(function: &Function, all: &[Function]) -> bool {
    all.iter().filter(|other| other.name() == function.name()).count() == 1
}

/// `policy` of `stockade:policy/policy@0.1.0`.
fn short_interface(function: &Function) -> Option<&str> {
    let (_, name) = function.interface()?.split_once('/')?;
    Some(name.split_once('@').map_or(name, |(name, _)| name))
}

/// Makes a name one that every language has.
pub(crate) fn identifier(name: &str) -> String {
    let mut identifier: String =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    if identifier.starts_with(|first: char| first.is_ascii_digit()) {
        identifier.insert(0, '_');
    }
    if KEYWORDS.contains(&identifier.as_str()) {
        identifier.push('_');
    }
    identifier
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_an_identifier() {
        for (name, expected) in
            [("purchases", "purchases"), ("my-tool", "my_tool"), ("2nd", "_2nd"), ("import", "import_")]
        {
            assert_eq!(identifier(name), expected);
        }
    }
}
