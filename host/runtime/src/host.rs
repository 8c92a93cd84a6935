use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use stockade_sandbox::{Compiler, Config as EngineConfig, Engine, Limits, Snippet, Tool};
use stockade_workflow::patterns::{self, Agent, Children, Pattern};
use stockade_workflow::{
    Budget, Change, Code, CodeOutcome, Decision, Entry, Event, Exec, Fault, Grant, Kind, Label, Machine, Memory, Note,
    Query, Question, Remembered, RunId, RunState, Status, Usage, Workflow,
};
use uuid::Uuid;

use crate::asking::Asking;
use crate::code::{Coding, Record};
use crate::executor::Driver;
use crate::journal::{CellRef, Journal, SqliteJournal, Summary};
use crate::languages::Languages;
use crate::memory::LongTerm;
use crate::model::{Models, Recording, Replay};
use crate::oci::{Pulled, Store};
use crate::recollection::Recollection;
use crate::sessions::Sessions;
use crate::telemetry::Telemetry;
use crate::tools::{Source, Tools, Wanted};
use crate::{Clock, Config, Result, Run, code, config, promote};

/// The longest input of a run, in bytes of JSON: it is journaled, and handed to the workflow at once.
const INPUT_BYTES_MAX: usize = 1 << 20;

/// How deep arrays and objects of an input may nest: the journal must be able to read it back, wrapped in an entry.
const INPUT_DEPTH_MAX: usize = 64;

/// Runs durable workflows over sandboxed tools. A cheap handle: clone it.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) tools: Tools,
    pub(crate) limits: Limits,
    pub(crate) coding: Coding,
    pub(crate) clock: Clock,
    pub(crate) observer: Observer,
    pub(crate) listener: Listener,
    pub(crate) telemetry: Option<Telemetry>,
    models: Models,
    memory: Option<Recollection>,
    machines: Children,
    engine: Engine,
    store: Store,
    /// Where the journal is.
    folder: PathBuf,
}

/// A recording of what models answer.
#[derive(Clone, Debug)]
pub enum Tape {
    /// Is made in this file. No secret that the host knows is in it.
    Record(PathBuf),
    /// Answers in place of the models, from this file.
    Replay(PathBuf),
}

/// Is told of each commit: the run as it then stands, and the entries that were written.
type Observer = Box<dyn Fn(&RunState, &[Entry]) + Send + Sync>;

/// Is told of each piece of a model's answer as it comes: the run, the key of the effect, the piece.
type Listener = Box<dyn Fn(RunId, &str, &str) + Send + Sync>;

/// Puts a [`Host`] together.
pub struct Builder {
    journal: PathBuf,
    tools: Wanted,
    store: Store,
    machines: Vec<Machine>,
    patterns: BTreeMap<String, Pattern>,
    models: BTreeMap<String, config::Model>,
    tape: Option<Tape>,
    memory: Option<(PathBuf, config::Memory)>,
    listener: Listener,
    telemetry: config::Telemetry,
    engine: EngineConfig,
    secrets: BTreeMap<String, String>,
    limits: Limits,
    languages: BTreeMap<String, Source>,
    code_limits: Limits,
    ready: usize,
    scratch: Option<PathBuf>,
    clock: Clock,
    observer: Observer,
}

