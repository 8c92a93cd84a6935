use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use stockade_sandbox::{
    CallFromCode, Cell, CodeFunction, Config, Engine, Interpreter, Limits, Outcome, Session, Spelling, ToolHandler,
};
use stockade_workflow::Usage;
use tokio::runtime::Runtime;

pub(crate) const ALL: [&str; 3] = ["javascript", "python-lite", "python"];

/// An interpreter with a runtime to call it from.
pub(crate) struct Language {
    interpreter: Interpreter,
    ready: Interpreter,
    bytes: Vec<u8>,
    runtime: Runtime,
}

/// A piece of code with its input and what it must come to.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) source: String,
    pub(crate) input: Value,
    pub(crate) functions: Vec<CodeFunction>,
}

/// A tool that answers at once.
struct Idle;

#[async_trait]
impl ToolHandler for Idle {
    async fn call(&self, call: CallFromCode<'_>) -> Outcome {
        let (stdout, stderr, log) = (String::new(), String::new(), Vec::new());
        Outcome { result: Ok(call.number.into()), usage: Usage::default(), stdout, stderr, log }
    }
}

impl Program {
    /// Code that is itself the value: the same in all languages.
    pub(crate) fn hello() -> Self {
        Self { source: "'hello'".to_owned(), input: Value::Null, functions: Vec::new() }
    }
}

impl Language {
    /// Loads a language, if its component is there.
    pub(crate) fn load(name: &str) -> Option<Self> {
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let file = match name {
            "python" => root.join("target/languages/interpreter-python.wasm"),
            _ => root.join(format!("guest-tools/dist/{name}.wasm")),
        };
        let Ok(bytes) = std::fs::read(&file) else {
            println!("{name} is not there: tests/interpreters makes it");
            return None;
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let config = Config { concurrency: 1_000, memory_bytes_max: 128 << 20, ..Config::default() };
        let engine = Engine::new(config).unwrap();
        let interpreter = Interpreter::new(&engine, name, engine.load(&bytes).unwrap()).unwrap();
        let ready = interpreter.clone().keep_ready(1, limits());
        Some(Self { interpreter, ready, bytes, runtime })
    }

    pub(crate) fn name(&self) -> &str {
        self.interpreter.language()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Runs a program in a fresh instance each time, from its making to its value.
    pub(crate) fn fresh(&self, program: &Program, calls: usize) -> Vec<Duration> {
        self.timed(&self.interpreter, program, calls, false)
    }

    /// The same in an instance that was ready, which one is made for each of them in between.
    pub(crate) fn ready(&self, program: &Program, calls: usize) -> Vec<Duration> {
        let once = |_| {
            self.runtime.block_on(async {
                for _ in 0..100 {
                    tokio::task::yield_now().await
                }
            });
            self.timed(&self.ready, program, 1, false)
        };
        (0..calls).flat_map(once).collect()
    }

    /// The same, and until the instance is gone.
    pub(crate) fn fresh_and_gone(&self, program: &Program, calls: usize) -> Vec<Duration> {
        self.timed(&self.interpreter, program, calls, true)
    }

    fn timed(&self, interpreter: &Interpreter, program: &Program, calls: usize, and_gone: bool) -> Vec<Duration> {
        let once = |_| {
            let started = Instant::now();
            let mut session = interpreter.session(&[], 1).unwrap();
            self.run(&mut session, program);
            if and_gone {
                drop(session);
                return started.elapsed();
            }
            started.elapsed()
        };
        (0..calls).map(once).collect()
    }

    /// Runs a program in one instance again and again.
    pub(crate) fn in_session(&self, program: &Program, calls: usize) -> Vec<Duration> {
        let mut session = self.interpreter.session(&[], 1).unwrap();
        self.run(&mut session, program);
        let once = |_| {
            let started = Instant::now();
            self.run(&mut session, program);
            started.elapsed()
        };
        (0..calls).map(once).collect()
    }

    fn run(&self, session: &mut Session, program: &Program) {
        let Program { source, input, functions } = program;
        let input = &input.into();
        let cell = Cell {
            name: "code",
            source,
            input,
            functions,
            handler: Arc::new(Idle),
            place: 1,
            tool_calls: 1_000,
            idempotency_key: "bench",
            limits: limits(),
            begins_ms: None,
        };
        let outcome = self.runtime.block_on(session.run(cell));
        outcome.result.unwrap().unwrap();
    }

    /// Returns how much memory each of so many sessions takes that live and have run a cell.
    pub(crate) fn live_mib(&self, count: usize) -> Option<f64> {
        let before = resident_kib()?;
        let mut sessions: Vec<_> = (0..count).map(|_| self.interpreter.session(&[], 1).unwrap()).collect();
        sessions.iter_mut().for_each(|session| self.run(session, &Program::hello()));
        Some((resident_kib()? - before) as f64 / count as f64 / 1024.0)
    }

    /// Code that calls a tool so many times.
    pub(crate) fn calling(&self, times: usize) -> Program {
        let source = match self.name() {
            "javascript" => {
                format!("let last; for (let i = 0; i < {times}; i++) last = await tool.idle({{n: i}}); return last")
            }
            _ => format!("for i in range({times}):\n    result = tool.idle(n=i)\nresult"),
        };
        let parameters = vec![("n".to_owned(), false)];
        let function = CodeFunction {
            name: "tool.idle".to_owned(),
            docs: "Does nothing.".to_owned(),
            parameters,
            spelling: Spelling::default(),
        };
        Program { source, input: Value::Null, functions: vec![function] }
    }

    /// Code that filters, groups, sorts and encodes a thousand rows.
    pub(crate) fn json(&self) -> Program {
        let source = match self.name() {
            "javascript" => include_str!("rows.js"),
            _ => include_str!("rows.py"),
        };
        let rows: Vec<_> = (0..1_000)
            .map(|n| json!({"id": n, "user": format!("user_{}", n * 7919 % 1000), "group": n % 17, "amount": n * 37 % 1009, "note": "a note of some words"}))
            .collect();
        Program { source: source.to_owned(), input: json!({ "rows": rows }), functions: Vec::new() }
    }

    /// The same hello by the language's own program, if it has one.
    pub(crate) fn native(&self) -> Option<(&'static str, (&'static str, [&'static str; 2]))> {
        match self.name() {
            "javascript" => Some(("node -e, a process of its own: hello", ("node", ["-e", "console.log('hello')"]))),
            "python" => Some(("python3 -c, a process of its own: hello", ("python3", ["-c", "print('hello')"]))),
            _ => None,
        }
    }
}

/// Far above what the programs need: every limit is on, and none is what they run into.
pub(crate) fn limits() -> Limits {
    Limits::default()
        .fuel(20_000_000_000)
        .wall_us(60_000_000)
        .host_us(60_000_000)
        .memory_bytes(128 << 20)
        .table_elements(100_000)
        .hostcall_bytes(64 << 20)
}

fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
