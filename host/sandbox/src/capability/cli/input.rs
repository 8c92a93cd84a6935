use wasmtime::component::Val;

use crate::Limits;

/// What a command is given for one call.
pub(crate) struct Input {
    /// The arguments; the first is the tool's name, where programs expect their own.
    pub(crate) args: Vec<String>,
    pub(crate) stdin: String,
    /// How much it may write: its standard output is its result, and capped as one.
    pub(crate) output_bytes: u64,
}

impl Input {
    /// Takes the input from the two arguments of a command.
    pub(crate) fn new(tool: &str, arguments: &[Val], limits: &Limits) -> Self {
        let args = arguments.first().into_iter().flat_map(texts);
        let args = std::iter::once(tool).chain(args).map(str::to_owned).collect();
        let stdin = arguments.get(1).into_iter().flat_map(texts).collect();
        Self { args, stdin, output_bytes: limits.output_bytes }
    }
}

/// Returns the texts in a value.
fn texts(value: &Val) -> Vec<&str> {
    match value {
        Val::Option(Some(some)) => texts(some),
        Val::List(items) => items.iter().flat_map(texts).collect(),
        Val::String(text) => vec![text],
        _ => Vec::new(),
    }
}
