//! `stockade exec`: code from a file or from stdin, run in the sandbox as a run of its own.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};
use stockade::{
    Budget, Code, CodeCall, CodeEnd, CodeOutcome, Currency, Exception, Exec, Fault, Host, Kind, Report, RunId, Status,
    ToolCall, ToolOutcome, Usage, stubs,
};

use crate::args::{self, Args, ExecArgs};
use crate::exit::Exit;
use crate::text::{DIM, RED, print_error, print_json, safe, safe_json, safe_lines};
use crate::{home, show};

/// What the endings of file names say of the language.
const ENDINGS: [(&str, &str); 5] =
    [("py", "python"), ("js", "javascript"), ("mjs", "javascript"), ("ts", "typescript"), ("mts", "typescript")];

/// The largest piece of code, input included: it is journaled.
const BYTES_MAX: u64 = 16 << 20;

pub(super) async fn run(args: &Args, exec: &ExecArgs) -> stockade::Result<Exit> {
    if exec.print_tools {
        return print_tools(args, exec).await;
    }
    let file = exec.file.as_deref().ok_or_else(|| Fault::invalid("usage", "FILE is missing; `-` reads stdin"))?;
    let code = code(exec, file)?;
    let host = home::host(args).await?;
    if let Some(from) = &exec.fork {
        host.fork(from, exec.session.as_deref().unwrap_or_default()).await?;
    }
    let budget = budget(exec);
    finish(args, &host, code, budget, exec.out.as_deref()).await
}

/// Runs code for another command.
pub(super) async fn start(args: &Args, host: &Host, code: Code, budget: Option<Budget>) -> stockade::Result<Exit> {
    finish(args, host, code, budget.unwrap_or_else(exec_budget), None).await
}

async fn finish(args: &Args, host: &Host, code: Code, budget: Budget, out: Option<&Path>) -> stockade::Result<Exit> {
    let run = host.exec(code, budget).await?;
    let id = run.id();
    run.settled().await?;
    let (state, outcome) = (host.state(id).await?, host.code_outcome(id, Exec::KEY).await?);
    let report = Report::from(&state);
    let calls = state.calls(Exec::KEY).all();
    if let (Some(outcome), Some(dir)) = (&outcome, out) {
        write_files(dir, &outcome.files)?;
    }
    if args.json {
        print_json(&document(&report, outcome.as_ref(), calls));
    } else {
        print(args, &report, outcome.as_ref());
    }
    Ok(Exit::of_status(report.status))
}

/// Prints the functions that code may call, as a model reads them best.
async fn print_tools(args: &Args, exec: &ExecArgs) -> stockade::Result<Exit> {
    let host = home::host(args).await?;
    let language = exec.lang.as_deref().unwrap_or("python");
    let text = tools(&host, &exec.tool, language)?;
    if args.json {
        print_json(&json!({"language": language, "tools": text}))
    } else {
        print!("{text}")
    }
    Ok(Exit::Done)
}

fn tools(host: &Host, names: &[String], language: &str) -> stockade::Result<String> {
    let tools: Vec<_> = match names {
        [] => host.tools().collect(),
        names => names.iter().map(|name| host.tool(name)).collect::<stockade::Result<_>>()?,
    };
    stubs::text(&tools, language)
}

fn code(exec: &ExecArgs, file: &str) -> stockade::Result<Code> {
    let (name, source) = source(file)?;
    let language = match &exec.lang {
        Some(language) => language.clone(),
        None => guessed(file)?,
    };
    let input = exec.input.as_deref().map(|input| args::json(input, "input")).transpose()?.unwrap_or(Value::Null);
    let files = exec.file_in.iter().map(|path| read_file(path)).collect::<stockade::Result<BTreeMap<_, _>>>()?;
    let code = Code::new(&language, &source).input(input).tools(exec.tool.iter().cloned());
    Ok(Code { name: Some(name), session: exec.session.clone(), files: Some(files), ..code })
}

fn source(file: &str) -> stockade::Result<(String, String)> {
    let unreadable = |error: std::io::Error| Fault::invalid("code", format!("\"{file}\" cannot be read: {error}"));
    if file == "-" {
        return Ok(("stdin".to_owned(), std::io::read_to_string(std::io::stdin()).map_err(unreadable)?));
    }
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    if size > BYTES_MAX {
        return Err(Fault::invalid("code", format!("\"{file}\" has {size} bytes; code has at most {BYTES_MAX}")));
    }
    let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or("code");
    Ok((name.to_owned(), std::fs::read_to_string(file).map_err(unreadable)?))
}

fn guessed(file: &str) -> stockade::Result<String> {
    let ending = Path::new(file).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let found = ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, language)| (*language).to_owned());
    found.ok_or_else(|| {
        let message = format!("the language of \"{file}\" cannot be told from its name; --lang says which it is");
        Fault::invalid("language", message)
    })
}

