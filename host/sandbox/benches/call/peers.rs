//! The same tool elsewhere: in Extism and wasmi (a worker program with dependencies of its own, driven over its stdin),
//! in a process of its own, and in Python.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Error, Result, bail, ensure};
use bench_tool::ORDER;
use serde_json::Value;

use crate::guests::{built, core_module, root};

/// Extism 1.41 is on wasmtime 49, which wants this Rust.
const RUST_MINOR_MIN: u32 = 96;
/// The body of the tool as a Python programmer would write it.
const QUOTE_PY: &str = include_str!("quote.py");

/// A running worker, which makes calls in Extism and in wasmi when it is asked to.
#[derive(Clone)]
pub(crate) struct Worker {
    inner: Rc<RefCell<Inner>>,
}

struct Inner {
    process: Child,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    /// Builds the worker if it is not built yet, which takes minutes, and starts it.
    ///
    /// # Errors
    ///
    /// Says why it cannot be built.
    pub(crate) fn start() -> Result<Self> {
        let program = build(&mut cargo_for_peers()?, "host/sandbox/benches/peers/Cargo.toml", "peers")?;
        let module = program.with_file_name("bench-lean.core.wasm");
        std::fs::write(&module, core_module(&built("bench-lean"))).context("the module cannot be written")?;
        let mut worker = Command::new(program);
        worker.arg(module).arg(root("guest-tools/dist/bench-extism.wasm"));
        let process = worker.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = process.context("the worker does not start")?;
        let answers = BufReader::new(process.stdout.take().context("the worker has no stdout")?);
        Ok(Self { inner: Rc::new(RefCell::new(Inner { process, answers })) })
    }

    /// Makes calls in one peer, and returns the time of each.
    pub(crate) fn play(&self, peer: &str, calls: usize) -> Vec<Duration> {
        let mut inner = self.inner.borrow_mut();
        writeln!(inner.process.stdin.as_mut().unwrap(), "{peer} {calls}").unwrap();
        let mut line = String::new();
        inner.answers.read_line(&mut line).unwrap();
        let times: Vec<_> = line.split_whitespace().map(|nanos| Duration::from_nanos(nanos.parse().unwrap())).collect();
        assert_eq!(times.len(), calls, "the worker ended in the middle of \"{peer}\"");
        times
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Without its stdin it ends by itself.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// A program that takes the order on its stdin.
pub(crate) struct Program {
    path: PathBuf,
    arguments: &'static [&'static str],
}

impl Program {
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }
}

/// Builds the tool as a static program.
pub(crate) fn native() -> Result<Program> {
    let mut cargo = Command::new("cargo");
    cargo.env("RUSTFLAGS", "-Ctarget-feature=+crt-static").env("CARGO_PROFILE_RELEASE_STRIP", "true");
    let path = build(cargo.args(["--config", "build.jobs=2"]), "guest-tools/Cargo.toml", "bench-tool")?;
    checked(Program { path, arguments: &[] })
}

/// Finds Python itself: what is called `python3` may be a script that looks for it, and that is not what is measured.
pub(crate) fn python() -> Result<Program> {
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable, end='')"]).output();
    let path = String::from_utf8_lossy(&asked.context("python3 does not start")?.stdout).into_owned();
    checked(Program { path: path.into(), arguments: &["-c", QUOTE_PY] })
}

/// Runs a program again and again, and returns the time that each took from its start to its end.
pub(crate) fn run(command: &mut Command, calls: usize) -> Vec<Duration> {
    let once = |_| {
        let started = Instant::now();
        std::hint::black_box(answer(command).unwrap());
        started.elapsed()
    };
    (0..calls).map(once).collect()
}

fn answer(command: &mut Command) -> std::io::Result<Vec<u8>> {
    let mut process = command.spawn()?;
    if let Some(mut stdin) = process.stdin.take() {
        stdin.write_all(ORDER.as_bytes())?;
    }
    Ok(process.wait_with_output()?.stdout)
}

/// Sees that a program does what the tool does.
fn checked(program: Program) -> Result<Program> {
    let answer = answer(&mut program.command()).context("the program does not run")?;
    let parsed = |text: &[u8]| serde_json::from_slice::<Value>(text).context("the answer is not JSON");
    let expected = bench_tool::call("quote", ORDER).map_err(Error::msg)?;
    ensure!(parsed(&answer)? == parsed(expected.as_bytes())?, "the program does not answer as the tool does");
    Ok(program)
}

/// Builds a package in release, in a folder of its own under `target`, and returns its program.
fn build(cargo: &mut Command, manifest: &str, package: &str) -> Result<PathBuf> {
    let target = root("target").join(format!("bench-{package}"));
    cargo.args(["build", "--release", "--locked", "--quiet", "--package", package]);
    cargo.arg("--manifest-path").arg(root(manifest)).arg("--target-dir").arg(&target);
    let built = cargo.stderr(Stdio::inherit()).status().context("cargo does not start")?;
    ensure!(built.success(), "\"{package}\" does not build");
    Ok(target.join("release").join(package))
}

/// Returns a cargo with a rustc that is new enough for Extism: the project's own, or the system's.
fn cargo_for_peers() -> Result<Command> {
    for (rustc, cargo) in [("rustc", "cargo"), ("/usr/bin/rustc", "/usr/bin/cargo")] {
        if minor(rustc).is_some_and(|minor| minor >= RUST_MINOR_MIN) {
            let mut command = Command::new(cargo);
            command.env("RUSTC", rustc);
            return Ok(command);
        }
    }
    bail!("no Rust 1.{RUST_MINOR_MIN} found (guest-tools/build --install brings one)")
}

fn minor(rustc: &str) -> Option<u32> {
    let version = Command::new(rustc).arg("--version").output().ok()?;
    String::from_utf8(version.stdout).ok()?.split('.').nth(1)?.parse().ok()
}
