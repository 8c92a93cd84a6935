use stockade_workflow::Kind;
use wasmtime::{ResourceLimiter, Result};

use crate::Limits;
use crate::stop::Stop;

/// Bytes that the host keeps for one table element.
const ELEMENT_BYTES: u64 = 8;

/// Counts what a call holds, over all its instances.
///
/// wasmtime's own `StoreLimits` caps each memory by itself, so that a component of fifty core modules would get fifty
/// times the cap. A refusal here ends the call: a guest told "-1" would go on to fail in a way that hides the cause.
/// Nothing is ever taken off: memory does not shrink before the call ends, and wasmtime also reports failures of
/// growths that it never asked about, so that giving those back would let a guest talk its count down.
pub(crate) struct Meter {
    memory: Gauge,
    table: Gauge,
    host_calls: Gauge,
    pub(crate) host_bytes: Gauge,
    pub(crate) log_bytes: Gauge,
    pub(crate) egress_requests: Gauge,
    pub(crate) egress_bytes: Gauge,
    /// What one memory of the pool can hold.
    memory_bytes_max: u64,
    counts: [u32; 3],
}

/// One thing that is counted, over the whole call.
pub(crate) struct Gauge {
    kind: Kind,
    limit: &'static str,
    allowed: u64,
    used: u64,
}

impl Meter {
    pub(crate) fn new(limits: &Limits, memory_bytes_max: u64) -> Self {
        Self {
            memory_bytes_max,
            memory: Gauge::new(Kind::Memory, "memory_bytes", limits.memory_bytes),
            table: Gauge::new(Kind::Table, "table_elements", limits.table_elements),
            host_calls: Gauge::new(Kind::HostCalls, "host_calls", limits.host_calls),
            host_bytes: Gauge::new(Kind::HostcallBytes, "host_bytes", limits.host_bytes),
            log_bytes: Gauge::new(Kind::Output, "log_bytes", limits.log_bytes),
            egress_requests: Gauge::new(Kind::Egress, "egress_requests", limits.egress_requests),
            egress_bytes: Gauge::new(Kind::Egress, "egress_bytes", limits.egress_bytes),
            counts: [limits.instances, limits.tables, limits.memories],
        }
    }

    /// Begins anew to count what one cell of code does; what it holds it goes on holding.
    pub(crate) fn begin(&mut self, limits: &Limits) {
        let held = [self.memory.used, self.table.used];
        *self = Self::new(limits, self.memory_bytes_max);
        [self.memory.used, self.table.used] = held;
    }

    pub(crate) fn memory_bytes_peak(&self) -> u64 {
        self.memory.used
    }

    /// Notes a call into the host. Where it is noted nothing can fail, so [`Meter::check_host_calls`] follows.
    pub(crate) fn note_host_call(&mut self) {
        self.host_calls.used = self.host_calls.used.saturating_add(1);
    }

    /// Takes over what tasks of the host have sent and received for the guest.
    pub(crate) fn sent(&mut self, requests: u64, bytes: u64) -> Result<()> {
        self.egress_requests.reach(requests)?;
        self.egress_bytes.reach(bytes)
    }

    pub(crate) fn check_host_calls(&self) -> Result<()> {
        self.host_calls.check(self.host_calls.used)
    }
}

impl Gauge {
    fn new(kind: Kind, limit: &'static str, allowed: u64) -> Self {
        Self { kind, limit, allowed, used: 0 }
    }

    pub(crate) fn allowed(&self) -> u64 {
        self.allowed
    }

    fn check(&self, wanted: u64) -> Result<()> {
        if wanted > self.allowed {
            return Err(Stop::limit(self.kind, self.limit, self.allowed, wanted));
        }
        Ok(())
    }

    /// Counts up to a total that was counted elsewhere.
    fn reach(&mut self, total: u64) -> Result<()> {
        self.grow(total.saturating_sub(self.used))
    }

    /// Counts more, or stops the guest where that is more than is allowed.
    pub(crate) fn grow(&mut self, by: u64) -> Result<()> {
        let wanted = self.used.saturating_add(by);
        self.check(wanted)?;
        self.used = wanted;
        Ok(())
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        // Past its own declared maximum a memory cannot grow: the guest gets its "-1" and nothing is counted.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if desired as u64 > self.memory_bytes_max {
            return Err(Stop::limit(Kind::Memory, "memory_bytes", self.memory_bytes_max, desired as u64));
        }
        self.memory.grow(desired.saturating_sub(current) as u64)?;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let more = desired.saturating_sub(current) as u64;
        self.table.grow(more)?;
        self.memory.grow(more.saturating_mul(ELEMENT_BYTES))?;
        Ok(true)
    }

    fn instances(&self) -> usize {
        let [instances, _, _] = self.counts;
        instances as usize
    }

    fn tables(&self) -> usize {
        let [_, tables, _] = self.counts;
        tables as usize
    }

    fn memories(&self) -> usize {
        let [_, _, memories] = self.counts;
        memories as usize
    }
}