impl Builder {
    /// Keeps the journal in this SQLite file, which is created if absent; its folder must exist.
    #[must_use]
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = path.into();
        self
    }

    /// Registers a component as a tool, with all that it is granted.
    #[must_use]
    pub fn tool(mut self, name: &str, source: impl Into<Source>, grants: impl IntoIterator<Item = Grant>) -> Self {
        self.tools.add(name, source.into(), grants.into_iter().collect());
        self
    }

    /// Registers a tool that [`Host::promote`] made. The yes that it was given then is all that it is granted.
    #[must_use]
    pub fn promoted(mut self, name: &str, source: impl Into<Source>) -> Self {
        self.tools.add(name, source.into(), Vec::new());
        self.tools.promoted(name);
        self
    }

    /// Adds the tools of a configuration, with their grants and limits, and takes its limits for all other calls, its languages, and what code
    /// may use. A tool
    /// that is registered already is replaced, with all that was said of it.
    ///
    /// # Errors
    ///
    /// The folder of tools cannot be read, or a tool has no component.
    pub fn configured(mut self, config: &Config) -> Result<Self> {
        self.tools.configure(config)?;
        self.limits = config.limits.clone().unwrap_or(self.limits);
        self.code_limits = config.code.limits.clone().unwrap_or(self.code_limits);
        self.languages.extend(config.language.iter().map(|(name, language)| (name.clone(), language.source())));
        self.models.extend(config.model.clone());
        self.patterns.extend(config.workflow.patterns.clone());
        self.telemetry = config.telemetry.clone();
        if let Some((_, memory)) = &mut self.memory {
            *memory = config.memory.clone();
        }
        Ok(self)
    }

    /// Keeps components that come from registries in this folder, so that the next start need not ask for them.
    #[must_use]
    pub fn components(mut self, folder: impl Into<PathBuf>) -> Self {
        self.store.keep_in(folder.into());
        self
    }

    /// Is told how a pull from a registry goes on: the reference, bytes so far, bytes in all. It must not block.
    #[must_use]
    pub fn progress(mut self, progress: impl Fn(&str, u64, u64) + Send + Sync + 'static) -> Self {
        self.store.tell(Arc::new(progress));
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

    /// Sends requests for a host to these addresses, whatever the system's resolver says. They are checked like any
    /// others.
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

    /// Records what models answer, or answers with what was recorded.
    #[must_use]
    pub fn tape(mut self, tape: Tape) -> Self {
        self.tape = Some(tape);
        self
    }

    /// Keeps the long-term memory in this SQLite file, which is created if absent. Without it there is none.
    #[must_use]
    pub fn memory(mut self, path: impl Into<PathBuf>) -> Self {
        self.memory = Some((path.into(), config::Memory::default()));
        self
    }

    /// Sends spans of OpenTelemetry, with the names of the GenAI conventions, to a collector.
    #[must_use]
    pub fn telemetry(mut self, telemetry: config::Telemetry) -> Self {
        self.telemetry = telemetry;
        self
    }

    /// Is told of each piece of a model's answer as it comes: the run, the key of the effect, the piece. It must not block.
    #[must_use]
    pub fn listen(mut self, listener: impl Fn(RunId, &str, &str) + Send + Sync + 'static) -> Self {
        self.listener = Box::new(listener);
        self
    }

    /// Lets nobody call a tool without a person's yes to each call, whatever the workflow wants. Code cannot call it.
    #[must_use]
    pub fn ask_first(mut self, tool: &str) -> Self {
        self.tools.ask_first(tool);
        self
    }

    /// Says which marks the answers of a tool carry, in place of those that follow from its grants: what comes over the
    /// network is untrusted, what comes from a database, a directory or a bucket is private. In a run that has taken in
    /// both, a tool that can send is called only with a person's yes.
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

    /// Takes the journal's time from here.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Is told of each commit: the run as it then stands, and the entries that were written. It must not block.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&RunState, &[Entry]) + Send + Sync + 'static) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// Opens the journal and loads the tools, those in registries too.
    ///
    /// # Errors
    ///
    /// A journal that cannot be used, a component that is not one or asks for what nobody offers, a workflow that
    /// wants a tool that is not registered.
    pub async fn build(mut self) -> Result<Host> {
        self.tools = self.tools.fetched(&self.store).await?;
        for source in self.languages.values_mut() {
            *source = source.clone().fetched(&self.store).await?;
        }
        let collector = self.telemetry.endpoint.clone();
        let telemetry = collector.map(|endpoint| Telemetry::start(&self.telemetry, &endpoint)).transpose()?;
        let memory = match &self.memory {
            Some((path, memory)) => Some(Recollection::open(path, memory, &self.secrets, self.clock.now_ms()).await?),
            None => None,
        };
        let build = tokio::task::spawn_blocking(move || self.build_blocking(memory, telemetry));
        build.await.map_err(|error| Fault::new(Kind::HostBug, error.to_string()))?
    }

    fn build_blocking(self, memory: Option<Recollection>, telemetry: Option<Telemetry>) -> Result<Host> {
        let Self { journal, tools, store, mut machines, mut engine, secrets, limits, clock, observer, .. } = self;
        let models = models(&self.models, self.tape.as_ref(), &secrets)?;
        let memory_bytes_max = limits.memory_bytes.max(tools.memory_bytes_max());
        // Without a language no code runs.
        let for_code = if self.languages.is_empty() { 0 } else { self.code_limits.memory_bytes };
        let own = (!self.languages.is_empty()).then(|| Machine::new(Exec)).into_iter().chain([Machine::new(Agent)]);
        for own in own {
            check_free(own.name(), &machines)?;
            machines.push(own);
        }
        engine.memory_bytes_max = memory_bytes_max.max(for_code);
        let kept_slots = engine.concurrency as usize / 2;
        engine.secrets = secrets.into_iter().collect();
        let engine = Engine::new(engine)?;
        let tools = Tools::load(&engine, tools)?;
        let machines: Children =
            machines.into_iter().map(|machine| (machine.name().to_owned(), Arc::new(machine))).collect();
        check_models(&self.patterns, &models)?;
        let patterns = patterns::machines(&asking_first(self.patterns, &tools), &machines)?;
        let machines: Children = machines.into_iter().chain(patterns).collect();
        machines.values().try_for_each(|machine| check_tools(machine, &tools))?;
        let folder = journal.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        let journal = Box::new(SqliteJournal::open(journal)?);
        let coding = Coding {
            languages: Arc::new(Languages::new(&engine, self.languages, (self.ready, self.code_limits.clone()))),
            sessions: Sessions::new(kept_slots),
            limits: self.code_limits,
            scratch: self.scratch.unwrap_or_else(|| folder.clone()),
        };
        let listener = self.listener;
        let inner = Inner {
            journal,
            tools,
            limits,
            coding,
            clock,
            observer,
            listener,
            telemetry,
            models,
            memory,
            machines,
            engine,
            store,
            folder,
        };
        Ok(Host { inner: Arc::new(inner) })
    }
}

