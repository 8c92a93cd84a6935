//! Tools, as functions of modules: `purchases.find(user_id="user_123")`.

use std::collections::BTreeMap;

use monty::ReplFunctionCall;
use monty_types::{ExcType, ExtFunctionResult, MontyException, MontyObject, MontyUuid};
use serde_json::{Map, Value};

use crate::exports::stockade::host::code::Function;
use crate::stockade::host::tools::{self, ToolError};
use crate::values;

/// The functions that a cell may call.
pub(crate) struct Tools<'a> {
    functions: &'a [Function],
}

impl<'a> Tools<'a> {
    pub(crate) fn new(functions: &'a [Function]) -> Self {
        Self { functions }
    }

    /// A module for each tool, by name.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = (&'a str, MontyObject)> {
        let mut spaces = BTreeMap::<&str, Vec<(MontyObject, MontyObject)>>::new();
        for function in self.functions {
            let (space, name) = function.name.split_once('.').unwrap_or(("tools", &function.name));
            let value = MontyObject::function(function.name.clone(), Some(function.docs.clone()));
            spaces.entry(space).or_default().push((MontyObject::string(name), value));
        }
        spaces.into_iter().enumerate().map(|(number, (name, functions))| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&(number as u64 + 1).to_le_bytes());
            let id = MontyUuid::try_from_slice(&id).expect("16 bytes are an identifier");
            (name, MontyObject::module(name, id, functions))
        })
    }

    pub(crate) fn call(&self, call: &ReplFunctionCall) -> ExtFunctionResult {
        let name = call.function_name.as_str();
        let Some(function) = self.functions.iter().find(|function| function.name == name) else {
            return ExtFunctionResult::NotFound(name.to_owned());
        };
        match arguments(function, call) {
            Ok(arguments) => answer(name, &Value::Object(arguments).to_string()),
            Err(why) => raise(ExcType::TypeError, format!("{name}() {why}")),
        }
    }
}

fn arguments(function: &Function, call: &ReplFunctionCall) -> Result<Map<String, Value>, String> {
    let parameters = &function.parameters;
    let mut arguments = Map::new();
    for (place, value) in call.args.args().enumerate() {
        let Some(parameter) = parameters.get(place) else {
            return Err(format!("takes {} arguments but {} were given", parameters.len(), call.args.args().len()));
        };
        arguments.insert(parameter.name.clone(), values::argument(value)?);
    }
    for (name, value) in call.args.kwargs() {
        let name = name.as_str().unwrap_or_default();
        if !parameters.iter().any(|parameter| parameter.name == name) {
            return Err(format!("got an unexpected keyword argument '{name}'"));
        }
        if arguments.insert(name.to_owned(), values::argument(value)?).is_some() {
            return Err(format!("got multiple values for argument '{name}'"));
        }
    }
    match parameters.iter().find(|needed| !needed.optional && !arguments.contains_key(&needed.name)) {
        Some(missing) => Err(format!("missing a required argument: '{}'", missing.name)),
        None => Ok(arguments),
    }
}

fn answer(name: &str, arguments: &str) -> ExtFunctionResult {
    match tools::call(name, arguments) {
        Ok(result) => match values::from_json(&result) {
            Ok(value) => value.into(),
            Err(why) => raise(ExcType::ValueError, format!("the result of {name}: {why}")),
        },
        Err(ToolError { kind, message, .. }) => raise(ExcType::RuntimeError, format!("ToolError ({kind}): {message}")),
    }
}

fn raise(exception: ExcType, message: String) -> ExtFunctionResult {
    MontyException::new(exception, Some(message)).into()
}
