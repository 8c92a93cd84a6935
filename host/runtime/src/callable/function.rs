use std::fmt;
use std::sync::LazyLock;

use serde_json::Value;
use stockade_sandbox::{CodeFunction, Function, Spelling};

use crate::identifier::identifier;

/// A function of a tool, as people, models and code see it.
pub struct ToolFunction {
    name: String,
    name_in_code: String,
    docs: Option<String>,
    signature: String,
    parameters: Vec<(String, bool)>,
    spelling: Spelling,
    schemas: LazyLock<Schemas, MakeSchemas>,
}

/// The JSON Schemas of the arguments and of the answer. Those of a component are made when they are first asked for.
type Schemas = (Value, Value);

type MakeSchemas = Box<dyn FnOnce() -> Schemas + Send>;

impl ToolFunction {
    /// Makes a function of the JSON Schemas (2020-12) of its arguments, which are an object, and of its answer.
    pub fn new(name: &str, docs: &str, input: Value, output: Value) -> Self {
        let parameters = parameters(&input);
        let shown = |(name, optional): &(String, bool)| format!("{name}{}", if *optional { "?" } else { "" });
        let shown: Vec<_> = parameters.iter().map(shown).collect();
        Self {
            name: name.to_owned(),
            name_in_code: identifier(name),
            docs: Some(docs.to_owned()),
            signature: format!("{name}({})", shown.join(", ")),
            parameters,
            spelling: Spelling::default(),
            schemas: LazyLock::new(Box::new(|| (input, output))),
        }
    }

    /// Takes a function of a component; `all` are those of the component.
    pub(super) fn of_component(function: &Function, all: &[Function]) -> Self {
        let typed = function.clone();
        Self {
            name: own_name(function, all),
            name_in_code: name_in_code(function, all),
            docs: function.docs().map(str::to_owned),
            signature: function.signature(),
            parameters: function.parameters().map(|(name, optional)| (name.to_owned(), optional)).collect(),
            spelling: function.spelling(),
            schemas: LazyLock::new(Box::new(move || (typed.input_schema(), typed.output_schema()))),
        }
    }

    /// Returns what it is called by, which is unique in its tool.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its documentation; empty where it has none.
    pub fn docs(&self) -> &str {
        self.docs.as_deref().unwrap_or_default().trim()
    }

    /// Returns its documentation, and how it is called.
    pub fn description(&self) -> String {
        format!("{}\n{}", self.docs(), self.signature).trim().to_owned()
    }

    /// Returns how it is called, in one line.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// Returns the parameters in their order: the name of each, and whether it may be left out.
    pub fn parameters(&self) -> &[(String, bool)] {
        &self.parameters
    }

    /// Returns the JSON Schema (2020-12) of the arguments, which are an object.
    pub fn input_schema(&self) -> &Value {
        &self.schemas.0
    }

    /// Returns the JSON Schema (2020-12) of the answer.
    pub fn output_schema(&self) -> &Value {
        &self.schemas.1
    }

    /// Returns the name as one that every language has.
    pub(crate) fn name_in_code(&self) -> &str {
        &self.name_in_code
    }

    /// Returns the function as code calls it, by this name.
    pub(crate) fn in_code(&self, name: String) -> CodeFunction {
        let Self { docs, signature, parameters, spelling, .. } = self;
        let docs = docs.as_ref().map_or_else(|| signature.clone(), |docs| format!("{docs}\n\n{signature}"));
        CodeFunction { name, docs, parameters: parameters.clone(), spelling: spelling.clone() }
    }
}

impl fmt::Debug for ToolFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolFunction").field("signature", &self.signature).finish_non_exhaustive()
    }
}

fn parameters(input: &Value) -> Vec<(String, bool)> {
    let required = input.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let names = input.get("properties").and_then(Value::as_object).into_iter().flat_map(|all| all.keys());
    names.map(|name| (name.clone(), !required.iter().any(|required| required == name))).collect()
}

/// A function by its own name; where another interface of the component has one of that name, with its interface's.
fn name_in_code(function: &Function, all: &[Function]) -> String {
    identifier(&match short_interface(function) {
        Some(interface) if !is_alone(function, all) => format!("{interface}_{}", function.name()),
        _ => function.name().to_owned(),
    })
}

/// What a function is called by: its name, and where another interface has one of that name, its full one.
fn own_name(function: &Function, all: &[Function]) -> String {
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
