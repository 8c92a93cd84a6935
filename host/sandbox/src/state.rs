mod rights;

use std::sync::Arc;
use std::time::Instant;

use wasmtime::Engine;
use wasmtime::component::Linker;
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::cli::WasiCliCtxView;
use wasmtime_wasi::sockets::WasiSocketsCtxView;

pub(crate) use self::rights::Rights;

use crate::Limits;
use crate::capability::cli::{Input, Outputs};
use crate::capability::clock::{Clock, Timers};
use crate::capability::files::Mounts;
use crate::capability::http::Http;
use crate::capability::log::LogLine;
use crate::capability::tools::Calls;
use crate::capability::{
    Offer, cli, clock, config, effect, files, http, io, kv, log, random, secrets, sockets, sql, tools,
};
use crate::context::CallContext;
use crate::meter::Meter;
use crate::stop::Stop;

/// A capability as guests get it: what it offers, and how it is linked.
pub(crate) struct Room {
    pub(crate) offer: &'static Offer,
    link: fn(&mut Linker<State>) -> wasmtime::Result<()>,
}

/// All that there is for guests: of these the linker is made, and by these imports are admitted and named.
pub(crate) const CAPABILITIES: &[Room] = &[
    Room { offer: &cli::OFFER, link: |linker| cli::add_to_linker(linker, State::cli) },
    Room { offer: &clock::OFFER, link: |linker| clock::add_to_linker(linker, State::clock) },
    Room { offer: &config::OFFER, link: |linker| config::add_to_linker(linker, State::config) },
    Room { offer: &effect::OFFER, link: |linker| effect::add_to_linker(linker, State::effect) },
    Room { offer: &files::OFFER, link: |linker| files::add_to_linker(linker, State::files) },
    Room { offer: &http::OFFER, link: |linker| http::add_to_linker(linker, State::http) },
    Room { offer: &io::OFFER, link: |linker| io::add_to_linker(linker, State::io) },
    Room { offer: &kv::OFFER, link: |linker| kv::add_to_linker(linker, State::kv) },
    Room { offer: &log::OFFER, link: |linker| log::add_to_linker(linker, State::log) },
    Room { offer: &random::OFFER, link: |linker| random::add_to_linker(linker, State::random) },
    Room { offer: &secrets::OFFER, link: |linker| secrets::add_to_linker(linker, State::secrets) },
    Room { offer: &sockets::OFFER, link: |linker| sockets::add_to_linker(linker, State::sockets, State::wasi_sockets) },
    Room { offer: &sql::OFFER, link: |linker| sql::add_to_linker(linker, State::sql) },
    Room { offer: &tools::OFFER, link: |linker| tools::add_to_linker(linker, State::tools) },
    #[cfg(test)]
    BUG,
];

/// An interface whose one function panics, as a bug of the host would.
#[cfg(test)]
const BUG: Room = Room {
    offer: &Offer { capability: None, interfaces: &[("test:host/bug", "0.1.")] },
    link: |linker| {
        linker.instance("test:host/bug@0.1.0")?.func_wrap("panic", |mut store, (): ()| -> wasmtime::Result<()> {
            State::called(store.data_mut());
            panic!("a bug of the host")
        })
    },
};

/// Returns the linker of all that is offered; a component gets of it what it imports.
///
/// What needs a grant is linked all the same, and asks for the grant at each call: so a denial is an answer to the
/// guest that says what is missing, not a component that does not start.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    CAPABILITIES.iter().try_for_each(|room| (room.link)(&mut linker))?;
    Ok(linker)
}

/// What the host keeps for one call, beside the guest itself.
pub(crate) struct State {
    rights: Arc<Rights>,
    seed: u64,
    idempotency_key: String,
    /// What the guest wrote to its log.
    pub(crate) log: Vec<LogLine>,
    /// Made when the guest first asks for it. Before the resources, so that what is being sent is cut short before
    /// its body seems to end.
    http: Option<Http>,
    /// What a command is given, until it first asks.
    input: Option<Input>,
    is_command: bool,
    pub(crate) timers: Timers,
    /// The calls that code makes, where code runs.
    pub(crate) calls: Option<Calls>,
    pub(crate) context: CallContext,
    resources_max: u64,
    stdio_bytes: u64,
    /// Made when the guest first asks for it: most tools never do.
    wasi: Option<Wasi>,
    /// Made when the guest first asks for its directories.
    mounts: Option<Mounts>,
}

