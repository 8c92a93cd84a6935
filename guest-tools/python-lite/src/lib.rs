//! A small, fast subset of Python: Monty, with the files of the sandbox and the tools that it was granted.
//!
//! The value of a cell is the variable `result` if the cell gives it one, else that of its last expression; see `values.rs`
//! for what of it JSON can hold. Monty has no exceptions but those of Python, so that a tool's error is a `RuntimeError`
//! whose text begins with `ToolError`.

mod files;
mod output;
mod tools;
mod values;

use std::cell::RefCell;

use exports::stockade::host::code::{Cell, Exception, Guest as Code};
use monty::{MontyRepl, ReplProgress, ReplStartError};
use monty_types::{
    CompileOptions, ExcType, ExtFunctionResult, MontyException, MontyObject, NameLookupResult, NamedValues, OsPolicy,
    PrintWriter, RandomSeed, RandomStart, ResourceLimits, ResourceTracker, SleepMode,
};
use output::Output;
use tools::Tools;

wit_bindgen::generate!({
    path: ["../../wit", "wit"],
    world: "stockade:python-lite/python-lite",
    generate_all,
});

/// Calls within calls, each of which takes some of the machine's stack, of which the sandbox gives 1 MiB.
const RECURSION_DEPTH: usize = 400;

/// What many cells do, so that what they need of the interpreter has been made.
const WARM: &str =
    "import json\nrows = [{'id': 1, 'name': f'{2:>3}'}]\njson.loads(json.dumps([row['id'] for row in rows]))";

struct PythonLite;

export!(PythonLite);

thread_local! {
    static SESSION: RefCell<Session> = const { RefCell::new(Session::empty()) };
}

/// What stays from cell to cell.
struct Session {
    repl: Option<MontyRepl>,
    /// Whether its random numbers are its own. In the snapshot it has none yet, for they would be the same in every instance.
    is_seeded: bool,
    /// The names of the cells, in the order in which Monty has numbered them.
    names: Vec<String>,
}

impl Guest for PythonLite {
    /// Does once what the first cell would do, and begins anew.
    fn init() {
        let mut warm = Session { repl: Some(begin()), is_seeded: true, names: Vec::new() };
        let cell = Cell { name: "code".into(), source: WARM.into(), input: "null".into(), functions: Vec::new() };
        warm.run(&cell).expect("the interpreter runs a cell");
        SESSION.with_borrow_mut(|session| session.repl = Some(begin()));
    }
}

impl Code for PythonLite {
    fn run(cell: Cell) -> Result<String, Exception> {
        SESSION.with_borrow_mut(|session| session.run(&cell))
    }
}

impl Session {
    const fn empty() -> Self {
        Self { repl: None, is_seeded: false, names: Vec::new() }
    }

    fn run(&mut self, cell: &Cell) -> Result<String, Exception> {
        let input = values::from_json(&cell.input).map_err(|why| failure("ValueError", format!("input: {why}")))?;
        let tools = Tools::new(&cell.functions);
        let mut given = NamedValues::new();
        given.push("input", input);
        tools.namespaces().for_each(|(name, space)| given.push(name, space));

        let mut output = Output::default();
        let value = self.feed(&cell.name, &cell.source, given, &tools, &mut output);
        let value = value.and_then(|value| {
            if !gives_result(&cell.source) {
                return Ok(value);
            }
            // A cell that only might have given it a value is worth its last expression.
            let nothing = NamedValues::new();
            Ok(self.feed(&cell.name, "result", nothing, &tools, &mut output).unwrap_or(value))
        });
        output.flush();
        let value = value.map_err(|error| self.exception(&error, cell))?;
        values::to_json(value.as_ref()).map_err(|why| failure("TypeError", why))
    }

    /// Seeded by the host when the first cell runs, so that the same call has the same luck, and another one another.
    fn seeded(&mut self) -> MontyRepl {
        match self.repl.take() {
            Some(repl) if self.is_seeded => repl,
            begun => {
                self.is_seeded = true;
                begun.unwrap_or_else(begin).with_os_policy(policy())
            }
        }
    }

