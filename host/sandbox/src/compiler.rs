use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use stockade_workflow::{Digest, Fault, Kind};
use wasmtime::Engine;

use crate::failure::chain;
use crate::settings::code_settings;
use crate::{Compiler, Config, Result, cache, sections};

/// Worker processes at one time. A second, so that one component that takes all its time does not keep others waiting.
const WORKERS_MAX: u32 = 2;
/// Threads that compile in one worker. More would make the memory that a component takes depend on the machine.
const THREADS_MAX: &str = "4";
/// A worker yields to everything else that the machine does.
const NICENESS: i32 = 10;
/// Address space that a worker may have beside its memory: its program, and what the allocator reserves and does not use.
const ADDRESS_BYTES: u64 = 2 << 30;
/// Files that a worker may have open: its two pipes, and what it reads of `/proc` to count the processors.
const FILES_MAX: u64 = 16;

/// Whose turn it is to compile.
pub(crate) struct Turns {
    free: Mutex<u32>,
    freed: Condvar,
}

struct Turn(Arc<Turns>);

impl Compiler {
    pub(crate) fn turns(&self) -> Arc<Turns> {
        let free = match self {
            Self::Thread => 1,
            Self::Process { .. } => WORKERS_MAX,
        };
        Arc::new(Turns { free: Mutex::new(free), freed: Condvar::new() })
    }

    /// Compiles a component that was admitted. Blocks.
    ///
    /// # Errors
    ///
    /// It takes too much, or wasmtime has a reason that admission does not know.
    pub(crate) fn compile(&self, engine: &Engine, turns: &Arc<Turns>, config: &Config, wasm: &[u8]) -> Result<Vec<u8>> {
        let bounds = Bounds { us: config.compile_us, bytes: config.compile_bytes };
        let turn = Turns::take(turns, bounds)?;
        match self {
            Self::Thread => on_a_thread(engine, turn, bounds, wasm),
            Self::Process { program, arguments } => {
                let mut command = Command::new(program);
                command.args(arguments);
                let order = Order { bounds, portable_floats: config.portable_floats };
                in_a_process(command, order, &cache::settings(engine), wasm)
            }
        }
    }
}