/// WASI's own half of one call.
struct Wasi {
    ctx: WasiCtx,
    outputs: Outputs,
}

impl Wasi {
    fn new(rights: &Rights, seed: u64, clock: &Clock, stdio_bytes: u64, input: Option<Input>) -> Self {
        let mut ctx = WasiCtx::builder();
        clock::install(&mut ctx, rights.clock, clock);
        random::install(&mut ctx, rights.random, seed);
        let outputs = Outputs::install(&mut ctx, stdio_bytes, input);
        Self { ctx: ctx.build(), outputs }
    }
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
        Self {
            idempotency_key: key.to_owned(),
            http: None,
            log: Vec::new(),
            input: None,
            is_command: false,
            timers: Timers::new(limits),
            calls: None,
            context: CallContext::new(limits, meter, Arc::clone(&rights.asks), started, deadline),
            rights,
            resources_max: limits.resources.into(),
            seed,
            stdio_bytes: limits.stdio_bytes,
            wasi: None,
            mounts: None,
        }
    }

    /// Is from now on the state of a command, which gets this.
    pub(crate) fn command(&mut self, input: Input) {
        (self.input, self.is_command) = (Some(input), true);
    }

    /// Is from now on the state of one caller's code; false where the guest has looked at the world already, and seen
    /// another.
    pub(crate) fn adopt(&mut self, rights: Arc<Rights>, seed: u64) -> bool {
        self.context.asks = Arc::clone(&rights.asks);
        (self.rights, self.seed) = (rights, seed);
        self.wasi.is_none() && self.mounts.is_none() && self.http.is_none()
    }

    /// Begins anew to count what is allowed to one cell of code. What it holds already, it holds.
    pub(crate) fn begin(&mut self, limits: &Limits, key: &str, started: Instant, deadline: Instant, calls: Calls) {
        self.context.begin(limits, started, deadline);
        key.clone_into(&mut self.idempotency_key);
        // An instance that has written before has its outputs already.
        self.wasi.iter().for_each(|wasi| wasi.outputs.tell(&calls.handler));
        self.calls = Some(calls);
    }

    /// Checks what the calls into the host used, before the guest goes on.
    ///
    /// wasmtime comes here after its own helpers too, which no interface has counted or timed.
    pub(crate) fn returned(&mut self) -> wasmtime::Result<()> {
        let left = self.context.host_time.leave().map_err(|fault| wasmtime::Error::new(Stop(fault)))?;
        let Some(now) = left else { return Ok(()) };
        self.context.meter.check_host_calls()?;
        self.check_egress()?;
        self.check_files()?;
        // A guest that does little but call the host uses so little fuel that it never yields to its deadline.
        self.context.in_time(now)
    }

    /// Stops a guest that has sent and received too much, which tasks of the host do for it.
    pub(crate) fn check_egress(&mut self) -> wasmtime::Result<()> {
        let Some(http) = &self.http else { return Ok(()) };
        self.context.meter.sent(http.flow().requests.used(), http.flow().bytes.used())
    }

    /// Stops a guest whose quota of files is used up, which streams may find out after the guest has let go of them.
    fn check_files(&self) -> wasmtime::Result<()> {
        self.mounts.as_ref().map_or(Ok(()), Mounts::check)
    }

    /// Waits for what the guest left the host to write, and checks the quotas again.
    pub(crate) async fn settle_files(&mut self) -> wasmtime::Result<()> {
        let Some(mounts) = &self.mounts else { return Ok(()) };
        mounts.settle().await;
        mounts.check()
    }

    /// Takes the first denial that the guest was given.
    pub(crate) fn denied(&mut self) -> Option<String> {
        self.context.denials.take_first().or_else(|| self.http.as_ref().and_then(Http::denial))
    }

    /// Takes what the guest has written to its standard output.
    pub(crate) fn stdout(&mut self) -> String {
        self.wasi.as_ref().map(|wasi| wasi.outputs.take_stdout()).unwrap_or_default()
    }

    /// Returns what the guest has written to its standard error.
    pub(crate) fn stderr(&self) -> String {
        self.wasi.as_ref().map(|wasi| wasi.outputs.stderr()).unwrap_or_default()
    }

    /// Takes what the guest has written so far to its standard output and error.
    pub(crate) fn take_output(&mut self) -> (String, String) {
        self.wasi.as_ref().map(|wasi| wasi.outputs.take()).unwrap_or_default()
    }
}

