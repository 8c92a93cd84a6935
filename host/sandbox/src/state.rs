use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtxView, WasiView};

use crate::Limits;
use crate::files::{Denials, Mounts};
use crate::log::LogLine;
use crate::meter::Meter;
use crate::rights::Rights;
use crate::wasi::Wasi;

/// What the host keeps for one call, beside the guest itself.
pub(crate) struct State {
    pub(crate) meter: Meter,
    pub(crate) idempotency_key: String,
    pub(crate) rights: Arc<Rights>,
    pub(crate) deadline: Instant,
    /// The first denial that the guest was given.
    pub(crate) denial: Option<String>,
    pub(crate) file_denials: Denials,
    /// What the guest wrote to its log.
    pub(crate) log: Vec<LogLine>,
    resources: ResourceTable,
    seed: u64,
    stdio_bytes: u64,
    /// Made when the guest first asks for it: most tools never do.
    wasi: Option<Wasi>,
    /// Made when the guest first asks for its directories.
    mounts: Option<Mounts>,
}

impl State {
    pub(crate) fn new(
        limits: &Limits,
        meter: Meter,
        rights: Arc<Rights>,
        key: &str,
        seed: u64,
        deadline: Instant,
    ) -> Self {
        let mut resources = ResourceTable::new();
        resources.set_max_capacity(limits.resources as usize);
        Self {
            meter,
            idempotency_key: key.to_owned(),
            rights,
            deadline,
            denial: None,
            file_denials: Denials::default(),
            log: Vec::new(),
            resources,
            seed,
            stdio_bytes: limits.stdio_bytes,
            wasi: None,
            mounts: None,
        }
    }

    /// Counts a call into the host. Every interface is reached through this.
    pub(crate) fn called(&mut self) -> &mut Self {
        self.meter.note_host_call();
        if let Some(mounts) = &self.mounts {
            self.meter.note_host_bytes(mounts.take_carried());
        }
        self
    }

    /// Counts bytes that a call into the host carries, in or out.
    pub(crate) fn carry(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.meter.host_bytes.grow(bytes as u64)
    }

    /// Remembers a denial, for a tool that then fails fails because of it.
    pub(crate) fn deny(&mut self, why: &str) {
        self.denial.get_or_insert_with(|| why.to_owned());
    }

    pub(crate) fn mounts(&mut self) -> &Mounts {
        self.mounts.get_or_insert_with(|| Mounts::new(&self.rights.directories))
    }

    pub(crate) fn resources(&mut self) -> &mut ResourceTable {
        &mut self.resources
    }

    /// Takes what the guest wrote to its standard output and error.
    pub(crate) fn written(&mut self) -> (String, String) {
        self.wasi.take().map(|wasi| wasi.written()).unwrap_or_default()
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.get_or_insert_with(|| Wasi::new(self.seed, self.stdio_bytes, self.rights.real));
        WasiCtxView { ctx: wasi.ctx(), table: &mut self.resources }
    }
}