    fn feed(
        &mut self,
        name: &str,
        source: &str,
        given: NamedValues,
        tools: &Tools,
        output: &mut Output,
    ) -> Result<MontyObject, MontyException> {
        let repl = self.seeded();
        self.names.push(name.to_owned());
        let mut progress = repl.feed_start(source, given, PrintWriter::Callback(output));
        loop {
            let print = PrintWriter::Callback(output);
            progress = match progress {
                Ok(ReplProgress::Complete { repl, value }) => {
                    self.repl = Some(repl);
                    return Ok(value);
                }
                Ok(ReplProgress::FunctionCall(call)) => {
                    let answer = tools.call(&call);
                    if call.allow_eager_await {
                        match answer {
                            ExtFunctionResult::Return(value) => call.resume_eager(Ok(value), print),
                            ExtFunctionResult::Error(error) => call.resume_eager(Err(error), print),
                            other => call.resume(other, print),
                        }
                    } else {
                        call.resume(answer, print)
                    }
                }
                Ok(ReplProgress::OsCall(call)) => call.resume_with(print, files::answer),
                Ok(ReplProgress::NameLookup(lookup)) => lookup.resume(NameLookupResult::Undefined, print),
                Ok(ReplProgress::ResolveFutures(futures)) => {
                    let why = "the code waits for something that can never happen".to_owned();
                    futures.abort(MontyException::new(ExcType::RuntimeError, Some(why)), print)
                }
                Err(error) => {
                    let ReplStartError { repl, error } = *error;
                    self.repl = Some(repl);
                    return Err(error);
                }
            };
        }
    }

    fn exception(&self, error: &MontyException, cell: &Cell) -> Exception {
        let place = error.traceback().last().filter(|frame| self.name_of(&frame.filename) == cell.name);
        let mut traceback = error.to_string();
        for (number, name) in self.names.iter().enumerate().rev() {
            traceback = traceback.replace(&format!("<python-input-{number}>"), name);
        }
        let name = error.exc_type().to_string();
        let mut message = error.message().unwrap_or_default().to_owned();
        if let Some(advice) = advice(&name, &message) {
            traceback.truncate(traceback.trim_end().len());
            traceback.push_str(advice);
            message.push_str(advice);
        }
        Exception {
            syntax: error.exc_type() == ExcType::SyntaxError
                && error.traceback().iter().all(|frame| frame.hide_frame_name),
            name,
            message,
            line: place.map(|frame| frame.start.line),
            column: place.map(|frame| frame.start.column),
            traceback,
        }
    }

    fn name_of(&self, filename: &str) -> &str {
        let number = filename.trim_start_matches("<python-input-").trim_end_matches('>').parse::<usize>();
        number.ok().and_then(|number| self.names.get(number)).map_or("", String::as_str)
    }
}

fn begin() -> MontyRepl {
    let limits = ResourceLimits { max_recursion_depth: RECURSION_DEPTH, ..ResourceLimits::default() };
    MontyRepl::new("main.py", ResourceTracker::new(limits), CompileOptions::default())
}

fn policy() -> OsPolicy {
    let seed = RandomSeed::Bytes(wasip2::random::random::get_random_bytes(16));
    OsPolicy { sleep: SleepMode::Zero, random_start: RandomStart::Seed(seed), ..OsPolicy::default() }
}

/// Whether a line gives the variable `result` a value, be it the one of a function.
fn gives_result(source: &str) -> bool {
    source.lines().filter_map(|line| line.trim_start().strip_prefix("result")).any(|rest| {
        let rest = rest.trim_start();
        let is_assigned = rest.starts_with('=') && !rest.starts_with("==");
        is_assigned || rest.starts_with(':') || rest.get(1..2) == Some("=") && !rest.starts_with(['!', '<', '>', '='])
    })
}

/// How Monty refuses arguments that the built-in functions of Python take.
const OF_BUILTINS: [&str; 2] = ["' object to bytes", "'file' argument must be sys.stdout or sys.stderr"];

/// What to do about an exception that code may owe to this language, and not to itself: use the whole of Python.
fn advice(name: &str, message: &str) -> Option<&'static str> {
    const LACKS: &str = "; python-lite has a part of Python, and `--lang python` (CPython) all of it";
    const MAY_LACK: &str = "; if Python has it, so has `--lang python` (CPython)";
    let is_missing = || message.contains("has no attribute");
    match name {
        "ImportError" | "ModuleNotFoundError" => Some(LACKS),
        _ if message.contains("not yet support") || message.starts_with("Internal error in monty") => Some(LACKS),
        "NotImplementedError" if message.contains("not supported") => Some(LACKS),
        "AttributeError" if is_missing() && message.starts_with("module '") => Some(LACKS),
        "AttributeError" if is_missing() => Some(MAY_LACK),
        "TypeError" if OF_BUILTINS.iter().any(|own| message.contains(own)) => Some(MAY_LACK),
        "NameError" | "LookupError" if message.contains("not defined") || message.contains("unknown encoding") => {
            Some(MAY_LACK)
        }
        _ => None,
    }
}

fn failure(name: &str, message: String) -> Exception {
    let traceback = format!("{name}: {message}");
    Exception { syntax: false, name: name.to_owned(), message, line: None, column: None, traceback }
}
