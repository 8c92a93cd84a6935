mod command;

use std::fmt;

use serde_json::Value;
use stockade_workflow::Fault;
use wasmtime::component::types::ComponentFunc;
use wasmtime::component::{ComponentExportIndex, Val};

use crate::contract::Contract;
use crate::name::{Name, same};
use crate::shape::{Field, Payload, Shape, Shaper, joined};
use crate::spelling::Spelling;
use crate::{Result, schema, values};

/// A function that a component exports, with its WIT type as its schema.
#[derive(Clone, Debug)]
pub struct Function {
    name: Name,
    interface: Option<String>,
    docs: Option<String>,
    params: Vec<Field>,
    result: Option<Shape>,
    index: ComponentExportIndex,
    input: Contract,
    output: Contract,
}

impl Function {
    pub(crate) fn new(
        export: &Export<'_>,
        ty: &ComponentFunc,
        docs: Option<String>,
        shaper: &mut Shaper,
    ) -> Result<Self> {
        if ty.async_() {
            return Err(Fault::invalid("function", "it is async, and this host runs functions of WASI 0.2 only"));
        }
        if command::is_command(export.interface) {
            return Ok(command::function(export, docs));
        }
        let params = ty.params().map(|(name, ty)| shaper.field(name, &ty)).collect::<Result<_>>()?;
        let result = ty.results().next().map(|ty| shaper.shape(&ty)).transpose()?;
        Ok(Self::of(export, docs, params, result))
    }

    /// Makes a function of a type that may be another than its WIT has.
    pub(crate) fn of(export: &Export<'_>, docs: Option<String>, params: Vec<Field>, result: Option<Shape>) -> Self {
        Self {
            name: Name::new(export.name),
            interface: export.interface.map(str::to_owned),
            docs,
            params,
            result,
            index: export.index,
            input: Contract::default(),
            output: Contract::default(),
        }
    }

    /// Returns the name, spelt as in JSON: `within_window`.
    pub fn name(&self) -> &str {
        &self.name.json
    }

    /// Returns the full WIT name of the interface that the function is in, if it is in one:
    /// `stockade:policy/policy@0.1.0`.
    pub fn interface(&self) -> Option<&str> {
        self.interface.as_deref()
    }

    /// Returns what its WIT says of it, where that travels with the component.
    pub fn docs(&self) -> Option<&str> {
        self.docs.as_deref()
    }

    /// Returns the signature, as in WIT but for the spelling of the names:
    /// `within_window(days_ago: u32, window_days: u32) -> bool`.
    pub fn signature(&self) -> String {
        self.to_string()
    }

