//! A `wasi:cli/command` as a tool: arguments and standard input in, standard output out.
//!
//! Its one exported function, `run: func() -> result`, says nothing of what goes in and out, so it is shown as
//! `run(args: option<list<string>>, stdin: option<string>) -> result<string, string>`. It gets no environment.

use super::{Export, Function};
use crate::name::Name;
use crate::shape::{Field, Shape};

/// Returns whether an interface is that of a command.
pub(super) fn is_command(interface: Option<&str>) -> bool {
    interface.is_some_and(|interface| interface.starts_with("wasi:cli/run@0.2."))
}

/// Returns the function that stands for a command.
pub(super) fn function(export: &Export<'_>, docs: Option<String>) -> Function {
    let optional = |name, shape| Field { name: Name::new(name), shape: Shape::Option(Box::new(shape)) };
    let text = || Some(Box::new(Shape::String));
    let params = vec![optional("args", Shape::List(Box::new(Shape::String))), optional("stdin", Shape::String)];
    Function::of(export, docs, params, Some(Shape::Result(text(), text())))
}
