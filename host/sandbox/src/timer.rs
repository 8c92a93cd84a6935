//! Timers, for a guest whose time is not the machine's.

use std::time::Duration;

use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::clocks::WasiClocksView;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::bindings::io::poll;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use crate::state::State;
use crate::wasi::{Clock, nanos};

/// A pollable that is ready at an instant of the guest's own clock.
///
/// By itself it waits for as long in the machine's time, and then moves the guest's clock on; so it does beside what
/// comes from outside, such as the answer to a request: a guest that may use the network can ask it for the time. Where a
/// guest waits for timers alone, its clock is moved at once (see [`State::skipped`]); where it may not use the network,
/// timers do not end the wait for anything else (see [`State::poll_beside_timers`]); and where it asks whether a timer is
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

impl State {
    fn timer(&mut self, at_ns: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let clock = self.timers.clock.clone();
        let timer = self.resources().push(Timer { at_ns, clock, yielded: false })?;
        let pollable = subscribe(self.resources(), timer)?;
        self.timers.at_ns.insert(pollable.rep(), at_ns);
        Ok(pollable)
    }

    /// Returns which of some pollables are ready, where all are timers: without waiting, for the guest's clock is moved
    /// to the first of them.
    ///
    /// None for other pollables, and where the guest would sleep for longer than its call may take: then it does.
    pub(crate) fn skipped(&self, pollables: &[Resource<DynPollable>]) -> Option<Vec<u32>> {
        let at = pollables.iter().map(|pollable| self.timers.at_ns.get(&pollable.rep()).copied());
        let at: Vec<u64> = at.collect::<Option<_>>()?;
        let (clock, first) = (&self.timers.clock, *at.iter().min()?);
        if first.saturating_sub(clock.looked_at_ns()) > self.timers.longest_ns {
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
    pub(crate) async fn poll_beside_timers(
        &mut self,
        pollables: Vec<Resource<DynPollable>>,
    ) -> wasmtime::Result<Vec<u32>> {
        let all = (0..).zip(pollables);
        let (timers, others): (Vec<_>, Vec<_>) = all.partition(|(_, one)| self.timers.at_ns.contains_key(&one.rep()));
        if others.is_empty() {
            let timers = timers.into_iter().map(|(_, timer)| timer).collect();
            return poll::Host::poll(self.resources(), timers).await;
        }
        let (indices, others): (Vec<u32>, Vec<_>) = others.into_iter().unzip();
        let now = self.timers.clock.looked_at_ns();
        let is_due = |timer: &Resource<DynPollable>| self.timers.at_ns.get(&timer.rep()).is_some_and(|at| *at <= now);
        let due = timers.iter().filter(|(_, timer)| is_due(timer)).map(|(index, _)| *index);
        let mut ready: Vec<u32> = due.collect();
        let polled = poll::Host::poll(self.resources(), others).await?;
        ready.extend(polled.iter().filter_map(|other| indices.get(*other as usize)));
        ready.sort_unstable();
        Ok(ready)
    }

    /// Returns whether a timer is ready; to ask is to look at the clock. None for any other pollable.
    pub(crate) fn timer_ready(&self, pollable: &Resource<DynPollable>) -> Option<bool> {
        let at_ns = self.timers.at_ns.get(&pollable.rep())?;
        Some(nanos(self.timers.clock.since_start()) >= *at_ns)
    }
}

impl monotonic_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.clocks().now()
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        self.clocks().resolution()
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        if self.rights.real.clock { self.clocks().subscribe_instant(when) } else { self.timer(when) }
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        if self.rights.real.clock {
            return self.clocks().subscribe_duration(duration);
        }
        let now = self.timers.clock.looked_at_ns();
        self.timer(now.saturating_add(duration))
    }
}
