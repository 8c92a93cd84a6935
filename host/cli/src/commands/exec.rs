mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};
use stockade::{
    Budget, Code, CodeEnd, CodeOutcome, Currency, ExecReport, Fault, Host, Kind, Limits, NewRun, Report, RunState,
    Status, Stop, stubs,
};

use crate::escape::{safe, safe_lines};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::origin::Origin;
use crate::out_dir::OutDir;
use crate::pretty::print_json;
use crate::text::{DIM, RED, print_error};
use crate::{amounts, ask, drive, open_host, read, report};

/// The languages of file names' endings, which are also their short names.
const ENDINGS: [(&str, &str); 5] =
    [("py", "python"), ("js", "javascript"), ("mjs", "javascript"), ("ts", "typescript"), ("mts", "typescript")];

/// Run agent-written code in the sandbox
#[derive(Debug, Args)]
#[command(after_help = help())]
pub(crate) struct Exec {
    /// The code; `-` reads it from stdin
    #[arg(required_unless_present = "print_tools")]
    file: Option<String>,
    /// The language; by default, the file's ending says
    #[arg(long, value_name = "NAME")]
    lang: Option<String>,
    /// The value of the variable `input`, as JSON; `-` reads it from stdin
    #[arg(long, value_name = "JSON", allow_negative_numbers = true)]
    input: Option<String>,
    /// A registered tool that the code may call; can be repeated
    #[arg(long, value_name = "NAME")]
    tool: Vec<String>,
    /// The fuel that the code and its tools may use
    #[arg(long, value_name = "UNITS")]
    fuel: Option<u64>,
    /// The memory that the code may use, as in 64MiB
    #[arg(long, value_name = "BYTES", value_parser = |text: &str| amounts::one(Currency::Memory, text))]
    memory: Option<u64>,
    /// The time that the code may take, as in 2s; a plain number means milliseconds
    #[arg(long, value_name = "TIME", value_parser = |text: &str| amounts::one(Currency::Wall, text))]
    timeout: Option<u64>,
    /// If a limit stops the code, suspend the run in place of failing it; it can go on with more
    #[arg(long)]
    suspend: bool,
    /// Run in the session of this name: see the variables of its earlier code, and leave its own for later code
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Begin the session with the variables of this other session
    #[arg(long, value_name = "ID", requires = "session", conflicts_with = "key")]
    fork: Option<String>,
    /// A file to put into the code's private directory; can be repeated
    #[arg(long = "file", value_name = "PATH")]
    file_in: Vec<PathBuf>,
    /// The folder for the files that the code wrote; without it, they stay in the journal
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace files that already exist in DIR
    #[arg(long, requires = "out")]
    force: bool,
    /// Run the code again each time that FILE changes, and print what it writes at once
    #[arg(long, conflicts_with_all = ["out", "key", "print_tools"])]
    watch: bool,
    /// Print the functions that the code could call, for a model's prompt, and run nothing
    #[arg(long)]
    print_tools: bool,
    #[command(flatten)]
    origin: Origin,
}

impl Exec {
    /// Returns whether the command only reads.
    pub(crate) fn only_looks(&self) -> bool {
        self.print_tools
    }

    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        if self.print_tools {
            return print_tools(globals, &self).await;
        }
        let file = self.file.as_deref().ok_or_else(|| Fault::invalid("usage", "FILE is missing; `-` reads stdin"))?;
        if self.watch {
            watch::check(file)?;
        }
        if file == "-" && self.input.as_deref() == Some("-") {
            return Err(Fault::invalid(
                "usage",
                "stdin is the code or the input, and not both; give one of them a file",
            )
            .into());
        }
        let mut code = code(&self, file)?;
        let out = self.out.as_deref().map(|dir| OutDir::open(dir, self.force)).transpose()?;
        let limits = open_host::code_limits(globals)?;
        let budget = budget(&limits, &self);
        let limits = if self.suspend { limits } else { within(limits, &budget) };
        let host = open_host::host_for_code(globals, limits).await?;
        code.language = language(&host, &code.language)?;
        if let Some(from) = &self.fork {
            host.fork(from, self.session.as_deref().unwrap_or_default()).await?;
        }
        if self.watch {
            return watch::watch(&self, globals, &host, budget, file).await;
        }
        let new = self.origin.clone().of(host.code_run(code)?.budget(budget))?;
        finish(globals, &host, new, self.suspend, out.as_ref()).await
    }
}

fn help() -> String {
    format!(
        "What it may spend by default:\n  {}\n\nExample:\n  {}\n  {}",
        amounts::spaced(&exec_budget()),
        "stockade exec report.js --tool purchases --input '{\"user_id\": \"user_123\"}'",
        "echo 'return 6 * 7' | stockade exec - --lang javascript --json"
    )
}

