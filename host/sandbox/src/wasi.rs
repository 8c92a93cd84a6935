use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::SeedableRng;
use rand::rngs::StdRng;
use stockade_workflow::Grant;
use wasmtime::component::{HasData, HasSelf, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{cli, clocks, io, random};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx};

use crate::crossing::RANDOM_BYTES_MAX;
use crate::state::State;
use crate::stdio::Capture;

/// When a guest's time begins: the first of January 2026.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);
/// How far a guest's time moves each time it looks.
const TICK: Duration = Duration::from_millis(1);

/// WASI 0.2 with nothing in it: no environment, no arguments, a closed input, captured outputs. Files are in `files.rs`.
///
/// Unless the machine's clock or random were granted, the time is not the machine's: it begins at a fixed instant and moves one millisecond each time it is read. Random
/// comes from the call's seed. So the same call gives the same answer and uses the same fuel, and no guest can time
/// anything. It does not follow that the random is secret: whoever knows the seed knows it.
pub(crate) struct Wasi {
    ctx: WasiCtx,
    stdout: Capture,
    stderr: Capture,
}

impl Wasi {
    pub(crate) fn new(seed: u64, stdio_bytes: u64, real: Real) -> Self {
        let (stdout, stderr) = (Capture::new(stdio_bytes), Capture::new(stdio_bytes));
        let mut ctx = WasiCtx::builder();
        ctx.stdout(stdout.clone()).stderr(stderr.clone()).max_random_size(RANDOM_BYTES_MAX);
        if real.random {
            // As many generators as there are interfaces, so that none tells anything about another.
            ctx.secure_random(machine_random()).insecure_random(machine_random());
            ctx.insecure_random_seed(rand::RngExt::random(&mut machine_random()));
        } else {
            ctx.secure_random(StdRng::seed_from_u64(seed))
                .insecure_random(StdRng::seed_from_u64(!seed))
                .insecure_random_seed(u128::from(seed));
        }
        if real.clock {
            ctx.wall_clock(RealClock::default()).monotonic_clock(RealClock::default());
        } else {
            let clock = Clock::default();
            ctx.wall_clock(clock.clone()).monotonic_clock(clock);
        }
        Self { ctx: ctx.build(), stdout, stderr }
    }

    pub(crate) fn ctx(&mut self) -> &mut WasiCtx {
        &mut self.ctx
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

/// What of the machine a tool was granted in place of what only looks like it.
#[derive(Clone, Copy)]
pub(crate) struct Real {
    pub(crate) clock: bool,
    pub(crate) random: bool,
}

impl Real {
    pub(crate) fn new(grants: &[Grant]) -> Self {
        Self { clock: grants.contains(&Grant::Clock), random: grants.contains(&Grant::Random) }
    }
}

/// The machine's clock, to the millisecond: enough for dates and timeouts, too coarse to tell by the time that something
/// takes what is in a cache or what a neighbour does. A guest that counts in a loop between two ticks still gets finer,
/// as it does with any clock; but what it measures are its own instructions, metered.
struct RealClock {
    started: Instant,
}

impl Default for RealClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl HostWallClock for RealClock {
    fn resolution(&self) -> Duration {
        TICK
    }

    fn now(&self) -> Duration {
        // A machine whose clock stands before 1970 has no time that WASI could tell.
        to_tick(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

impl HostMonotonicClock for RealClock {
    fn resolution(&self) -> u64 {
        nanos(TICK)
    }

    /// Counts from the guest's first use of WASI, so that it does not tell how long the machine has been up.
    fn now(&self) -> u64 {
        nanos(to_tick(self.started.elapsed()))
    }
}

fn to_tick(duration: Duration) -> Duration {
    let within = Duration::from_nanos(u64::from(duration.subsec_nanos()) % nanos(TICK));
    duration.saturating_sub(within)
}

/// A generator that is seeded by the machine.
fn machine_random() -> StdRng {
    rand::make_rng()
}

fn nanos(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}

/// An error of a stream is in the resource table, and nowhere else.
struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// Links the interfaces one by one, so that a new one in wasmtime does not become one of ours.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<State, Io>(linker, |state| state.called().resources())?;
    io::poll::add_to_linker::<State, HasSelf<State>>(linker, State::called)?;
    io::streams::add_to_linker::<State, HasSelf<State>>(linker, State::called)?;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(linker, |state| state.called().clocks())?;
    clocks::monotonic_clock::add_to_linker::<State, WasiClocks>(linker, |state| state.called().clocks())?;
    random::random::add_to_linker::<State, HasSelf<State>>(linker, State::called)?;
    random::insecure::add_to_linker::<State, HasSelf<State>>(linker, State::called)?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(linker, |state| state.called().random())?;
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