impl Turns {
    /// Waits for a turn, as long as one component may take: the component before has no longer either.
    fn take(turns: &Arc<Self>, bounds: Bounds) -> Result<Turn> {
        let free = turns.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut free, _) = turns
            .freed
            .wait_timeout_while(free, bounds.wall(), |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        let Some(left) = free.checked_sub(1) else {
            let message = format!("the compiler has been busy with other components for {} µs; try again", bounds.us);
            return Err(Fault::new(Kind::Deadline, message).detail("compile"));
        };
        *free = left;
        Ok(Turn(Arc::clone(turns)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

/// What one compilation may take.
#[derive(Clone, Copy)]
struct Bounds {
    us: u64,
    bytes: u64,
}

impl Bounds {
    fn wall(self) -> Duration {
        Duration::from_micros(self.us)
    }

    fn too_long(self, started: Instant) -> Fault {
        let used = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let message = format!("the component takes more than {} µs to be compiled", self.us);
        Fault::limit(Kind::Invalid, "compile_us", self.us, used, message).detail("component")
    }

    /// What exactly it wanted dies with the worker.
    fn too_large(self) -> Fault {
        let message = format!("the component takes more than {} bytes of memory to be compiled", self.bytes);
        Fault::limit(Kind::Invalid, "compile_bytes", self.bytes, self.bytes, message).detail("component")
    }
}

/// What a worker is told before the component.
#[derive(Clone, Copy)]
struct Order {
    bounds: Bounds,
    portable_floats: bool,
}

impl Order {
    fn write(self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.bounds.us.to_le_bytes())?;
        out.write_all(&self.bounds.bytes.to_le_bytes())?;
        out.write_all(&[u8::from(self.portable_floats)])
    }

    fn read(input: &mut impl Read) -> io::Result<Self> {
        let (mut us, mut bytes, mut portable_floats) = ([0; 8], [0; 8], [0]);
        input.read_exact(&mut us)?;
        input.read_exact(&mut bytes)?;
        input.read_exact(&mut portable_floats)?;
        let bounds = Bounds { us: u64::from_le_bytes(us), bytes: u64::from_le_bytes(bytes) };
        Ok(Self { bounds, portable_floats: portable_floats != [0] })
    }
}

fn on_a_thread(engine: &Engine, turn: Turn, bounds: Bounds, wasm: &[u8]) -> Result<Vec<u8>> {
    let (engine, wasm, started) = (engine.clone(), wasm.to_vec(), Instant::now());
    let (answer, answered) = mpsc::sync_channel(1);
    let compile = move || {
        // The caller that waited may have given up.
        let _ = answer.send(engine.precompile_component(&wasm));
        drop(turn);
    };
    thread::Builder::new().name("compile".to_owned()).spawn(compile).map_err(no_compiler)?;
    match answered.recv_timeout(bounds.wall()) {
        Ok(code) => code.map_err(|error| inadmissible(&error)),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(bounds.too_long(started)),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(Fault::invalid("component", "the compiler panicked over the component"))
        }
    }
}

fn in_a_process(command: Command, order: Order, settings: &Digest, wasm: &[u8]) -> Result<Vec<u8>> {
    let bounds = order.bounds;
    let started = Instant::now();
    let (mut worker, input, output) = Worker::start(command).map_err(no_compiler)?;
    let answer = thread::scope(|scope| {
        let (send, sent) = mpsc::sync_channel(1);
        let tell = move || drop(ask(input, order, wasm));
        let hear = move || drop(send.send(hear(output, bounds)));
        let talk = thread::Builder::new().spawn_scoped(scope, tell);
        let talk = talk.and_then(|_| thread::Builder::new().spawn_scoped(scope, hear));
        let answer = match talk {
            Ok(_) => sent.recv_timeout(bounds.wall()).map_err(|_| bounds.too_long(started)),
            Err(refused) => Err(no_compiler(refused)),
        };
        let answer = answer.map(|answer| (answer, worker.ended(bounds, started)));
        // Whatever the threads wait for, it ends now: a worker may also answer without reading what it is told.
        worker.kill();
        answer
    });
    let (answer, status) = answer?;
    let (answer, status) = (answer.map_err(no_compiler)?, status?);
    if status.success() { understand(&answer, bounds, settings) } else { Err(died(status, bounds, started)) }
}

/// A worker process, which ends when this is dropped.
struct Worker(Child);

impl Worker {
    fn start(mut command: Command) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        command.env_clear().env("RAYON_NUM_THREADS", THREADS_MAX).current_dir("/");
        // Where the program's allocator is mimalloc, a gigabyte that it sets aside would count as used.
        command.env("MIMALLOC_ARENA_EAGER_COMMIT", "0");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut worker = Self(command.spawn()?);
        match (worker.0.stdin.take(), worker.0.stdout.take()) {
            (Some(input), Some(output)) => Ok((worker, input, output)),
            _ => Err(io::Error::other("the worker has no pipes")),
        }
    }

    fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
    }

    /// It has closed its output, and has nothing left to do but to end.
    fn ended(&mut self, bounds: Bounds, started: Instant) -> Result<ExitStatus> {
        while started.elapsed() < bounds.wall() {
            if let Some(status) = self.0.try_wait().map_err(no_compiler)? {
                return Ok(status);
            }
            thread::sleep(Duration::from_micros(100));
        }
        Err(bounds.too_long(started))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
        let _ = self.0.wait();
    }
}

/// What the worker answers begins with one of these.
const CODE: u8 = b'c';
const REFUSAL: u8 = b'r';
const NO_MEMORY: u8 = b'm';

fn ask(mut input: ChildStdin, order: Order, wasm: &[u8]) -> io::Result<()> {
    order.write(&mut input)?;
    input.write_all(wasm)
}