/// Runs code for another command.
pub(super) async fn start(globals: &Globals, host: &Host, code: Code, budget: Budget) -> anyhow::Result<Exit> {
    finish(globals, host, host.code_run(code)?.budget(budget), false, None).await
}

async fn finish(
    globals: &Globals,
    host: &Host,
    new: NewRun,
    suspend: bool,
    out: Option<&OutDir>,
) -> anyhow::Result<Exit> {
    let run = host.start_run(new.by(ask::user())).await?;
    let state = drive::begun(host, run).await?;
    settled(globals, host, &state, suspend, out, Printed::default()).await
}

/// How many bytes of what code has written were printed while it ran.
#[derive(Default)]
struct Printed {
    stdout: usize,
    stderr: usize,
}

/// Prints how the code of a run has ended, and what of its output was not printed yet.
async fn settled(
    globals: &Globals,
    host: &Host,
    state: &RunState,
    suspend: bool,
    out: Option<&OutDir>,
    printed: Printed,
) -> anyhow::Result<Exit> {
    let id = state.run();
    let mut outcome = host.code_outcome(id, stockade::Exec::KEY).await?;
    let mut report = Report::from(state);
    if report.status == Status::Suspended && !suspend {
        report = stopped(host, report).await?;
    }
    if let (Some(outcome), Some(dir)) = (&outcome, out) {
        host.puts_files(id, dir.path()).await?;
        write_files(dir, &outcome.files)?;
    }
    if globals.json {
        print_json(&ExecReport::new(report.clone(), outcome.as_ref(), state.calls(stockade::Exec::KEY)));
    } else {
        outcome.iter_mut().for_each(|outcome| printed.cut(outcome));
        print(&report, outcome.as_ref());
    }
    Ok(Exit::of_status(report.status))
}

impl Printed {
    /// Leaves what was not printed yet.
    fn cut(&self, outcome: &mut CodeOutcome) {
        let rest = |text: &str, printed: usize| text.get(printed..).unwrap_or_default().to_owned();
        outcome.stdout = rest(&outcome.stdout, self.stdout);
        outcome.stderr = rest(&outcome.stderr, self.stderr);
    }
}

/// Ends a run that has too little for its code to begin, or to end after the session was restored: it fails at the limit, as
/// code does that is stopped while it runs.
async fn stopped(host: &Host, report: Report) -> stockade::Result<Report> {
    let limit = report.error.ok_or_else(|| Fault::new(Kind::HostBug, "the run is suspended at no limit"))?;
    let message = "the code was stopped at its limit; give it more, or let --suspend keep the run to go on with more";
    host.run(report.run_id).stop(Stop::by("exec").reason(Some(limit.message)), Duration::ZERO).await?;
    let mut fault = Fault::new(limit.kind, message);
    fault.breach = limit.breach;
    // The journal says who ended the run; to the caller it failed at its limit.
    Ok(Report { status: Status::Failed, error: Some(fault), ..host.report(report.run_id).await? })
}

/// Prints the functions that code may call and what is other than a model expects, as a model reads them best.
async fn print_tools(globals: &Globals, exec: &Exec) -> anyhow::Result<Exit> {
    let host = open_host::host(globals).await?;
    let language = known(exec.lang.as_deref().unwrap_or("python"));
    let stubs = tools(&host, &exec.tool, language)?;
    let comment = if language.starts_with("python") { "#" } else { "//" };
    let text = format!("{comment} {}\n\n{stubs}", stubs::differences(language));
    if globals.json {
        print_json(&json!({"language": language, "tools": text}))
    } else {
        print!("{text}")
    }
    Ok(Exit::Done)
}

fn tools(host: &Host, names: &[String], language: &str) -> stockade::Result<String> {
    let tools: Vec<_> = match names {
        [] => host.tools().filter(|tool| tool.is_for_code()).collect(),
        names => names.iter().map(|name| host.tool(name)).collect::<stockade::Result<_>>()?,
    };
    stubs::text(&tools, language)
}

fn code(exec: &Exec, file: &str) -> stockade::Result<Code> {
    let (name, source) = source(file)?;
    let language = match &exec.lang {
        Some(language) => language.clone(),
        None => guessed(file)?,
    };
    let input = exec.input.as_deref().map(|input| read::json(input, "input")).transpose()?.unwrap_or(Value::Null);
    let files = read_files(&exec.file_in)?;
    let code = Code::new(&language, &source).input(input).tools(exec.tool.iter().cloned());
    Ok(Code { name: Some(name), session: exec.session.clone(), files: Some(files), ..code })
}

