use std::collections::{BTreeMap, BTreeSet};

use stockade_sandbox::CodeFunction;
use stockade_workflow::{Code, Fault, Kind};

use crate::Result;
use crate::identifier::identifier;
use crate::registry::{Registered, Registry};

/// The variable of code that holds what it is given.
const INPUT: &str = "input";

/// The tools that a piece of code may call, each of their functions as one of the language's own.
#[derive(Debug, Default)]
pub(crate) struct Toolbox {
    functions: Vec<CodeFunction>,
    /// The tool and the function that a name means.
    means: BTreeMap<String, (String, String)>,
    /// The tools whose every call a person is asked about first.
    asked: BTreeSet<String>,
    /// How many slots of the pool the largest of the tools takes.
    slots: u32,
}

impl Toolbox {
    /// Finds the tools of a piece of code.
    ///
    /// # Errors
    ///
    /// A tool is not there, or is code that calls tools itself, or two functions would have the same name in code.
    pub(crate) fn new(registry: &Registry, code: &Code) -> Result<Self> {
        let asked = code.tools.iter().filter(|name| code.ask.contains(name) || registry.asks_first(name));
        let mut toolbox = Self { asked: asked.cloned().collect(), ..Self::default() };
        for name in &code.tools {
            toolbox.add(registry.get(name)?)?;
        }
        Ok(toolbox)
    }

    pub(crate) fn add(&mut self, tool: &Registered) -> Result<()> {
        if tool.name() == INPUT {
            let message = "the tool \"input\" cannot be called by code, whose variable of this name is what it is given; give \
                           the tool another name";
            return Err(Fault::invalid("tools", message).tool(tool.name()));
        }
        if !tool.is_for_code() {
            let message = format!(
                "\"{}\" is code that calls tools itself, and code cannot call code that does; call the tools that it calls",
                tool.name()
            );
            return Err(Fault::invalid("tools", message).tool(tool.name()));
        }
        if !tool.is_code() {
            self.slots = self.slots.max(tool.nature().slots);
        }
        for function in tool.functions() {
            let name = format!("{}.{}", identifier(tool.name()), function.name_in_code());
            let means = (tool.name().to_owned(), function.name().to_owned());
            if self.means.insert(name.clone(), means).is_some() {
                let message = format!("two functions would be \"{name}\" in code; give one of the tools another name");
                return Err(Fault::invalid("tools", message).tool(tool.name()));
            }
            self.functions.push(function.in_code(name));
        }
        Ok(())
    }

    /// Returns the functions.
    pub(crate) fn functions(&self) -> &[CodeFunction] {
        &self.functions
    }

    /// Returns whether a person is asked first before a tool is called.
    pub(crate) fn asks_first(&self, tool: &str) -> bool {
        self.asked.contains(tool)
    }

    /// Returns how many slots of the pool a call takes at most.
    pub(crate) fn slots(&self) -> u32 {
        self.slots
    }

    /// Returns the tool and the function that a name in code means.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Denied`]: the code was not given such a function.
    pub(crate) fn means(&self, name: &str) -> Result<(&str, &str)> {
        let (tool, function) = self.means.get(name).ok_or_else(|| self.denial(name))?;
        Ok((tool, function))
    }

    fn denial(&self, name: &str) -> Fault {
        let known: Vec<_> = self.functions.iter().map(|function| function.name.as_str()).collect();
        let known = if known.is_empty() { "no tools".to_owned() } else { known.join(", ") };
        let name: String = name.chars().take(64).collect();
        let message = format!("the code asked for \"{}\" and was given {known}", name.escape_debug());
        Fault::new(Kind::Denied, message).detail("tools")
    }
}