/// Reads a file for the code's directory; there it has its own name, without a folder.
fn read_file(path: &Path) -> stockade::Result<(String, String)> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Fault::invalid("files", format!("\"{}\" cannot be read: {error}", path.display()))
    };
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| unreadable(&"it has no name"))?;
    let size = std::fs::metadata(path).map_err(|error| unreadable(&error))?.len();
    if size > BYTES_MAX {
        return Err(unreadable(&format!("it has {size} bytes, and {BYTES_MAX} are the most")));
    }
    Ok((name.to_owned(), STANDARD.encode(std::fs::read(path).map_err(|error| unreadable(&error))?)))
}

/// Writes what the code left in its directory. The paths were checked by whoever collected them: they lead nowhere else.
fn write_files(dir: &Path, files: &BTreeMap<String, String>) -> stockade::Result<()> {
    for (name, text) in files {
        let path = dir.join(name);
        let bytes = STANDARD.decode(text).map_err(|error| Fault::new(Kind::HostBug, error.to_string()))?;
        let folder = path.parent().unwrap_or(dir);
        let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, bytes));
        written.map_err(|error| {
            Fault::invalid(
                "out",
                format!("\"{}\" cannot be written: {error}; --out names another folder", path.display()),
            )
        })?;
    }
    Ok(())
}

/// What the run may spend: what code may by default, and what the options say.
fn budget(exec: &ExecArgs) -> Budget {
    let mut budget = exec_budget();
    let options = [(Currency::Fuel, exec.fuel), (Currency::Memory, exec.memory), (Currency::Wall, exec.timeout)];
    for (currency, amount) in options {
        budget = amount.map_or(budget, |amount| budget.with(currency, amount));
    }
    budget
}

/// The budget of a piece of code where no option says otherwise.
pub(crate) fn exec_budget() -> Budget {
    let limits = stockade::code_limits();
    Budget::default()
        .fuel(limits.fuel)
        .with(Currency::Memory, limits.memory_bytes)
        .with(Currency::Wall, limits.wall_us)
        .with(Currency::ToolCalls, 1_000)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    run_id: RunId,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Fault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<&'a Exception>,
    stdout: &'a str,
    stderr: &'a str,
    usage: Usage,
    tool_calls: Vec<Called<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<&'a str>,
}

/// A call that the code made.
#[derive(Serialize)]
struct Called<'a> {
    #[serde(flatten)]
    call: &'a ToolCall,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Fault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<&'a Usage>,
}

fn document<'a>(report: &'a Report, outcome: Option<&'a CodeOutcome>, calls: &'a [CodeCall]) -> Document<'a> {
    let ended = outcome.map(|outcome| &outcome.ended);
    Document {
        run_id: report.run_id,
        status: report.status,
        output: report.output.as_ref(),
        error: report.error.as_ref(),
        exception: ended.and_then(|ended| if let CodeEnd::Raised(exception) = ended { Some(exception) } else { None }),
        stdout: outcome.map(|outcome| outcome.stdout.as_str()).unwrap_or_default(),
        stderr: outcome.map(|outcome| outcome.stderr.as_str()).unwrap_or_default(),
        usage: report.usage,
        tool_calls: calls.iter().map(called).collect(),
        files: outcome.iter().flat_map(|outcome| outcome.files.keys().map(String::as_str)).collect(),
    }
}

fn called(CodeCall { call, ended }: &CodeCall) -> Called<'_> {
    let (output, error) = match ended.as_ref().map(|(outcome, _)| outcome) {
        Some(ToolOutcome::Returned(value)) => (Some(value), None),
        Some(ToolOutcome::Failed(fault) | ToolOutcome::Unknown(fault)) => (None, Some(fault)),
        None => (None, None),
    };
    Called { call, output, error, usage: ended.as_ref().map(|(_, used)| used) }
}

fn print(args: &Args, report: &Report, outcome: Option<&CodeOutcome>) {
    if let Some(CodeOutcome { stdout, stderr, .. }) = outcome {
        print!("{}", safe_lines(stdout));
        eprint!("{}", safe_lines(stderr));
    }
    match outcome.map(|outcome| &outcome.ended) {
        Some(CodeEnd::Returned(Value::Null)) => {}
        Some(CodeEnd::Returned(value)) => println!("{}", safe_json(value)),
        Some(CodeEnd::Raised(exception)) if exception.traceback.is_empty() => {
            anstream::eprintln!("{RED}{}{RED:#}", safe(&exception.to_string()));
        }
        Some(CodeEnd::Raised(exception)) => eprintln!("{}", safe_lines(exception.traceback.trim_end())),
        _ if report.status == Status::Suspended => show::settled(args, report),
        _ => report.error.iter().for_each(print_error),
    }
    for name in outcome.iter().flat_map(|outcome| outcome.files.keys()) {
        anstream::eprintln!("{DIM}wrote {}{DIM:#}", safe(name));
    }
}