fn hear(output: ChildStdout, bounds: Bounds) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    output.take(bounds.bytes).read_to_end(&mut answer)?;
    Ok(answer)
}

fn understand(answer: &[u8], bounds: Bounds, settings: &Digest) -> Result<Vec<u8>> {
    match answer.split_first() {
        Some((&CODE, rest)) => match rest.strip_prefix(settings.as_str().as_bytes()) {
            Some(code) => Ok(code.to_vec()),
            None => Err(no_compiler(io::Error::other("it is of another version than this program"))),
        },
        Some((&REFUSAL, why)) => Err(Fault::invalid("component", String::from_utf8_lossy(why))),
        Some((&NO_MEMORY, _)) => Err(bounds.too_large()),
        _ => Err(no_compiler(io::Error::other("it gave no answer"))),
    }
}

fn died(status: ExitStatus, bounds: Bounds, started: Instant) -> Fault {
    let signal = status.signal();
    let is = |one: Signal| signal == Some(one.as_raw());
    if is(Signal::XCPU) {
        return bounds.too_long(started);
    }
    // Rust aborts where memory is refused to it; the system kills where it has none itself.
    if is(Signal::ABORT) || is(Signal::KILL) {
        return bounds.too_large();
    }
    // Whose fault that is cannot be told.
    Fault::invalid("compiler", format!("the compiler failed over the component: {status}"))
}

fn no_compiler(error: io::Error) -> Fault {
    Fault::invalid("compiler", format!("the compile worker cannot be used: {error}"))
}

/// Compiles the component on standard input to machine code on standard output, within the bounds that it is given there.
///
/// This is all that the program of a [`Compiler::Process`] does. It has the limits of its process lowered first, so that it
/// must not be called in a program that does anything else.
///
/// # Errors
///
/// The pipes do not lead to an engine, or the limits cannot be set.
pub fn compile_worker() -> Result<()> {
    serve(&mut io::stdin().lock(), &mut io::stdout().lock()).map_err(no_compiler)
}

fn serve(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    let Order { bounds, portable_floats } = Order::read(input)?;
    confine(bounds)?;
    let mut wasm = Vec::new();
    input.read_to_end(&mut wasm)?;
    let engine = Engine::new(&code_settings(portable_floats)).map_err(io::Error::other)?;
    match engine.precompile_component(&wasm) {
        Ok(code) => {
            output.write_all(&[CODE])?;
            output.write_all(cache::settings(&engine).as_str().as_bytes())?;
            output.write_all(&code)?;
        }
        Err(error) if is_no_memory(&error) => output.write_all(&[NO_MEMORY])?,
        Err(error) => {
            output.write_all(&[REFUSAL])?;
            output.write_all(inadmissible(&error).message.as_bytes())?;
        }
    }
    output.flush()
}

fn is_no_memory(error: &wasmtime::Error) -> bool {
    let refused = |cause: &(dyn std::error::Error + 'static)| {
        let of_system =
            cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory);
        of_system || cause.downcast_ref() == Some(&rustix::io::Errno::NOMEM)
    };
    error.is::<wasmtime::OutOfMemory>() || error.chain().any(refused)
}

/// Takes from this process what a compilation does not need.
fn confine(bounds: Bounds) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::thread::set_no_new_privs(true)?;
    rustix::process::nice(NICENESS)?;
    // At the first of the two a process is told by a signal of its own, at the second it is killed as for anything else.
    let seconds = bounds.us.div_ceil(1_000_000);
    setrlimit(Resource::Cpu, Rlimit { current: Some(seconds), maximum: Some(seconds.saturating_add(1)) })?;
    let limits = [
        (Resource::Data, bounds.bytes),
        (Resource::As, bounds.bytes.saturating_add(ADDRESS_BYTES)),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Nofile, FILES_MAX),
    ];
    for (resource, limit) in limits {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    Ok(())
}

/// Says that wasmtime does not take a component.
pub(crate) fn inadmissible(error: &wasmtime::Error) -> Fault {
    sections::not_valid(&chain(error))
}
