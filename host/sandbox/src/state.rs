use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use crate::Limits;
use crate::callee::Calls;
use crate::command::Input;
use crate::files::{Denials, Mounts};
use crate::host_time::HostTime;
use crate::http::Http;
use crate::log::LogLine;
use crate::meter::Meter;
use crate::rights::{Rights, shown};
use crate::stop::Stop;
use crate::wasi::{Timers, Wasi};
use crate::watch::overdue;

/// What the host keeps for one call, beside the guest itself.
pub(crate) struct State {
    pub(crate) meter: Meter,
    pub(crate) host_time: Arc<HostTime>,
    pub(crate) idempotency_key: String,
    pub(crate) rights: Arc<Rights>,
    pub(crate) deadline: Instant,
    wall_us: u64,
    /// The first denial that the guest was given.
    pub(crate) denial: Option<String>,
    pub(crate) quiet_denials: Denials,
    /// What the guest wrote to its log.
    pub(crate) log: Vec<LogLine>,
    /// Made when the guest first asks for it. Before the resources, so that what is being sent is cut short before
    /// its body seems to end.
    http: Option<Http>,
    /// What a command is given, until it first asks.
    pub(crate) input: Option<Input>,
    pub(crate) is_command: bool,
    pub(crate) timers: Timers,
    /// The calls that code makes, where code runs.
    pub(crate) calls: Option<Calls>,
    resources: ResourceTable,
    resources_max: u64,
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
        started: Instant,
        deadline: Instant,
    ) -> Self {
        let mut resources = ResourceTable::new();
        resources.set_max_capacity(limits.resources as usize);
        Self {
            meter,
            host_time: Arc::new(HostTime::new(limits.host_us, started)),
            idempotency_key: key.to_owned(),
            rights,
            deadline,
            wall_us: limits.wall_us,
            denial: None,
            quiet_denials: Denials::default(),
            http: None,
            log: Vec::new(),
            input: None,
            is_command: false,
            timers: Timers::new(limits),
            calls: None,
            resources,
            resources_max: limits.resources.into(),
            seed,
            stdio_bytes: limits.stdio_bytes,
            wasi: None,
            mounts: None,
        }
    }

    /// Is from now on the state of somebody's code; false where the guest has looked at the world already, and seen
    /// another.
    pub(crate) fn adopt(&mut self, rights: Arc<Rights>, seed: u64) -> bool {
        (self.rights, self.seed) = (rights, seed);
        self.wasi.is_none() && self.mounts.is_none() && self.http.is_none()
    }

    /// Begins anew to count what is allowed to one cell of code. What it holds already, it holds.
    pub(crate) fn begin(&mut self, limits: &Limits, key: &str, started: Instant, deadline: Instant, calls: Calls) {
        self.meter.begin(limits);
        self.host_time = Arc::new(HostTime::new(limits.host_us, started));
        key.clone_into(&mut self.idempotency_key);
        (self.deadline, self.wall_us, self.denial) = (deadline, limits.wall_us, None);
        self.calls = Some(calls);
    }

    /// Counts a call into the host. Every interface is reached through this.
    pub(crate) fn called(&mut self) -> &mut Self {
        self.meter.note_host_call();
        self.host_time.enter();
        self
    }

    /// Counts bytes that a call into the host carries, in or out.
    pub(crate) fn carry(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.meter.host_bytes.grow(bytes as u64)
    }

    /// Checks what the calls into the host came to, before the guest goes on.
    ///
    /// wasmtime comes here after its own helpers too, which no interface has counted and nobody timed.
    pub(crate) fn returned(&mut self) -> wasmtime::Result<()> {
        let left = self.host_time.leave().map_err(|fault| wasmtime::Error::new(Stop(fault)))?;
        let Some(now) = left else { return Ok(()) };
        self.meter.check_host_calls()?;
        self.check_egress()?;
        self.check_files()?;
        // A guest that does little but call the host uses so little fuel that it never yields to its deadline.
        self.in_time(now)
    }

    /// Stops a guest that has sent and received too much, which tasks of the host do for it.
    pub(crate) fn check_egress(&mut self) -> wasmtime::Result<()> {
        let Some(http) = &self.http else { return Ok(()) };
        self.meter.sent(http.flow().requests.used(), http.flow().bytes.used())
    }

    /// Stops a guest whose quota of files is used up, which streams may find out while nobody looks.
    fn check_files(&self) -> wasmtime::Result<()> {
        self.mounts.as_ref().map_or(Ok(()), Mounts::check)
    }

    /// Waits for what the guest left the host to write, and checks what came of it.
    pub(crate) async fn settle_files(&mut self) -> wasmtime::Result<()> {
        let Some(mounts) = &self.mounts else { return Ok(()) };
        mounts.settle().await;
        mounts.check()
    }

    pub(crate) fn in_time(&self, now: Instant) -> wasmtime::Result<()> {
        if now > self.deadline {
            return Err(wasmtime::Error::new(Stop(overdue(self.wall_us, self.deadline, "the guest was in the host"))));
        }
        Ok(())
    }

    /// Remembers a denial, for a tool that then fails fails because of it.
    pub(crate) fn deny(&mut self, why: &str) {
        self.denial.get_or_insert_with(|| shown(why));
    }

    pub(crate) fn mounts(&mut self) -> &Mounts {
        self.mounts.get_or_insert_with(|| Mounts::new(&self.rights.directories))
    }

    /// Returns how many resources there can be.
    pub(crate) fn resources_max(&self) -> u64 {
        self.resources_max
    }

    /// Takes the first denial that the guest was given.
    pub(crate) fn denied(&mut self) -> Option<String> {
        self.denial.take().or_else(|| self.http.as_ref().and_then(Http::denial))
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
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

    /// Takes what the guest has written so far to its standard output and error.
    pub(crate) fn take_output(&mut self) -> (String, String) {
        self.wasi.as_ref().map(Wasi::take_output).unwrap_or_default()
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
        let wasi = self.wasi.get_or_insert_with(|| {
            Wasi::new(self.seed, self.stdio_bytes, self.rights.real, &self.timers.clock, self.input.take())
        });
        WasiCtxView { ctx: wasi.ctx(), table: &mut self.resources }
    }
}
