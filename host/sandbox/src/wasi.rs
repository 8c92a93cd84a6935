use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, io, random};
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx};

use crate::command::Input;
use crate::state::State;
use crate::stdio::Capture;

/// The most random bytes of one request.
const RANDOM_BYTES_MAX: u64 = 64 << 10;
/// When a guest's time begins: the first of January 2026.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);
/// How far a guest's time moves each time it looks.
const TICK: Duration = Duration::from_millis(1);

/// WASI 0.2 with nothing in it: no files, no environment, captured outputs; but for a command no arguments and a closed
/// input.
///
/// The time is not the machine's: it begins at a fixed instant and moves one millisecond each time it is read. Random
/// comes from the call's seed. So the same call gives the same answer and uses the same fuel, and no guest can time
/// anything. It does not follow that the random is secret: whoever knows the seed knows it.
pub(crate) struct Wasi {
    ctx: WasiCtx,
    stdout: Capture,
    stderr: Capture,
}

impl Wasi {
    pub(crate) fn new(seed: u64, stdio_bytes: u64, input: Option<Input>) -> Self {
        let output_bytes = input.as_ref().map(|input| input.output_bytes);
        let stdout =
            output_bytes.map_or(Capture::new("stdio_bytes", stdio_bytes), |bytes| Capture::new("output_bytes", bytes));
        let stderr = Capture::new("stdio_bytes", stdio_bytes);
        let clock = Clock::default();
        let mut builder = WasiCtx::builder();
        if let Some(Input { args, stdin, .. }) = input {
            builder.args(&args).stdin(MemoryInputPipe::new(stdin));
        }
        let ctx = builder
            .stdout(stdout.clone())
            .stderr(stderr.clone())
            .secure_random(StdRng::seed_from_u64(seed))
            .insecure_random(StdRng::seed_from_u64(!seed))
            .insecure_random_seed(u128::from(seed))
            .max_random_size(RANDOM_BYTES_MAX)
            .wall_clock(clock.clone())
            .monotonic_clock(clock)
            .build();
        Self { ctx, stdout, stderr }
    }

    pub(crate) fn ctx(&mut self) -> &mut WasiCtx {
        &mut self.ctx
    }

    pub(crate) fn stdout(&self) -> String {
        self.stdout.take()
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    pub(crate) fn written(self) -> (String, String) {
        (self.stdout.take(), self.stderr.take())
    }
}

/// A clock that moves only when it is read.
#[derive(Clone, Default)]
struct Clock {
    ticks: Arc<AtomicU64>,
}

impl Clock {
    fn since_start(&self) -> Duration {
        let ticks = self.ticks.fetch_add(1, Ordering::Relaxed);
        TICK.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX))
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        TICK
    }

    fn now(&self) -> Duration {
        EPOCH.saturating_add(self.since_start())
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        nanos(TICK)
    }

    fn now(&self) -> u64 {
        nanos(self.since_start())
    }
}

fn nanos(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}

/// `wasi:io` works on the resource table alone.
struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// Links the interfaces one by one, so that a new one in wasmtime does not become one of ours.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<State, Io>(linker, |state| state.called().resources())?;
    io::poll::add_to_linker::<State, Io>(linker, |state| state.called().resources())?;
    io::streams::add_to_linker::<State, Io>(linker, |state| state.called().resources())?;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(linker, |state| state.called().clocks())?;
    clocks::monotonic_clock::add_to_linker::<State, WasiClocks>(linker, |state| state.called().clocks())?;
    random::random::add_to_linker::<State, WasiRandom>(linker, |state| state.called().random())?;
    random::insecure::add_to_linker::<State, WasiRandom>(linker, |state| state.called().random())?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(linker, |state| state.called().random())?;
    filesystem::preopens::add_to_linker::<State, WasiFilesystem>(linker, |state| state.called().filesystem())?;
    filesystem::types::add_to_linker::<State, WasiFilesystem>(linker, |state| state.called().filesystem())?;
    add_cli(linker)
}

fn add_cli(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    cli::environment::add_to_linker::<State, WasiCli>(linker, |state| state.called().cli())?;
    cli::exit::add_to_linker::<State, WasiCli>(linker, |state| state.called().cli())?;
    cli::stdin::add_to_linker::<State, WasiCli>(linker, |state| state.called().cli())?;
    cli::stdout::add_to_linker::<State, WasiCli>(linker, |state| state.called().cli())?;
    cli::stderr::add_to_linker::<State, WasiCli>(linker, |state| state.called().cli())?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(linker, |state| state.called().cli())?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(linker, |state| state.called().cli())?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(linker, |state| state.called().cli())?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(linker, |state| state.called().cli())?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(linker, |state| state.called().cli())?;
    Ok(())
}