fn source(file: &str) -> stockade::Result<(String, String)> {
    let unreadable = |error: &_| read::refused("code", format!("\"{file}\" cannot be read: {error}"), error);
    let source = read::named(file, read::CODE_BYTES_MAX).map_err(|error| unreadable(&error))?;
    let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or("code");
    Ok((if file == "-" { "stdin" } else { name }.to_owned(), source))
}

fn guessed(file: &str) -> stockade::Result<String> {
    let ending = Path::new(file).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let found = ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, language)| (*language).to_owned());
    found.ok_or_else(|| {
        let message = format!("the language of \"{file}\" cannot be told from its name; --lang says which it is");
        Fault::invalid("language", message)
    })
}

/// Returns the language of this name or short name, if it is available.
pub(super) fn language(host: &Host, name: &str) -> stockade::Result<String> {
    let name = if host.check_language(name).is_ok() { name } else { known(name) };
    host.check_language(name).map(|()| name.to_owned())
}

/// Returns the full name of a language.
fn known(name: &str) -> &str {
    ENDINGS.iter().find(|(short, _)| *short == name).map_or(name, |(_, language)| language)
}

fn read_files(paths: &[PathBuf]) -> stockade::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for path in paths {
        let (name, text) = read_file(path)?;
        if files.contains_key(&name) {
            let message =
                format!("two files are named \"{name}\"; rename one, because they share the code's directory");
            return Err(Fault::invalid("files", message));
        }
        files.insert(name, text);
    }
    Ok(files)
}

/// Reads a file for the code's directory, where it has its name without the folder.
fn read_file(path: &Path) -> stockade::Result<(String, String)> {
    let why = |why: &dyn std::fmt::Display| format!("\"{}\" cannot be read: {why}", path.display());
    let nameless = || Fault::invalid("files", why(&"its name is not Unicode"));
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(nameless)?;
    let bytes = read::file(path, read::CODE_BYTES_MAX).map_err(|error| read::refused("files", why(&error), &error))?;
    Ok((name.to_owned(), STANDARD.encode(bytes)))
}

/// Writes the files that the code left in its directory.
fn write_files(dir: &OutDir, files: &BTreeMap<String, String>) -> anyhow::Result<()> {
    for (name, text) in files {
        let bytes = STANDARD.decode(text).with_context(|| format!("\"{name}\" is not base64 in the journal"))?;
        dir.write(name, &bytes)?;
    }
    Ok(())
}

/// Returns the budget of the run: the limits of code, unless options say otherwise.
fn budget(limits: &Limits, exec: &Exec) -> Budget {
    let mut budget = stockade::exec_budget(limits);
    let options = [(Currency::Fuel, exec.fuel), (Currency::Memory, exec.memory), (Currency::Wall, exec.timeout)];
    for (currency, amount) in options {
        budget = amount.map_or(budget, |amount| budget.with(currency, amount));
    }
    budget
}

/// Returns the limits of code within a budget. Code that uses up its limits fails, while a run that uses up its budget is
/// suspended.
fn within(limits: Limits, budget: &Budget) -> Limits {
    let [fuel, memory_bytes, wall_us] =
        [Currency::Fuel, Currency::Memory, Currency::Wall].map(|currency| budget.get(currency));
    limits.fuel(fuel).memory_bytes(memory_bytes).wall_us(wall_us)
}

/// Returns the default budget of a piece of code.
pub(crate) fn exec_budget() -> Budget {
    stockade::exec_budget(&stockade::code_limits())
}

fn print(report: &Report, outcome: Option<&CodeOutcome>) {
    if let Some(CodeOutcome { stdout, stderr, .. }) = outcome {
        print!("{}", safe_lines(stdout));
        eprint!("{}", safe_lines(stderr));
    }
    match outcome.map(|outcome| &outcome.ended) {
        Some(CodeEnd::Returned(value)) if value.is_null() => {}
        Some(CodeEnd::Returned(value)) => print_json(value),
        Some(CodeEnd::Raised(exception)) if exception.traceback.is_empty() => {
            eprintln!("{RED}{}{RED:#}", safe(&exception.to_string()));
        }
        Some(CodeEnd::Raised(exception)) => eprintln!("{}", safe_lines(exception.traceback.trim_end())),
        _ if matches!(report.status, Status::Suspended | Status::Paused) => report::settled(report),
        _ => report.error.iter().for_each(print_error),
    }
    for name in outcome.iter().flat_map(|outcome| outcome.files.keys()) {
        eprintln!("{DIM}wrote {}{DIM:#}", safe(name));
    }
}
