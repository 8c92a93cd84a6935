//! How a host is put together.

mod approvers;
mod checks;
mod configured;
mod hooked;
mod journals;
mod models;
mod problems;
mod registered;
mod reserve;
mod uploads;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use stockade_patterns::{self as patterns, Agent, Children, Pattern};
use stockade_sandbox::{Compiler, Config as EngineConfig, Engine, Limits};
use stockade_workflow::{Exec, Fault, Grant, Kind, Label, Machine, Workflow};

use self::checks::{check_concurrency, check_free, check_models, check_settings, check_tools};
pub(crate) use self::journals::folder_of;
use self::journals::{in_file, no_folder};
use crate::Host;
use crate::bookmarks::Bookmarks;
use crate::callable::Callable;
use crate::coding::Coding;
use crate::hooks::Hooks;
use crate::languages::Languages;
use crate::meters::Meters;
use crate::notice::Notified;
use crate::oci::Store;
use crate::openapi::AcceptedDocument;
use crate::outputs::Outputs;
use crate::planned::Planned;
use crate::recollection::Recollection;
use crate::registry::{Registry, Wanted};
use crate::scratch::Scratch;
use crate::services::{Common, Services};
use crate::sessions::{SessionLimits, Sessions};
use crate::shared_budgets::SharedBudgets;
use crate::skills::{AcceptedSkill, Skills};
use crate::turns::Turns;
use crate::uploads::Uploads;
use crate::{Clock, Result, Source, coding, config, observing, start};
use stockade_journal::Journal;
use stockade_models::{Model, Named, Settings as ModelSettings};
use tokio::runtime::Handle;

/// A recording of what models answer.
#[derive(Clone, Debug)]
pub enum Cassette {
    /// Is made in this file. No secret that the host knows is in it.
    Record(PathBuf),
    /// Answers in place of the models, from this file.
    Replay(PathBuf),
}

/// Puts a [`Host`] together.
pub struct Builder {
    journal: PathBuf,
    /// Where the journal is otherwise than in that file.
    place: config::Journal,
    /// A journal that is handed in, in place of the file.
    own_journal: Option<Box<dyn Journal>>,
    own_models: Vec<Named>,
    tools: Wanted,
    store: Store,
    machines: Vec<Machine>,
    patterns: BTreeMap<String, Pattern>,
    settings: BTreeSet<String>,
    models: BTreeMap<String, config::Model>,
    cassette: Option<Cassette>,
    memory: Option<(PathBuf, config::Memory)>,
    hooks: Vec<Box<dyn Hooks>>,
    telemetry: config::Telemetry,
    meters: Arc<Meters>,
    budgets: SharedBudgets,
    notify: BTreeMap<String, config::Notify>,
    schedules: BTreeMap<String, config::Schedule>,
    engine: EngineConfig,
    secrets: BTreeMap<String, String>,
    limits: Limits,
    languages: BTreeMap<String, Source>,
    code_limits: Limits,
    sessions: SessionLimits,
    real_clock: bool,
    ready: usize,
    scratch: Option<PathBuf>,
    clock: Clock,
    roles: BTreeMap<String, BTreeSet<String>>,
    deadline: Option<Duration>,
    concurrency: config::Concurrency,
    drivers: Option<Handle>,
    uploads: Option<PathBuf>,
    skills: Skills,
    accepted_skills: BTreeMap<String, AcceptedSkill>,
}