    /// Returns the parameters in their order: the name of each, as in JSON, and whether it may be left out.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, bool)> {
        self.params.iter().map(|param| (param.name.json.as_str(), matches!(param.shape, Shape::Option(_))))
    }

    /// Returns the JSON Schema (2020-12) of the arguments, which are an object.
    pub fn input_schema(&self) -> Value {
        schema::of_members(&self.params, self.docs())
    }

    /// Returns the JSON Schema (2020-12) of the answer; where the function returns a `result`, of its ok case.
    pub fn output_schema(&self) -> Value {
        schema::of(self.answer())
    }

    /// Returns how its values are written for code and by it.
    pub fn spelling(&self) -> Spelling {
        Spelling::of(&self.params, self.answer())
    }

    fn answer(&self) -> Option<&Shape> {
        match &self.result {
            Some(Shape::Result(ok, _)) => ok.as_deref(),
            other => other.as_ref(),
        }
    }

    /// Reads the arguments: first by their types, which bounds their size and explains best what does not fit, then by
    /// the schema that callers are shown.
    ///
    /// # Errors
    ///
    /// They do not fit, or are more than `bytes_max`; the message names the path.
    pub(crate) fn arguments(&self, given: &Value, bytes_max: u64) -> Result<Vec<Val>> {
        let arguments = values::arguments(&self.params, given, bytes_max)?;
        let parts = || self.params.iter().map(|param| param.shape.parts()).sum();
        self.input.check("arguments", given, parts, || self.input_schema())?;
        Ok(arguments)
    }

    /// Checks an answer against the schema that callers are shown.
    pub(crate) fn checked(&self, answer: Value) -> Result<Value> {
        let parts = || self.answer().map_or(1, Shape::parts);
        self.output.check("result", &answer, parts, || self.output_schema())?;
        Ok(answer)
    }

    pub(crate) fn result(&self) -> Option<&Shape> {
        self.result.as_ref()
    }

    /// Returns whether it is the one of a `wasi:cli/command`.
    pub(crate) fn is_command(&self) -> bool {
        command::is_command(self.interface())
    }

    /// Returns the two cases of the result, where the function can fail.
    pub(crate) fn cases(&self) -> Option<(&Payload, &Payload)> {
        match &self.result {
            Some(Shape::Result(ok, err)) => Some((ok, err)),
            _ => None,
        }
    }

    pub(crate) fn index(&self) -> &ComponentExportIndex {
        &self.index
    }

    /// Returns whether a caller means this function by `name`: its own name, or `interface.name` with the interface
    /// short or in full.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        matches(name, self.interface(), self.name())
    }

    /// Returns the name that tells the function from one of the same name in another interface.
    pub(crate) fn full_name(&self) -> String {
        match self.interface() {
            Some(interface) => format!("{}.{}", short(interface), self.name()),
            None => self.name().to_owned(),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name, joined(&self.params))?;
        self.result.as_ref().map_or(Ok(()), |result| write!(f, " -> {result}"))
    }
}

/// Where a component exports something.
pub(crate) struct Export<'a> {
    pub(crate) interface: Option<&'a str>,
    pub(crate) name: &'a str,
    pub(crate) index: ComponentExportIndex,
}

/// A function that a component exports and that cannot be called, and why.
#[derive(Clone, Debug)]
pub struct Unsupported {
    name: Name,
    interface: Option<String>,
    why: Fault,
}

impl Unsupported {
    pub(crate) fn new(export: &Export<'_>, why: Fault) -> Self {
        Self { name: Name::new(export.name), interface: export.interface.map(str::to_owned), why }
    }

    /// Returns the name, spelt as in JSON.
    pub fn name(&self) -> &str {
        &self.name.json
    }

    /// Returns the full WIT name of the interface that the function is in, if it is in one.
    pub fn interface(&self) -> Option<&str> {
        self.interface.as_deref()
    }

    /// Returns why it cannot be called.
    pub fn reason(&self) -> &str {
        &self.why.message
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        matches(name, self.interface(), self.name())
    }
}

fn matches(asked: &str, interface: Option<&str>, name: &str) -> bool {
    if same(asked, name) {
        return true;
    }
    // A version has dots too, so the function's name is what follows the last one.
    let Some((asked_interface, asked_name)) = asked.rsplit_once('.') else { return false };
    let in_interface = |full| same(asked_interface, full) || same(asked_interface, short(full));
    same(asked_name, name) && interface.is_some_and(in_interface)
}

/// Returns the interface's own name: `policy` of `stockade:policy/policy@0.1.0`.
fn short(interface: &str) -> &str {
    let name = interface.rsplit_once('/').map_or(interface, |(_, name)| name);
    name.split_once('@').map_or(name, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_goes_by_several_names() {
        let interface = Some("stockade:policy/the-policy@0.1.0");
        for name in ["a_b", "a-b", "the-policy.a_b", "the_policy.a-b", "stockade:policy/the-policy@0.1.0.a-b"] {
            assert!(matches(name, interface, "a_b"), "{name}");
        }
        for name in ["", ".", "a", "a_bc", "policy.a_b", "the-policy.", "other.a_b"] {
            assert!(!matches(name, interface, "a_b"), "{name}");
        }
        assert!(!matches("x.a_b", None, "a_b"));
    }
}
