use std::collections::HashMap;
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
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx};

use crate::Limits;
use crate::command::Input;
use crate::crossing::RANDOM_BYTES_MAX;
use crate::state::State;
use crate::stdio::Capture;

/// When a guest's time begins: the first of January 2026.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);
/// How far a guest's time moves each time it looks.
const TICK: Duration = Duration::from_millis(1);

/// WASI 0.2 with nothing in it: no environment, captured outputs; but for a command no arguments and a closed input.
/// Files are in `files.rs`.
///
/// Unless the machine's clock was granted, the time is not the machine's: it begins at a fixed instant and moves one
/// millisecond each time it is read, and by what the guest sleeps. Unless its random was, random comes from the call's
/// seed. So the same call gives the same answer and uses the same fuel, and no guest can time anything. It does not
/// follow that the random is secret: whoever knows the seed knows it.
pub(crate) struct Wasi {
    ctx: WasiCtx,
    stdout: Capture,
    stderr: Capture,
}

impl Wasi {
    pub(crate) fn new(seed: u64, stdio_bytes: u64, real: Real, clock: &Clock, input: Option<Input>) -> Self {
        let output_bytes = input.as_ref().map(|input| input.output_bytes);
        let stdout =
            output_bytes.map_or(Capture::new("stdio_bytes", stdio_bytes), |bytes| Capture::new("output_bytes", bytes));
        let stderr = Capture::new("stdio_bytes", stdio_bytes);
        let mut ctx = WasiCtx::builder();
        if let Some(Input { args, stdin, .. }) = input {
            ctx.args(&args).stdin(MemoryInputPipe::new(stdin));
        }
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
            ctx.wall_clock(clock.clone()).monotonic_clock(clock.clone());
        }
        Self { ctx: ctx.build(), stdout, stderr }
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

    pub(crate) fn take_output(&self) -> (String, String) {
        (self.stdout.take(), self.stderr.take())
    }
}

/// A clock that moves only when it is read, and when the guest sleeps.
#[derive(Clone, Default)]
pub(crate) struct Clock {
    ns: Arc<AtomicU64>,
}

impl Clock {
    /// Reads it.
    pub(crate) fn since_start(&self) -> Duration {
        let now = self.looked_at_ns();
        self.move_to(now.saturating_add(nanos(TICK)));
        Duration::from_nanos(now)
    }

    /// Returns where it stands, and does not move it.
    pub(crate) fn looked_at_ns(&self) -> u64 {
        self.ns.load(Ordering::Relaxed)
    }

    /// Moves it on to an instant, unless it is there already.
    pub(crate) fn move_to(&self, ns: u64) {
        self.ns.fetch_max(ns, Ordering::Relaxed);
    }
}

/// The timers of a guest whose time is not the machine's.
pub(crate) struct Timers {
    pub(crate) clock: Clock,
    /// When each is ready, by the number of its pollable.
    pub(crate) at_ns: HashMap<u32, u64>,
    /// The longest sleep that takes no time.
    pub(crate) longest_ns: u64,
}

impl Timers {
    pub(crate) fn new(limits: &Limits) -> Self {
        let longest_ns = limits.wall_us.min(limits.host_us).saturating_mul(1_000);
        Self { clock: Clock::default(), at_ns: HashMap::new(), longest_ns }
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

pub(crate) fn nanos(duration: Duration) -> u64 {
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
    clocks::monotonic_clock::add_to_linker::<State, HasSelf<State>>(linker, State::called)?;
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
