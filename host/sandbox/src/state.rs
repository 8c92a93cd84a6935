use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use crate::Limits;
use crate::http::Http;
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
    /// What the guest wrote to its log.
    pub(crate) log: Vec<LogLine>,
    /// Made when the guest first asks for it. Before the resources, so that what is being sent is cut short before
    /// its body seems to end.
    http: Option<Http>,
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
            http: None,
            log: Vec::new(),
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

    /// Counts bytes that a call into the host carries, in or out.
    pub(crate) fn carry(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.meter.host_bytes.grow(bytes as u64)
    }

    /// Remembers a denial, for a tool that then fails fails because of it.
    pub(crate) fn deny(&mut self, why: &str) {
        self.denial.get_or_insert_with(|| why.to_owned());
    }

    /// Takes the first denial that the guest was given.
    pub(crate) fn denied(&mut self) -> Option<String> {
        self.denial.take().or_else(|| self.http.as_ref().and_then(Http::denial))
    }

    /// Stops a guest that has used up what it may ask of the host, on its way back from there.
    pub(crate) fn check(&mut self) -> wasmtime::Result<()> {
        self.meter.check_host_calls()?;
        match &self.http {
            Some(http) => self.meter.carried(http.flow().requests.used(), http.flow().bytes.used()),
            None => Ok(()),
        }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn resources(&mut self) -> &mut ResourceTable {
        &mut self.resources
    }

    /// Takes what the guest wrote to its standard output and error.
    pub(crate) fn written(&mut self) -> (String, String) {
        self.wasi.take().map(|wasi| wasi.written()).unwrap_or_default()
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let http = self.http.get_or_insert_with(|| Http::new(Arc::clone(&self.rights), self.seed, &self.meter));
        http.view(&mut self.resources)
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.get_or_insert_with(|| Wasi::new(self.seed, self.stdio_bytes));
        WasiCtxView { ctx: wasi.ctx(), table: &mut self.resources }
    }
}