/// Checks that no workflow has the name of one that every host has.
fn check_free(own: &str, machines: &[Machine]) -> Result<()> {
    if machines.iter().any(|machine| machine.name() == own) {
        let message = format!("workflow \"{own}\" is there already, in every host; choose another name");
        return Err(Fault::invalid("workflow", message));
    }
    Ok(())
}

fn check_models(patterns: &BTreeMap<String, Pattern>, models: &Models) -> Result<()> {
    for (name, pattern) in patterns {
        let missing = pattern.models().into_iter().find_map(|model| models.get(Some(model)).err());
        if let Some(fault) = missing {
            return Err(Fault { message: format!("workflow \"{name}\": {}", fault.message), ..fault });
        }
    }
    Ok(())
}

fn check_tools(machine: &Machine, tools: &Tools) -> Result<()> {
    for want in machine.graph().wants() {
        if let Some(tool) = want.tools().iter().find(|tool| tools.get(tool).is_err()) {
            let message = format!("workflow \"{}\" wants tool \"{tool}\", which is not registered", machine.name());
            return Err(Fault::new(Kind::NotFound, message).detail("tool").tool(tool));
        }
    }
    Ok(())
}

/// Makes the models of a configuration; `secrets` are the keys, by name, and what a recording must not have.
fn models(
    wanted: &BTreeMap<String, config::Model>,
    tape: Option<&Tape>,
    secrets: &BTreeMap<String, String>,
) -> Result<Models> {
    let is_asked = !matches!(tape, Some(Tape::Replay(_)));
    let key = |name: &str, model: &config::Model| match &model.key {
        Some(secret) if is_asked => config::key_of(secret, &format!("the model \"{name}\""), secrets).map(Some),
        secret => Ok(secret.as_ref().and_then(|secret| secrets.get(secret)).cloned()),
    };
    let named = wanted.iter().map(|(name, model)| model.build(name, key(name, model)?));
    let models = Models::new(named.collect::<Result<Vec<_>>>()?, config::default_model(wanted)?)?;
    let values = secrets.values().cloned().collect();
    Ok(match tape {
        None => models,
        Some(Tape::Record(file)) => models.record(&Recording::create(file, values)?),
        Some(Tape::Replay(file)) => models.replay(&Replay::load(file, values)?),
    })
}

