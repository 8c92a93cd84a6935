//! The time of a guest.
//!
//! Unless the machine's clock was granted, the time is not the machine's: it begins at a fixed instant and moves one
//! millisecond each time it is read, and by what the guest sleeps. So the same call gives the same answer and uses the same
//! fuel, and no guest can time anything.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stockade_workflow::Capability;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::clocks::{WasiClocksCtx, WasiClocksCtxView};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::io::poll;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};

use super::Offer;
use crate::Limits;
use crate::context::CallContext;

pub(crate) const OFFER: Offer = Offer {
    capability: Some(Capability::Clock),
    interfaces: &[("wasi:clocks/monotonic-clock", "0.2."), ("wasi:clocks/wall-clock", "0.2.")],
};
/// When a guest's time begins: the first of January 2026.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);
/// How far a guest's time moves each time it looks.
const TICK: Duration = Duration::from_millis(1);

/// Sets which clock a guest reads.
pub(crate) fn install(wasi: &mut WasiCtxBuilder, granted: bool, clock: &Clock) {
    if granted {
        wasi.wall_clock(RealClock::default()).monotonic_clock(RealClock::default());
    } else {
        wasi.wall_clock(clock.clone()).monotonic_clock(clock.clone());
    }
}

/// The clock of one call.
pub(crate) struct View<'a> {
    /// The machine's clock was granted.
    pub(crate) granted: bool,
    pub(crate) clocks: &'a mut WasiClocksCtx,
    pub(crate) timers: &'a mut Timers,
    pub(crate) context: &'a mut CallContext,
}

struct Clocks;

impl HasData for Clocks {
    type Data<'a> = View<'a>;
}

/// Links `wasi:clocks`.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
) -> wasmtime::Result<()> {
    wall_clock::add_to_linker::<T, Clocks>(linker, view)?;
    monotonic_clock::add_to_linker::<T, Clocks>(linker, view)
}

impl View<'_> {
    /// Returns what wasmtime's own half of the interface works on.
    fn wasi(&mut self) -> WasiClocksCtxView<'_> {
        WasiClocksCtxView { ctx: self.clocks, table: &mut self.context.table }
    }
}

impl wall_clock::Host for View<'_> {
    fn now(&mut self) -> wasmtime::Result<Datetime> {
        wall_clock::Host::now(&mut self.wasi())
    }

    fn resolution(&mut self) -> wasmtime::Result<Datetime> {
        wall_clock::Host::resolution(&mut self.wasi())
    }
}

impl monotonic_clock::Host for View<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        monotonic_clock::Host::now(&mut self.wasi())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        monotonic_clock::Host::resolution(&mut self.wasi())
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        if self.granted {
            return self.wasi().subscribe_instant(when);
        }
        self.timers.begin(&mut self.context.table, when)
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        if self.granted {
            return self.wasi().subscribe_duration(duration);
        }
        let now = self.timers.clock.looked_at_ns();
        self.timers.begin(&mut self.context.table, now.saturating_add(duration))
    }
}

/// A clock that moves only when it is read, and when the guest sleeps.
#[derive(Clone)]
pub(crate) struct Clock {
    ns: Arc<AtomicU64>,
    /// The time of day when it stands at its start, in nanoseconds since the Unix epoch.
    epoch_ns: Arc<AtomicU64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { ns: Arc::default(), epoch_ns: Arc::new(AtomicU64::new(nanos(EPOCH))) }
    }
}

impl Clock {
    /// Reads it.
    fn since_start(&self) -> Duration {
        let now = self.looked_at_ns();
        self.move_to(now.saturating_add(nanos(TICK)));
        Duration::from_nanos(now)
    }

    /// Returns where it stands, and does not move it.
    fn looked_at_ns(&self) -> u64 {
        self.ns.load(Ordering::Relaxed)
    }

    /// Sets the time of day, in milliseconds since the Unix epoch; without one it counts from the instant of every guest.
    pub(crate) fn stand_at(&self, ms: Option<u64>) {
        let epoch_ns = |ms: u64| ms.saturating_mul(1_000_000).saturating_sub(self.looked_at_ns());
        self.epoch_ns.store(ms.map_or(nanos(EPOCH), epoch_ns), Ordering::Relaxed);
    }

    /// Moves it on to an instant, unless it is there already.
    fn move_to(&self, ns: u64) {
        self.ns.fetch_max(ns, Ordering::Relaxed);
    }
}

