use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtxView, WasiView};

use crate::Limits;
use crate::command::Input;
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
    /// What a command is given, until it first asks.
    pub(crate) input: Option<Input>,
    resources: ResourceTable,
    seed: u64,
    stdio_bytes: u64,
    /// Made when the guest first asks for it: most tools never do.
    wasi: Option<Wasi>,
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
            input: None,
            resources,
            seed,
            stdio_bytes: limits.stdio_bytes,
            wasi: None,
        }
    }

    /// Counts a call into the host. Every interface is reached through this.
    pub(crate) fn called(&mut self) -> &mut Self {
        self.meter.note_host_call();
        self
    }

    /// Remembers a denial, for a tool that then fails fails because of it.
    pub(crate) fn deny(&mut self, why: &str) {
        self.denial.get_or_insert_with(|| why.to_owned());
    }

    pub(crate) fn resources(&mut self) -> &mut ResourceTable {
        &mut self.resources
    }

    /// Takes what the guest has written to its standard output.
    pub(crate) fn stdout(&mut self) -> String {
        self.wasi.as_ref().map(Wasi::stdout).unwrap_or_default()
    }

    /// Returns what the guest has written to its standard error.
    pub(crate) fn stderr(&self) -> String {
        self.wasi.as_ref().map(Wasi::stderr).unwrap_or_default()
    }

    /// Takes what the guest wrote to its standard output and error.
    pub(crate) fn written(&mut self) -> (String, String) {
        self.wasi.take().map(|wasi| wasi.written()).unwrap_or_default()
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.get_or_insert_with(|| Wasi::new(self.seed, self.stdio_bytes, self.input.take()));
        WasiCtxView { ctx: wasi.ctx(), table: &mut self.resources }
    }
}