/// Has an agent ask before each call of a tool that the operator wants to be asked for.
fn asking_first(mut patterns: BTreeMap<String, Pattern>, tools: &Tools) -> BTreeMap<String, Pattern> {
    for pattern in patterns.values_mut() {
        if let Pattern::React(spec) = pattern {
            spec.ask.extend(spec.tools.iter().filter(|tool| tools.asks_first(tool)).cloned());
        }
    }
    patterns
}

impl Inner {
    /// A question with all that its asking needs.
    pub(crate) fn asking<'a>(&'a self, key: &'a str, question: &'a Question) -> Result<Asking<'a>> {
        Asking::new(&self.models, &self.tools, key, question)
    }

    /// What the long-term memory may use for a text, and the least without which it need not begin.
    pub(crate) fn memory_price(&self, text: &str) -> Result<(Usage, Usage)> {
        self.recollection()?.price(text)
    }

    pub(crate) async fn remember(
        &self,
        note: &Note,
        by: Option<(RunId, String)>,
        recalled: &[String],
        amount: &Usage,
    ) -> (Result<Remembered>, Usage) {
        match self.recollection() {
            Ok(memory) => memory.remember(note, by, self.clock.now_ms(), recalled, amount).await,
            Err(fault) => (Err(fault), Usage::default()),
        }
    }

    pub(crate) async fn recall(&self, query: &Query, amount: &Usage) -> (Result<Vec<Memory>>, Usage) {
        match self.recollection() {
            Ok(memory) => memory.recall(query, self.clock.now_ms(), amount).await,
            Err(fault) => (Err(fault), Usage::default()),
        }
    }

    fn recollection(&self) -> Result<&Recollection> {
        let none = || {
            let message = "this host has no long-term memory; `Builder::memory` says where it is kept";
            Fault::new(Kind::NotFound, message).detail("memory")
        };
        self.memory.as_ref().ok_or_else(none)
    }

    /// The code that a tool is, if it is one that was promoted.
    pub(crate) fn snippet(&self, tool: &str) -> Result<Option<&Snippet>> {
        self.tools.get(tool).and_then(|tool| self.tools.snippet(tool))
    }

    pub(crate) fn limits(&self, tool: &str) -> &Limits {
        self.tools.limits(tool).unwrap_or(&self.limits)
    }
}

impl Host {
    /// Begins to put a host together; the journal is `stockade.db` unless another is named.
    pub fn builder() -> Builder {
        Builder {
            journal: "stockade.db".into(),
            tools: Wanted::default(),
            store: Store::default(),
            machines: Vec::new(),
            patterns: BTreeMap::new(),
            models: BTreeMap::new(),
            tape: None,
            memory: None,
            listener: Box::new(|_, _, _| {}),
            telemetry: config::Telemetry::default(),
            engine: EngineConfig::default(),
            secrets: BTreeMap::new(),
            limits: Limits::default(),
            languages: BTreeMap::new(),
            code_limits: code::default_limits(),
            ready: 0,
            scratch: None,
            clock: Clock::default(),
            observer: Box::new(|_, _| {}),
        }
    }

    /// Starts a run; when this returns, it is in the journal and under way.
    ///
    /// # Errors
    ///
    /// An unknown workflow, an input that does not fit it, a journal that fails. No run exists then.
    pub async fn start(&self, workflow: &str, input: Value, budget: Budget) -> Result<Run> {
        let machine = self.machine(workflow)?;
        check_input(&input)?;
        let (workflow, version) = (workflow.to_owned(), machine.version());
        let created = Change::Created { workflow, version, input, budget };
        let mut driver = Driver::create(Arc::clone(&self.inner), machine, Uuid::now_v7().into(), created)?;
        driver.commit_planned().await?;
        Ok(Run::spawn(driver))
    }

