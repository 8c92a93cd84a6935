use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::ResourceTable;

use crate::Limits;
use crate::asks::Asks;
use crate::denials::Denials;
use crate::doubt::Doubt;
use crate::host_time::HostTime;
use crate::meter::Meter;
use crate::stop::Stop;
use crate::watch::overdue;

/// What every capability needs of the call that it serves.
pub(crate) struct CallContext {
    pub(crate) meter: Meter,
    pub(crate) host_time: Arc<HostTime>,
    pub(crate) deadline: Instant,
    wall_us: u64,
    pub(crate) asks: Arc<Asks>,
    pub(crate) denials: Denials,
    /// What the guest wanted changed and may have changed.
    pub(crate) doubt: Doubt,
    pub(crate) table: ResourceTable,
}

impl CallContext {
    pub(crate) fn new(limits: &Limits, meter: Meter, asks: Arc<Asks>, started: Instant, deadline: Instant) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.resources as usize);
        Self {
            meter,
            host_time: Arc::new(HostTime::new(limits.host_us, started)),
            deadline,
            wall_us: limits.wall_us,
            asks,
            denials: Denials::default(),
            doubt: Doubt::default(),
            table,
        }
    }

    /// Begins anew to count what is allowed to one cell of code. What it holds already, it holds.
    pub(crate) fn begin(&mut self, limits: &Limits, started: Instant, deadline: Instant) {
        self.meter.begin(limits);
        self.host_time = Arc::new(HostTime::new(limits.host_us, started));
        (self.deadline, self.wall_us) = (deadline, limits.wall_us);
        self.denials.take_first();
    }

    /// Counts a call into the host. Each function of each interface begins with this.
    pub(crate) fn enter(&mut self) {
        self.meter.note_host_call();
        self.host_time.enter();
    }

    /// Counts bytes that a call into the host carries, in or out.
    pub(crate) fn carry(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.meter.host_bytes.grow(bytes as u64)
    }

    /// Remembers a denial, for a tool that then fails because of it.
    pub(crate) fn deny(&mut self, why: &str) {
        self.denials.add(why);
    }

    pub(crate) fn in_time(&self, now: Instant) -> wasmtime::Result<()> {
        if now > self.deadline {
            return Err(wasmtime::Error::new(Stop(overdue(self.wall_us, self.deadline, "the guest was in the host"))));
        }
        Ok(())
    }
}