impl Builder {
    /// Keeps the journal in this SQLite file, which is created if absent; its folder must exist.
    #[must_use]
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = path.into();
        self
    }

    /// Keeps the journal in this one, in place of a file. What else the host writes goes to the folder of
    /// [`scratch`](Self::scratch), which must be named then.
    #[must_use]
    pub fn with_journal(mut self, journal: impl Journal + 'static) -> Self {
        self.own_journal = Some(Box::new(journal));
        self
    }

    /// Registers a component as a tool, with all that it is granted.
    #[must_use]
    pub fn tool(mut self, name: &str, source: impl Into<Source>, grants: impl IntoIterator<Item = Grant>) -> Self {
        self.tools.add(name, source.into(), grants.into_iter().collect());
        self
    }

    /// Registers several components as tools, each with its name and all that it is granted.
    #[must_use]
    pub fn tools<'a, S: Into<Source>, G: IntoIterator<Item = Grant>>(
        self,
        tools: impl IntoIterator<Item = (&'a str, S, G)>,
    ) -> Self {
        tools.into_iter().fold(self, |builder, (name, source, grants)| builder.tool(name, source, grants))
    }

    /// Registers a tool of another kind than a component.
    #[must_use]
    pub fn callable(mut self, name: &str, tool: impl Callable + 'static) -> Self {
        self.tools.callable(name, Box::new(tool));
        self
    }

    /// Registers a tool that [`Host::promote`] made. What was approved then is all that it is granted.
    #[must_use]
    pub fn promoted(mut self, name: &str, source: impl Into<Source>) -> Self {
        self.tools.promoted(name, source.into());
        self
    }

    /// Says what a person has accepted of a skill, as [`Host::accept_skill`] has returned it. It is to be said before
    /// [`configured`](Self::configured), which takes up the skills of a configuration.
    #[must_use]
    pub fn accepted_skill(mut self, name: &str, accepted: AcceptedSkill) -> Self {
        self.accepted_skills.insert(name.to_owned(), accepted);
        self
    }

    /// Says what a person has accepted of the document of the service `name`, which has an address. It is to be said before
    /// [`configured`](Self::configured).
    #[must_use]
    pub fn accepted_document(mut self, name: &str, accepted: AcceptedDocument) -> Self {
        self.tools.documents.insert(name.to_owned(), accepted);
        self
    }

    /// Keeps components that come from registries in this folder, so that the next start need not ask for them.
    #[must_use]
    pub fn components(mut self, folder: impl Into<PathBuf>) -> Self {
        self.store.keep_in(folder.into());
        self
    }

    /// Lets these names of registries, and of what registries send to, lead to addresses that are not on the internet.
    ///
    /// A registry that is written as such an address, or as `localhost`, needs no leave.
    #[must_use]
    pub fn private_hosts(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.store.allow_private(names);
        self
    }

    /// Declares that a tool has no second effect when it is called again under the same idempotency key.
    ///
    /// Without it, a call that may change something and that a crash interrupted is not repeated: its outcome is
    /// unknown, and the workflow decides.
    #[must_use]
    pub fn idempotent(mut self, tool: &str) -> Self {
        self.tools.idempotent(tool);
        self
    }

    /// Stores the value of a secret that grants name. No guest sees it; it is in no log, journal or error.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.secrets.insert(name.into(), value.into());
        self
    }

    /// Sends requests of tools, and to registries, for a host to these addresses, whatever the system's resolver says. They
    /// are checked like any others.
    #[must_use]
    pub fn host_addresses(mut self, host: impl Into<String>, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.engine.hosts.insert(host.into().to_ascii_lowercase(), addresses.into_iter().collect());
        self
    }

    /// Trusts a root certificate, given in DER, beside those that browsers trust.
    #[must_use]
    pub fn tls_root(mut self, certificate: impl Into<Vec<u8>>) -> Self {
        self.engine.tls_roots.push(certificate.into());
        self
    }

    /// Registers a workflow under its name.
    #[must_use]
    pub fn workflow(mut self, workflow: impl Workflow) -> Self {
        self.machines.push(Machine::new(workflow));
        self
    }

    /// Registers a pattern as a workflow of this name; other workflows that it runs inside are found by theirs.
    #[must_use]
    pub fn pattern(mut self, name: &str, pattern: Pattern) -> Self {
        self.patterns.insert(name.to_owned(), pattern);
        self
    }

    /// Adds a model. Its key is the value of the secret that it names.
    #[must_use]
    pub fn model(mut self, name: &str, model: config::Model) -> Self {
        self.models.insert(name.to_owned(), model);
        self
    }

    /// Adds a model that this program provides. A model without a price in its settings is not asked.
    #[must_use]
    pub fn with_model(mut self, name: &str, model: impl Model + 'static, settings: ModelSettings) -> Self {
        self.own_models.push(Named::new(name, Box::new(model), settings));
        self
    }

    /// Records what models answer, or answers with what was recorded.
    #[must_use]
    pub fn cassette(mut self, cassette: Cassette) -> Self {
        self.cassette = Some(cassette);
        self
    }

    /// Keeps the long-term memory in this SQLite file, which is created if absent. Without it, the host has no
    /// long-term memory.
    #[must_use]
    pub fn memory(mut self, path: impl Into<PathBuf>) -> Self {
        self.memory = Some((path.into(), config::Memory::default()));
        self
    }

    /// Sends spans, meters and a log to a collector of OpenTelemetry, with the names of the conventions for GenAI.
    #[must_use]
    pub fn telemetry(mut self, telemetry: config::Telemetry) -> Self {
        self.telemetry = telemetry;
        self
    }

    /// Lets runs share a budget: what they spend together never exceeds it, on whichever host with this journal they run.
    #[must_use]
    pub fn shared_budget(mut self, name: &str, budget: config::SharedBudget) -> Self {
        self.budgets.insert(name.to_owned(), budget);
        self
    }

    /// Tells of runs that need a person, whenever [`Host::notify`] or [`Host::timers`] looks. Its key is the value of the secret
    /// that it names.
    #[must_use]
    pub fn notify(mut self, name: &str, notify: config::Notify) -> Self {
        self.notify.insert(name.to_owned(), notify);
        self
    }

    /// Starts a workflow by itself, at its times, once [`Host::fire_schedules`] or [`Host::timers`] looks.
    #[must_use]
    pub fn schedule(mut self, name: &str, schedule: config::Schedule) -> Self {
        self.schedules.insert(name.to_owned(), schedule);
        self
    }

    /// Tells these hooks what happens in the host, beside those that were added before.
    #[must_use]
    pub fn hooks(mut self, hooks: impl Hooks + 'static) -> Self {
        self.hooks.push(Box::new(hooks));
        self
    }

    /// Requires a person's approval for each call of a tool, whatever the workflow wants, and for each one of code too.
    #[must_use]
    pub fn ask_first(mut self, tool: &str) -> Self {
        self.tools.ask_first(tool);
        self
    }

    /// Says which marks the answers of a tool carry, in place of those that follow from its grants: what comes over the
    /// network is untrusted, what comes from a database, a directory or a bucket is private. In a run that has taken in
    /// both, a tool that can send is called only with a person's approval.
    #[must_use]
    pub fn labels(mut self, tool: &str, labels: impl IntoIterator<Item = Label>) -> Self {
        self.tools.labelled(tool, labels.into_iter().collect());
        self
    }

    /// Keeps compiled components in this folder, so that the next start need not compile them.
    #[must_use]
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.engine.cache_dir = Some(folder.into());
        self
    }

    /// Keeps the key by which compiled components are known again in this folder, in place of the one of
    /// [`cache`](Self::cache): then it does not help to be able to write there.
    #[must_use]
    pub fn keys(mut self, folder: impl Into<PathBuf>) -> Self {
        self.engine.key_dir = Some(folder.into());
        self
    }

    /// Says who compiles components: by default a thread of this process, which bounds neither memory nor, in the end, time.
    /// A program that may be started anew for it does better with a [`Compiler::Process`].
    #[must_use]
    pub fn compiler(mut self, compiler: Compiler) -> Self {
        self.engine.compiler = compiler;
        self
    }

    /// Lets at most so many calls run at the same time; further ones wait.
    #[must_use]
    pub fn concurrency(mut self, calls: u32) -> Self {
        self.engine.concurrency = calls;
        self
    }

    /// Makes every bit that floats compute in tools and code the same on every machine. Without it, the sign and the payload of a
    /// NaN are the processor's: hosts that share a journal and are machines of several kinds do well to have it. Arithmetic of
    /// floats is slower with it, and components are compiled anew.
    #[must_use]
    pub fn portable_floats(mut self) -> Self {
        self.engine.portable_floats = true;
        self
    }

    /// Sets what any single call may use, however much its run has left.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds a language in which agents may write code: a component of the world `stockade:host/interpreter`. One of
    /// that name is replaced.
    #[must_use]
    pub fn language(mut self, name: &str, source: impl Into<Source>) -> Self {
        self.languages.insert(name.to_owned(), source.into());
        self
    }

    /// Sets what one piece of code may use, the tools that it calls included, however much its run has left.
    #[must_use]
    pub fn code_limits(mut self, limits: Limits) -> Self {
        self.code_limits = limits;
        self
    }

    /// Bounds sessions of code, and the waiting in them.
    #[must_use]
    pub fn session_limits(mut self, limits: SessionLimits) -> Self {
        self.sessions = limits;
        self
    }

    /// Tells code the real time at which it began, in place of one that is the same for all. The time is kept in the
    /// journal, and moves only when the code reads it: code that is run again is told the same.
    #[must_use]
    pub fn real_clock(mut self) -> Self {
        self.real_clock = true;
        self
    }

    /// Keeps so many instances of each language ready once code of it has run, so that the next code need not wait for one;
    /// by default none. Each holds slots of the pool (CPython six), which tools then do not have.
    #[must_use]
    pub fn keep_ready(mut self, instances: usize) -> Self {
        self.ready = instances;
        self
    }

    /// Makes the private directories of code in this folder, which exists; without one, beside the journal.
    #[must_use]
    pub fn scratch(mut self, folder: impl Into<PathBuf>) -> Self {
        self.scratch = Some(folder.into());
        self
    }

    /// Lets each run end within this time that is started without a deadline of its own
    /// ([`NewRun::deadline`](crate::NewRun::deadline)).
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Drives no more runs than this at the same time; further ones wait for their turn.
    #[must_use]
    pub fn runs_at_once(mut self, concurrency: config::Concurrency) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// Drives runs on this Tokio runtime, in place of the one on which they are begun: so what a service answers does not wait
    /// behind the runs that it drives. The runtime must outlast the host.
    #[must_use]
    pub fn drive_on(mut self, runtime: Handle) -> Self {
        self.drivers = Some(runtime);
        self
    }

    /// Takes the journal's time from here.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Opens the journal and loads the tools, those in registries too.
    ///
    /// # Errors
    ///
    /// A journal that cannot be used, a file that is not a component, a component that asks for what the host does not offer, a
    /// workflow that wants a tool that is not registered.
    pub async fn build(mut self) -> Result<Host> {
        self.place.check()?;
        self.own_journal.as_ref().map_or(Ok(()), |_| journals::check_own(&self.place))?;
        if let Some(file) = self.place.file() {
            self.journal = file.to_owned();
        }
        self.add_uploads()?;
        self.reserve_own();
        let hooks = self.all_hooks()?;
        self.store.tell(Arc::clone(&hooks));
        self.store.resolve_by(self.engine.hosts.clone());
        self.tools = self.tools.fetched(&self.store).await?;
        for source in self.languages.values_mut() {
            *source = source.clone().fetched(&self.store).await?;
        }
        let memory = match &self.memory {
            Some((path, memory)) => Some(Recollection::open(path, memory, &self.secrets, self.clock.now_ms()).await?),
            None => None,
        };
        let is_shared = self.own_journal.is_none() && self.place.is_in_databases();
        let shared =
            if is_shared { Some(journals::in_databases(&self.place, &self.secrets, &self.clock).await?) } else { None };
        let exports = self.telemetry.endpoint.is_some();
        let build = tokio::task::spawn_blocking(move || self.build_blocking(memory, hooks, shared));
        let host: Host = build.await.map_err(|error| Fault::new(Kind::HostBug, error.to_string()))??;
        if exports {
            tokio::spawn(observing::keep(Arc::downgrade(&host.services)));
        }
        Ok(host)
    }

    /// `shared` is the journal in a database, where it is in one.
    fn build_blocking(
        self,
        memory: Option<Recollection>,
        hooks: Arc<dyn Hooks>,
        shared: Option<Box<dyn Journal>>,
    ) -> Result<Host> {
        let keys = journals::keys(&self.place, &self.secrets)?;
        let Self { journal, mut tools, store, mut machines, mut engine, secrets, limits, clock, roles, .. } = self;
        let models = models::made(&self.models, self.own_models, self.cassette.as_ref(), &secrets, &clock)?;
        tools.in_time(&limits);
        let breakers = registered::breakers(&tools, &self.models);
        let memory_bytes_max = limits.memory_bytes.max(tools.memory_bytes_max());
        // Without a language no code runs.
        let for_code = if self.languages.is_empty() { 0 } else { self.code_limits.memory_bytes };
        check_settings(&self.settings, &machines)?;
        let own = (!self.languages.is_empty()).then(|| Machine::new(Exec)).into_iter().chain([Machine::new(Agent)]);
        for own in own {
            check_free(own.name(), &machines)?;
            machines.push(own);
        }
        engine.memory_bytes_max = memory_bytes_max.max(for_code);
        let kept_slots = engine.concurrency as usize / 2;
        let notified = Notified::all(self.notify, &secrets)?;
        engine.secrets = secrets.into_iter().collect();
        let engine = Engine::new(engine)?;
        let registry = Registry::load(&engine, tools)?;
        self.meters.know("gen_ai.tool.name", registered::names(&registry, &self.languages));
        let machines: Children =
            machines.into_iter().map(|machine| (machine.name().to_owned(), Arc::new(machine))).collect();
        check_models(&self.patterns, &models)?;
        let patterns = patterns::machines(&registered::asking_first(self.patterns, &registry), &machines)?;
        let machines: Children = machines.into_iter().chain(patterns).collect();
        machines.values().try_for_each(|machine| check_tools(machine, &registry))?;
        check_concurrency(&self.concurrency, &machines)?;
        let schedules = Planned::all(self.schedules, &machines)?;
        let (journal, folder): (Box<dyn Journal>, _) = match (self.own_journal, shared) {
            (Some(own), _) => (own, self.scratch.clone().ok_or_else(no_folder)?),
            (None, Some(shared)) => (shared, folder_of(&journal)),
            (None, None) => (in_file(&journal, &clock, keys)?, folder_of(&journal)),
        };
        let coding = Coding {
            languages: Arc::new(Languages::new(
                &engine,
                self.languages,
                (self.ready, self.code_limits.clone()),
                Arc::clone(&hooks),
            )),
            sessions: Sessions::new(kept_slots, self.sessions),
            limits: self.code_limits,
            real_clock: self.real_clock,
            scratch: self.scratch.unwrap_or_else(|| folder.clone()),
        };
        Scratch::sweep(&coding.scratch);
        let common = Common {
            registry,
            limits,
            coding,
            outputs: Outputs::default(),
            clock,
            hooks,
            meters: self.meters,
            models,
            memory,
            machines,
            schedules,
            budgets: self.budgets,
            notified,
            engine,
            breakers,
            bookmarks: Bookmarks::default(),
            deadline: self.deadline,
            turns: Arc::new(Turns::new(self.concurrency)),
            drivers: self.drivers,
            starts: start::turns(),
            uploads: Uploads::new(self.uploads),
            store,
            folder,
            roles,
            skills: self.skills,
        };
        Ok(Host { services: Arc::new(Services::new(journal, common)) })
    }
}