    /// Goes on with a run that a crash or a kill left behind; one that has ended or waits stays as it is.
    ///
    /// # Errors
    ///
    /// An unknown run, a workflow that is not registered here or of another version, a journal that fails.
    pub async fn resume(&self, run: RunId) -> Result<Run> {
        Ok(Run::spawn(self.take_up(run).await?))
    }

    /// Returns the runs that go on by themselves, or would if they were resumed.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn unfinished(&self) -> Result<Vec<RunId>> {
        let running = self.inner.journal.runs(&[Status::Running]).await?;
        Ok(running.into_iter().map(|summary| summary.run_id).collect())
    }

    /// Takes a person's decision on the call that a run waits for, and goes on with it.
    ///
    /// The decision is durable when this returns.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] where nobody is waited for (any more), or something else is under way; else as
    /// [`Host::resume`].
    pub async fn decide(&self, run: RunId, decision: Decision) -> Result<Run> {
        if decision.by.trim().is_empty() {
            return Err(Fault::invalid("decision", "nobody is named as the one who decided; say who"));
        }
        let mut driver = self.take_up(run).await?;
        let Some(approval) = driver.state().open_approval() else { return Err(nothing_to_decide(driver.state())) };
        check_idle(driver.state())?;
        let key = approval.key.clone();
        driver.step(Event::Decided { key, decision }, Usage::default())?;
        driver.commit_planned().await?;
        Ok(Run::spawn(driver))
    }

    /// Adds to a run's budget, and goes on with it.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] where the run has ended, or something is under way; else as [`Host::resume`].
    pub async fn extend(&self, run: RunId, more: Budget) -> Result<Run> {
        if more == Budget::NONE {
            return Err(Fault::invalid("budget", "nothing is added; name at least one currency, as in fuel=1000000"));
        }
        let mut driver = self.take_up(run).await?;
        if driver.state().end().is_some() {
            let message = format!("run {run} is {}; its budget is closed", driver.state().status());
            return Err(Fault::new(Kind::Conflict, message));
        }
        check_idle(driver.state())?;
        driver.extend(more)?;
        driver.commit_planned().await?;
        Ok(Run::spawn(driver))
    }

    /// Returns a run as it stands in the journal.
    ///
    /// # Errors
    ///
    /// An unknown run, a journal that fails.
    pub async fn state(&self, run: RunId) -> Result<RunState> {
        RunState::fold(run, &self.entries(run).await?)
    }

    /// Returns the journal of one run.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn entries(&self, run: RunId) -> Result<Vec<Entry>> {
        self.inner.journal.read(run).await
    }

    /// Returns a line about each run, oldest first.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn runs(&self) -> Result<Vec<Summary>> {
        self.inner.journal.runs(&[]).await
    }

    /// Runs a piece of code as a run of its own, of the workflow [`Exec`]. There is one in a host that has a language.
    ///
    /// ```no_run
    /// # async fn example() -> stockade::Result<()> {
    /// use stockade::{Budget, Code, Host};
    ///
    /// let host = Host::builder().built_in_languages().shop("shop.db".as_ref()).build().await?;
    /// let code = Code::new("javascript", "return (await purchases.find({user_id: input})).price_cents");
    /// let code = code.input("user_123".into()).tools(["purchases"]);
    /// let run = host.exec(code, Budget::default().fuel(1_000_000_000)).await?;
    /// println!("{}", run.settled().await?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Host::start`].
    pub async fn exec(&self, code: Code, budget: Budget) -> Result<Run> {
        let input = serde_json::to_value(code).map_err(|error| Fault::invalid("code", error.to_string()))?;
        self.start(Exec::NAME, input, budget).await
    }

    /// Returns what a piece of code of a run came to, by the key of the effect that ran it; none if it has not ended.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn code_outcome(&self, run: RunId, key: &str) -> Result<Option<CodeOutcome>> {
        Ok(self.entries(run).await?.iter().find_map(|entry| code::ended(entry, key)))
    }

    /// Begins a session of code with the cells of another one; from then on neither sees what the other does.
    ///
    /// # Errors
    ///
    /// There is no session to begin with, or the new one exists.
    pub async fn fork(&self, from: &str, to: &str) -> Result<()> {
        self.inner.journal.fork(from, to).await
    }

    /// Runs a piece of code again that has ended, with the answers that its calls had, and makes none of them.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Divergence`] where it comes to another end, writes something else or uses other fuel.
    pub async fn replay(&self, run: RunId, key: &str) -> Result<()> {
        let cell = CellRef { run, key: key.to_owned() };
        Record::read(&self.inner, &cell).await?.repeated(&self.inner, &cell).await
    }

    /// Makes the component of a tool of a piece of code that has run, with the rights that it had and no more.
    ///
    /// `by` is the person who read the code and said yes. From then on it is a tool like any other.
    ///
    /// # Errors
    ///
    /// There is no such code, or it did not come to a value.
    pub async fn promote(&self, run: RunId, key: &str, name: &str, by: &str) -> Result<Vec<u8>> {
        let cell = CellRef { run, key: key.to_owned() };
        let record = Record::read(&self.inner, &cell).await?;
        promote::component(&record, &self.inner.tools, &format!("{run}/{key}"), name, by)
    }

    /// Returns the code that a call of a promoted tool runs, for [`Exec`](crate::Exec); none for another tool.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Approval`] where nobody here said yes to it, or a tool that it may call has changed since.
    pub fn promoted(&self, tool: &Tool, arguments: &Value) -> Result<Option<Code>> {
        let snippet = self.inner.tools.snippet(tool)?;
        snippet.map(|snippet| promote::code(snippet, &self.inner.tools, arguments)).transpose()
    }

    /// Loads a language, so that the first code need not wait for it: one that was never compiled here takes seconds.
    ///
    /// # Errors
    ///
    /// There is no such language, or its component is none.
    pub async fn prepare(&self, language: &str) -> Result<()> {
        self.inner.coding.languages.get(language).await.map(drop)
    }

    /// Returns the names of the languages that there are.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.inner.coding.languages.names()
    }

    /// Returns the registered tools.
    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.inner.tools.iter()
    }

    /// Returns a registered tool.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`], with the names that there are.
    pub fn tool(&self, name: &str) -> Result<&Tool> {
        self.inner.tools.get(name)
    }

    /// Returns where a registered tool's component comes from.
    ///
    /// # Errors
    ///
    /// As [`Host::tool`].
    pub fn source(&self, name: &str) -> Result<&Source> {
        self.inner.tools.source(name)
    }

    /// Loads a component as a tool without registering it.
    ///
    /// # Errors
    ///
    /// A component that is not one, or asks for what nobody offers.
    pub fn load(&self, name: &str, source: &Source, grants: &[Grant]) -> Result<Tool> {
        source.tool(&self.inner.engine, name, grants)
    }

    /// Gets a component that is in a registry, for [`Host::load`]; any other source stays as it is.
    ///
    /// # Errors
    ///
    /// The reference is not pinned, the registry cannot be asked, or it has other bytes.
    pub async fn fetch(&self, source: Source) -> Result<Source> {
        source.fetched(&self.inner.store).await
    }

    /// Asks a registry for the component that an `oci://` reference means now, and keeps it.
    ///
    /// # Errors
    ///
    /// The registry cannot be asked, has no such component, or answers what its own digests contradict.
    pub async fn pull(&self, reference: &str) -> Result<Pulled> {
        self.inner.store.pull(reference).await
    }

    /// Waits until all spans so far are sent, or the collector had its time. Without a collector there is nothing to wait
    /// for.
    pub async fn flush(&self) {
        if let Some(telemetry) = &self.inner.telemetry {
            telemetry.flush().await;
        }
    }

    /// Returns the long-term memory.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn memory(&self) -> Result<&LongTerm> {
        self.inner.recollection().map(|recollection| &recollection.memory)
    }

    /// Returns the workflows, by their names.
    pub fn workflows(&self) -> impl Iterator<Item = &Machine> {
        self.inner.machines.values().map(AsRef::as_ref)
    }

    /// Returns a workflow.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`], with the names that there are.
    pub fn workflow(&self, name: &str) -> Result<Arc<Machine>> {
        self.machine(name)
    }

    /// Returns whether an agent is to ask a person before it calls a tool: as the configuration says, or else where a
    /// call may change something.
    ///
    /// # Errors
    ///
    /// As [`Host::tool`].
    pub fn agent_asks(&self, tool: &str) -> Result<bool> {
        self.inner.tools.get(tool).map(|tool| self.inner.tools.agent_asks(tool))
    }

    /// Returns what one call of a tool may use: its own limits, or those of all.
    pub fn limits(&self, tool: &str) -> &Limits {
        self.inner.limits(tool)
    }

    /// Where the host writes anyway.
    pub(crate) fn folder(&self) -> &Path {
        &self.inner.folder
    }

    async fn take_up(&self, run: RunId) -> Result<Driver> {
        let state = self.state(run).await?;
        let machine = self.machine(state.workflow())?;
        Driver::take_up(Arc::clone(&self.inner), machine, state)
    }

    fn machine(&self, name: &str) -> Result<Arc<Machine>> {
        self.inner.machines.get(name).cloned().ok_or_else(|| {
            let known: Vec<_> = self.inner.machines.keys().map(String::as_str).collect();
            let message = format!("there is no workflow \"{name}\"; registered are: {}", known.join(", "));
            Fault::new(Kind::NotFound, message).detail("workflow")
        })
    }
}