/// What each capability borrows for one call of a guest. Each counts the call, but for calls of tools, which count
/// themselves.
impl State {
    fn called(&mut self) -> &mut Self {
        self.context.enter();
        self
    }

    fn wasi(&mut self) -> (&mut WasiCtx, &mut Timers, &mut CallContext) {
        let Self { rights, seed, stdio_bytes, timers, input, wasi, calls, context, .. } = self.called();
        let wasi = wasi.get_or_insert_with(|| {
            let wasi = Wasi::new(rights, *seed, &timers.clock, *stdio_bytes, input.take());
            calls.iter().for_each(|calls| wasi.outputs.tell(&calls.handler));
            wasi
        });
        (&mut wasi.ctx, timers, context)
    }

    fn cli(&mut self) -> WasiCliCtxView<'_> {
        let (wasi, _, context) = self.wasi();
        WasiCliCtxView { ctx: wasi.cli(), table: &mut context.table }
    }

    fn clock(&mut self) -> clock::View<'_> {
        let granted = self.rights.clock;
        let (wasi, timers, context) = self.wasi();
        clock::View { granted, clocks: wasi.clocks(), timers, context }
    }

    fn config(&mut self) -> config::View<'_> {
        let Self { rights, context, .. } = self.called();
        config::View { granted: &rights.config, context }
    }

    fn effect(&mut self) -> effect::View<'_> {
        let Self { idempotency_key, context, .. } = self.called();
        effect::View { idempotency_key, context }
    }

    fn files(&mut self) -> files::View<'_> {
        let Self { rights, mounts, is_command, context, .. } = self.called();
        files::View { granted: &rights.files, mounts, is_command: *is_command, context }
    }

    fn http(&mut self) -> http::View<'_> {
        let Self { rights, seed, http, context, .. } = self.called();
        let requests = http.get_or_insert_with(|| Http::new(Arc::clone(&rights.http), *seed, context));
        http::View { requests, context }
    }

    fn io(&mut self) -> io::View<'_> {
        let Self { rights, resources_max, timers, context, .. } = self.called();
        io::View { timers, resources_max: *resources_max, network: rights.http.is_granted(), context }
    }

    fn kv(&mut self) -> kv::View<'_> {
        let Self { rights, context, .. } = self.called();
        kv::View { granted: &rights.kv, context }
    }

    fn log(&mut self) -> log::View<'_> {
        let Self { rights, log, context, .. } = self.called();
        log::View { granted: rights.log, lines: log, context }
    }

    fn random(&mut self) -> random::View<'_> {
        let (wasi, _, context) = self.wasi();
        random::View { random: wasi.random(), context }
    }

    fn secrets(&mut self) -> secrets::View<'_> {
        let Self { rights, seed, context, .. } = self.called();
        secrets::View { granted: rights.http.secrets(), seed: *seed, context }
    }

    fn sockets(&mut self) -> sockets::View<'_> {
        let (wasi, _, context) = self.wasi();
        sockets::View { sockets: wasi.sockets(), context }
    }

    fn wasi_sockets(&mut self) -> WasiSocketsCtxView<'_> {
        let (wasi, _, context) = self.wasi();
        WasiSocketsCtxView { ctx: wasi.sockets(), table: &mut context.table }
    }

    fn sql(&mut self) -> sql::View<'_> {
        let Self { rights, context, .. } = self.called();
        sql::View { granted: &rights.sql, context }
    }

    fn tools(&mut self) -> tools::View<'_> {
        let Self { calls, context, .. } = self;
        tools::View { calls, context }
    }
}
