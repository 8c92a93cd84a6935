use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use futures_util::Stream;
use serde_json::Value;
use stockade_sandbox::{Limits, Tool};
use stockade_workflow::{Budget, Code, CodeOutcome, Effect, Fault, Grant, Label, Machine, RunId, ToolCall};

use crate::cells::{self, CellRef};
use crate::code::Record;
use crate::marks::{self, Mark};
#[cfg(feature = "oci")]
use crate::oci::Pulled;
use crate::promote::{self, Promotion};
use crate::services::Services;
use crate::skills::Content;
use crate::{
    AcceptedSkill, BreakerView, Registered, Replayed, Result, Run, SkillView, Source, Uploaded, UsedSkill, Wrote, code,
    labels, skills, uploads,
};
use stockade_journal::{Commit, each};
#[cfg(feature = "memory")]
use stockade_memory::LongTerm;

/// Runs durable workflows over sandboxed tools. A cheap handle: clone it.
#[derive(Clone)]
pub struct Host {
    pub(crate) services: Arc<Services>,
}

impl Host {
    /// Writes down what a call of a tool outside of any run may leave in databases, directories and buckets, for the runs that
    /// read them later. Such a call is the caller's own: it is to be made after this.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn calls_outside(&self, tool: &str, key: &str) -> Result<()> {
        let effect = Effect::call(key, ToolCall::new(tool, "", Value::Null));
        let marks = marks::all(&*self.services.journal).await?;
        self.mark(labels::left_by_call(&self.services.registry, &marks, &effect)).await
    }

    /// Writes down that what a run took in is in a folder, into which its files are to be put.
    ///
    /// # Errors
    ///
    /// There is no such run; a journal that fails.
    pub async fn puts_files(&self, run: RunId, folder: &Path) -> Result<()> {
        let (state, marks) = (self.state(run).await?, marks::all(&*self.services.journal).await?);
        self.mark(labels::left_in(&self.services.registry, &marks, &state, folder)).await
    }

    async fn mark(&self, marks: Vec<Mark>) -> Result<()> {
        if marks.is_empty() {
            return Ok(());
        }
        self.services.journal.commit(&Commit::of_index(marks.iter().map(Mark::added).collect())).await
    }

    /// Runs a piece of code as a run of its own, of the workflow [`Exec`](crate::Exec). There is one in a host that has a language.
    ///
    /// ```no_run
    /// # async fn example() -> stockade::Result<()> {
    /// use stockade::{Budget, Code, Host};
    ///
    /// let host = Host::builder().built_in_languages().tools(stockade_refund::shop::tools("shop.db".as_ref()));
    /// let host = host.build().await?;
    /// let code = Code::new("javascript", "return (await purchases.find({user_id: input})).price_cents");
    /// let code = code.input("user_123".into()).tools(["purchases"]);
    /// let run = host.exec(code, Budget::default().fuel(1_000_000_000)).await?;
    /// println!("{}", run.settled().await?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Host::start`], and where there is no such language or tool.
    pub async fn exec(&self, code: Code, budget: Budget) -> Result<Run> {
        let new = self.code_run(code)?;
        self.start(&new.workflow, new.input, budget).await
    }

    /// Returns how a piece of code of a run ended, by the key of the effect that ran it; nothing if it has not ended.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn code_outcome(&self, run: RunId, key: &str) -> Result<Option<CodeOutcome>> {
        let mut outcome = None;
        let find = |entry| {
            outcome = code::ended(entry, key).or_else(|| outcome.take());
            Ok(())
        };
        each(&*self.services.journal, run, find).await?;
        Ok(outcome)
    }

    /// Begins a session of code with the cells of another one; from then on neither sees what the other does.
    ///
    /// # Errors
    ///
    /// There is no session to begin with, or the new one exists.
    pub async fn fork(&self, from: &str, to: &str) -> Result<()> {
        cells::fork(&*self.services.journal, from, to).await
    }

    /// Follows what a piece of code of a run writes, by the key of the effect that runs it
    /// ([`Exec::KEY`](crate::Exec::KEY) of a run of [`Host::exec`]): whole lines, as they are written. The stream never ends
    /// by itself; the rest of what the code wrote is in its outcome.
    ///
    /// Only code that this process runs is heard. Code that is run again, because a person was asked or the process that ran
    /// it has ended, writes the same again, and a follower hears it once. Of the two outputs, each is in its order.
    pub fn output(&self, run: RunId, key: &str) -> impl Stream<Item = Wrote> + Send + 'static + use<> {
        self.services.outputs.follow(run, key)
    }

    /// Runs a piece of code again that has ended, with the answers that its calls had, and makes none of them.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Divergence`](crate::Kind::Divergence) where it ends otherwise, writes something else or uses other fuel.
    /// Where the bits of a NaN may differ from those on the machine that recorded it, the message says so.
    pub async fn replay(&self, run: RunId, key: &str) -> Result<Replayed> {
        let cell = CellRef { run, key: key.to_owned() };
        let record = Record::read(&self.services, &cell).await?;
        record.repeated(&self.services, &cell).await?;
        Ok(record.replayed(&self.services))
    }

    /// Makes the component of a tool of a piece of code that has run, with the rights that it had and no more.
    ///
    /// `by` is the person who read the code and approved it. From then on it is a tool like any other.
    ///
    /// # Errors
    ///
    /// There is no such code, or it did not return a value.
    pub async fn promote(&self, run: RunId, key: &str, name: &str, by: &str) -> Result<Vec<u8>> {
        self.promote_as(run, key, (name, by), &Promotion::default()).await
    }

    /// Makes the component of a tool of a piece of code as [`Host::promote`] does, of this name, approved by this person, with
    /// schemas and cases of its own.
    ///
    /// # Errors
    ///
    /// As [`Host::promote`], and where there are more cases than a manifest has.
    pub async fn promote_as(
        &self,
        run: RunId,
        key: &str,
        name_and_person: (&str, &str),
        promotion: &Promotion,
    ) -> Result<Vec<u8>> {
        let cell = CellRef { run, key: key.to_owned() };
        let record = Record::read(&self.services, &cell).await?;
        promote::component(&record, &self.services.registry, &format!("{run}/{key}"), name_and_person, promotion)
    }

    /// Returns the code that a call of a component runs, for [`Exec`](crate::Exec); none where the component answers by
    /// itself.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Approval`](crate::Kind::Approval) where the code was not approved on this host, or a tool that it may call
    /// has changed since.
    pub fn promoted(&self, tool: &Tool, function: &str, arguments: &Value) -> Result<Option<Code>> {
        self.services.registry.code_of(tool, &ToolCall::new(tool.name(), function, arguments))
    }

    /// Loads a language, so that the first code need not wait for it: one that was never compiled here takes seconds.
    ///
    /// # Errors
    ///
    /// There is no such language, or its file is not a component.
    pub async fn prepare(&self, language: &str) -> Result<()> {
        self.services.coding.languages.get(language).await.map(drop)
    }

    /// Checks that there is a language of this name.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`](crate::Kind::NotFound), with the names that there are.
    pub fn check_language(&self, name: &str) -> Result<()> {
        self.services.coding.languages.check(name)
    }

    /// Checks that there is a model of this name, or a default one where it has no name.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`](crate::Kind::NotFound), with the names that there are.
    pub fn check_model(&self, name: Option<&str>) -> Result<()> {
        self.services.models.get(name).map(drop)
    }

    /// Returns the names of the languages that there are.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.services.coding.languages.names()
    }

    /// Returns the registered tools.
    pub fn tools(&self) -> impl Iterator<Item = &Registered> {
        self.services.registry.iter()
    }

    /// Returns a registered tool.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`](crate::Kind::NotFound), with the names that there are.
    pub fn tool(&self, name: &str) -> Result<&Registered> {
        self.services.registry.get(name)
    }

    /// Returns the component of a registered tool.
    ///
    /// # Errors
    ///
    /// As [`Host::tool`], and where the tool is of another kind.
    pub fn component(&self, name: &str) -> Result<&Tool> {
        self.services.registry.component(name)
    }

    /// Returns where a registered tool's component comes from.
    ///
    /// # Errors
    ///
    /// As [`Host::component`].
    pub fn source(&self, name: &str) -> Result<&Source> {
        self.services.registry.source(name)
    }

    /// Loads a component as a tool without registering it.
    ///
    /// # Errors
    ///
    /// A file that is not a component, or a component that asks for what the host does not offer.
    pub fn load(&self, name: &str, source: &Source, grants: &[Grant]) -> Result<Tool> {
        source.tool(&self.services.engine, name, grants)
    }

    /// Returns the skills that were found, in order of their names, those too that are not used.
    pub fn skills(&self) -> Vec<SkillView> {
        self.services.skills.views()
    }

    /// Returns the skills that are used, in order of their names, with their files.
    pub fn used_skills(&self) -> impl Iterator<Item = UsedSkill<'_>> {
        self.services.skills.used().map(|(name, Content { description, digest, files, .. }, _)| UsedSkill {
            name,
            description,
            digest,
            files,
        })
    }

    /// Returns what is to be kept when a person accepts a skill as it is now: its digest, and of the tools that it would like
    /// to call those that are there, as they are now.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`](crate::Kind::NotFound) where there is no such skill, [`Kind::Invalid`](crate::Kind::Invalid) where it is
    /// broken or no person is named.
    pub fn accept_skill(&self, name: &str, by: &str) -> Result<AcceptedSkill> {
        let content = self.services.skills.get(name)?;
        if by.trim().is_empty() {
            return Err(Fault::invalid("approval", "the person who accepts is not named; say who it was"));
        }
        let wanted = content.allowed_tools.iter().filter(|tool| !skills::is_tool_of_skills(tool));
        let there = wanted.filter_map(|tool| self.services.registry.get(tool).ok());
        let tools = there.filter(|tool| !tool.is_code()).map(|tool| (tool.name().to_owned(), tool.rights())).collect();
        Ok(AcceptedSkill { digest: content.digest.clone(), tools, by: by.to_owned() })
    }

    /// Loads a component of the host's own, whose grants may be of what it keeps for itself.
    pub(crate) fn load_own(&self, name: &str, source: &Source, grants: &[Grant]) -> Result<Tool> {
        Tool::of_host(&self.services.engine, name, source.component(&self.services.engine)?, grants)
    }

    /// Registers a component as a tool that is granted nothing, checks it as at the start, and keeps it in the folder of
    /// [`Builder::uploads`](crate::Builder::uploads), which only the owner can read: from there each later start has it. Runs
    /// and code may call it once this returns. The same component under the same name may come again.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Denied`](crate::Kind::Denied) where the host has no such folder; kind
    /// [`Kind::Invalid`](crate::Kind::Invalid) where the name is not one or the component cannot be a tool; kind
    /// [`Kind::Approval`](crate::Kind::Approval) where it has code in it that no person approved here; kind
    /// [`Kind::Conflict`](crate::Kind::Conflict) with detail `tool` where another tool has the name, and with limit `uploads`
    /// where there are as many as are kept; kind [`Kind::System`](crate::Kind::System) where the file cannot be written.
    pub async fn upload(&self, name: &str, component: Vec<u8>) -> Result<Uploaded> {
        uploads::check(name, &component)?;
        let (services, name) = (Arc::clone(&self.services), name.to_owned());
        let taken = tokio::task::spawn_blocking(move || {
            uploads::take((&services.registry, &services.engine), &services.uploads, &name, component)
        });
        taken.await.map_err(|error| Fault::new(crate::Kind::HostBug, error.to_string()))?
    }

    /// Gets a component that is in a registry, for [`Host::load`]; any other source stays as it is.
    ///
    /// # Errors
    ///
    /// The reference is not pinned, the registry cannot be asked, or it has other bytes.
    pub async fn fetch(&self, source: Source) -> Result<Source> {
        source.fetched(&self.services.store).await
    }

    /// Asks a registry for the component that an `oci://` reference means now, and keeps it.
    ///
    /// # Errors
    ///
    /// The registry cannot be asked, has no such component, or answers what its own digests contradict.
    #[cfg(feature = "oci")]
    pub async fn pull(&self, reference: &str) -> Result<Pulled> {
        self.services.store.pull(reference).await
    }

    /// Waits until all [hooks](crate::Hooks) have passed on what they kept back: spans are sent, or their collector had its
    /// time.
    pub async fn flush(&self) {
        self.services.hooks.flush().await;
    }

    /// Returns the long-term memory.
    ///
    /// # Errors
    ///
    /// The host has no long-term memory.
    #[cfg(feature = "memory")]
    pub fn memory(&self) -> Result<&LongTerm> {
        self.services.recollection().map(|recollection| &recollection.memory)
    }

    /// Returns the workflows, by their names.
    pub fn workflows(&self) -> impl Iterator<Item = &Machine> {
        self.services.machines.values().map(AsRef::as_ref)
    }

    /// Returns a workflow.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`](crate::Kind::NotFound), with the names that there are.
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
        self.services.registry.get(tool).map(Registered::agent_asks)
    }

    /// Returns the labels that the answers of a tool carry: what the operator says, or what follows from its nature and from the
    /// tools that it calls.
    ///
    /// # Errors
    ///
    /// As [`Host::tool`].
    pub fn tool_labels(&self, tool: &str) -> Result<BTreeSet<Label>> {
        let registry = &self.services.registry;
        registry.get(tool).map(|tool| registry.labels(tool))
    }

    /// Returns whether a tool, or one that it calls, can send something to another machine.
    ///
    /// # Errors
    ///
    /// As [`Host::tool`].
    pub fn can_send(&self, tool: &str) -> Result<bool> {
        let registry = &self.services.registry;
        registry.get(tool).map(|tool| registry.can_send(tool))
    }

    /// Returns whether a call of a tool may be made again where its outcome is unknown: the tool can change nothing, or it is
    /// declared idempotent.
    pub fn is_repeatable(&self, tool: &Tool) -> bool {
        tool.is_repeatable() || self.services.registry.tells_repetitions(tool.name())
    }

    /// Returns the circuit breakers of the tools and models that have one, as all hosts of the journal share them.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn breakers(&self) -> Result<Vec<BreakerView>> {
        let Services { journal, common, .. } = &*self.services;
        common.breakers.views(&**journal, &common.clock).await
    }

    /// Returns what one call of a tool may use: its own limits, or those of all.
    pub fn limits(&self, tool: &str) -> &Limits {
        self.services.limits(tool)
    }

    /// Where the host writes anyway.
    pub(crate) fn folder(&self) -> &Path {
        &self.services.folder
    }

    pub(crate) fn machine(&self, name: &str) -> Result<Arc<Machine>> {
        self.services.machine(name)
    }
}