fn check_input(input: &Value) -> Result<()> {
    let (bytes, deep) = (input.to_string().len(), depth(input));
    let message = match () {
        () if bytes > INPUT_BYTES_MAX => {
            format!("the input is {bytes} bytes of JSON, and {INPUT_BYTES_MAX} are allowed")
        }
        () if deep > INPUT_DEPTH_MAX => format!("the input nests {deep} deep, and {INPUT_DEPTH_MAX} are allowed"),
        () => return Ok(()),
    };
    Err(Fault::invalid("input", message))
}

fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => members.values().map(depth).max().unwrap_or_default(),
        _ => return 0,
    };
    inner + 1
}

/// Checks that nobody else is at work on a run: what is under way there would be done once more, or be unknown.
fn check_idle(state: &RunState) -> Result<()> {
    let Some(effect) = state.under_way_now().next() else { return Ok(()) };
    let message = format!(
        "run {} is still busy with \"{}\"; wait until it is not, or resume it if whoever was at work on it is gone",
        state.run(),
        effect.key()
    );
    Err(Fault::new(Kind::Conflict, message).detail("busy"))
}

fn nothing_to_decide(state: &RunState) -> Fault {
    let decided = state.approvals().filter_map(|approval| approval.decision.as_ref()).last();
    let before = decided.map(|decision| format!("; \"{}\" has decided already", decision.by)).unwrap_or_default();
    let message = format!("run {} is {} and waits for nobody{before}", state.run(), state.status());
    Fault::new(Kind::Conflict, message).detail("decision")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_that_the_journal_could_not_read_back_is_refused() {
        let nested = |depth: usize| (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert!(check_input(&nested(INPUT_DEPTH_MAX)).is_ok());
        let fault = check_input(&nested(INPUT_DEPTH_MAX + 1)).unwrap_err();
        assert_eq!(
            (fault.kind, fault.message.as_str()),
            (Kind::Invalid, "the input nests 65 deep, and 64 are allowed")
        );
        let long = Value::String("x".repeat(INPUT_BYTES_MAX));
        assert!(check_input(&long).unwrap_err().message.starts_with("the input is 1048578 bytes"));
    }
}