impl Host {
    /// Begins to put a host together; the journal is `stockade.db` unless another is named.
    pub fn builder() -> Builder {
        Builder {
            journal: "stockade.db".into(),
            place: config::Journal::default(),
            own_journal: None,
            own_models: Vec::new(),
            tools: Wanted::default(),
            store: Store::default(),
            machines: Vec::new(),
            patterns: BTreeMap::new(),
            settings: BTreeSet::new(),
            models: BTreeMap::new(),
            cassette: None,
            memory: None,
            hooks: Vec::new(),
            telemetry: config::Telemetry::default(),
            meters: Arc::default(),
            budgets: SharedBudgets::new(),
            notify: BTreeMap::new(),
            schedules: BTreeMap::new(),
            engine: EngineConfig::default(),
            secrets: BTreeMap::new(),
            limits: Limits::default(),
            languages: BTreeMap::new(),
            code_limits: coding::default_limits(),
            sessions: SessionLimits::default(),
            real_clock: false,
            ready: 0,
            scratch: None,
            clock: Clock::default(),
            roles: BTreeMap::new(),
            deadline: None,
            concurrency: config::Concurrency::default(),
            drivers: None,
            uploads: None,
            skills: Skills::default(),
            accepted_skills: BTreeMap::new(),
        }
    }
}