/// The timers of a guest whose time is not the machine's.
pub(crate) struct Timers {
    pub(crate) clock: Clock,
    /// When each is ready, by the number of its pollable.
    at_ns: HashMap<u32, u64>,
    /// The longest sleep that takes no time.
    longest_ns: u64,
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
        Duration::from_nanos(self.epoch_ns.load(Ordering::Relaxed)).saturating_add(self.since_start())
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

/// A pollable that is ready at an instant of the guest's own clock.
///
/// By itself it waits for as long in the machine's time, and then moves the guest's clock on; so it does beside what
/// comes from outside, such as the answer to a request: a guest that may use the network can ask it for the time. Where a
/// guest waits for timers alone, its clock is moved at once (see [`Timers::skipped`]); where it may not use the network,
/// timers do not end the wait for anything else (see [`Timers::poll_beside`]); and where it asks whether a timer is
/// ready, the machine's time has no part in the answer: a guest that counts how often it can ask would measure it.
struct Timer {
    at_ns: u64,
    clock: Clock,
    yielded: bool,
}

#[async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        let left_ns = self.at_ns.saturating_sub(self.clock.looked_at_ns());
        if left_ns > 0 {
            tokio::time::sleep(Duration::from_nanos(left_ns)).await;
            self.clock.move_to(self.at_ns);
        } else if !self.yielded {
            // Once, as wasmtime's own: or a guest that polls with no patience would never let a socket become ready.
            self.yielded = true;
            tokio::task::yield_now().await;
        }
    }
}

impl Timers {
    fn begin(&mut self, table: &mut ResourceTable, at_ns: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let clock = self.clock.clone();
        let timer = table.push(Timer { at_ns, clock, yielded: false })?;
        let pollable = subscribe(table, timer)?;
        self.at_ns.insert(pollable.rep(), at_ns);
        Ok(pollable)
    }

    /// Returns which of some pollables are ready, where all are timers: without waiting, for the guest's clock is moved
    /// to the first of them.
    ///
    /// None for other pollables, and where the guest would sleep for longer than its call may take: then it does.
    pub(super) fn skipped(&self, pollables: &[Resource<DynPollable>]) -> Option<Vec<u32>> {
        let at = pollables.iter().map(|pollable| self.at_ns.get(&pollable.rep()).copied());
        let at: Vec<u64> = at.collect::<Option<_>>()?;
        let (clock, first) = (&self.clock, *at.iter().min()?);
        if first.saturating_sub(clock.looked_at_ns()) > self.longest_ns {
            return None;
        }
        clock.move_to(first);
        let now = clock.looked_at_ns();
        let ready = at.iter().zip(0..).filter(|(at, _)| **at <= now).map(|(_, index)| index);
        Some(ready.collect())
    }

    /// Waits for those of some pollables that are no timers, and returns which are ready, of the timers those that were
    /// when it began.
    ///
    /// For a guest without the network: what else it waits for, its files and its output, the host makes ready soon, and
    /// a timer of the machine's time that ran beside them would measure how soon.
    pub(super) async fn poll_beside(
        &self,
        table: &mut ResourceTable,
        pollables: Vec<Resource<DynPollable>>,
    ) -> wasmtime::Result<Vec<u32>> {
        let all = (0..).zip(pollables);
        let (timers, others): (Vec<_>, Vec<_>) = all.partition(|(_, one)| self.at_ns.contains_key(&one.rep()));
        if others.is_empty() {
            let timers = timers.into_iter().map(|(_, timer)| timer).collect();
            return poll::Host::poll(table, timers).await;
        }
        let (indices, others): (Vec<u32>, Vec<_>) = others.into_iter().unzip();
        let now = self.clock.looked_at_ns();
        let is_due = |timer: &Resource<DynPollable>| self.at_ns.get(&timer.rep()).is_some_and(|at| *at <= now);
        let due = timers.iter().filter(|(_, timer)| is_due(timer)).map(|(index, _)| *index);
        let mut ready: Vec<u32> = due.collect();
        let polled = poll::Host::poll(table, others).await?;
        ready.extend(polled.iter().filter_map(|other| indices.get(*other as usize)));
        ready.sort_unstable();
        Ok(ready)
    }

    /// Returns whether a timer is ready; to ask is to look at the clock. None for any other pollable.
    pub(super) fn is_ready(&self, pollable: &Resource<DynPollable>) -> Option<bool> {
        let at_ns = self.at_ns.get(&pollable.rep())?;
        Some(nanos(self.clock.since_start()) >= *at_ns)
    }

    /// Forgets a pollable that the guest has dropped.
    pub(super) fn forget(&mut self, pollable: &Resource<DynPollable>) {
        self.at_ns.remove(&pollable.rep());
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

fn nanos(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}
