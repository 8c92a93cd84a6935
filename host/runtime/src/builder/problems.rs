//! Finds all that is wrong with what a host is to be made of; [`Builder::build`] ends at the first thing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stockade_models::Models;
use stockade_patterns::{self as patterns, Agent, Children, Pattern};
use stockade_sandbox::Engine;
use stockade_workflow::{Exec, Fault, Kind, Machine};

use super::{Builder, check_concurrency, check_models, check_settings, check_tools, models};
use crate::config::{self, Problem};
use crate::hooks::{AllHooks, Hooks};
use crate::notice::Notified;
use crate::planned::Planned;
use crate::registry::Registry;
use crate::{Config, Result, Source};

impl Builder {
    /// Finds all that is wrong with the tools, languages, models, workflows, schedules and messages of this host, each with its
    /// line in the configuration that the host was set up by.
    ///
    /// It gets components from registries and compiles them. It opens no journal and no memory, sends nothing, and asks no model.
    ///
    /// # Errors
    ///
    /// No component can be checked, because the engine cannot be made.
    pub async fn problems(mut self, config: &Config) -> Result<Vec<Problem>> {
        self.reserve_own();
        let hooks: Arc<dyn Hooks> = Arc::new(AllHooks(std::mem::take(&mut self.hooks)));
        self.store.tell(hooks);
        self.store.resolve_by(self.engine.hosts.clone());
        let mut found = Findings::default();
        let (tools, faults) = std::mem::take(&mut self.tools).each_fetched(&self.store).await;
        self.tools = tools;
        found.tools(faults);
        for (name, source) in std::mem::take(&mut self.languages) {
            match source.fetched(&self.store).await {
                Ok(source) => drop(self.languages.insert(name, source)),
                Err(fault) => found.add(&["language", &name, "component"], fault),
            }
        }
        let found = tokio::task::spawn_blocking(move || self.found(found)).await;
        Ok(found.map_err(|error| Fault::new(Kind::HostBug, error.to_string()))??.in_config(config))
    }

    /// Adds to what was found what takes time: the components are compiled.
    fn found(mut self, mut found: Findings) -> Result<Findings> {
        found.check(&["journal"], self.place.check());
        for name in &self.settings {
            let one = BTreeSet::from([name.clone()]);
            found.check(&["workflow", name], check_settings(&one, &self.machines));
        }
        let models = self.checked_models(&mut found);
        let registry = self.checked_components(&mut found)?;
        let workflows = Workflows { patterns: &self.patterns, known: known(std::mem::take(&mut self.machines)) };
        let machines = workflows.checked(models.as_ref(), &registry, &mut found);
        for (name, notify) in self.notify {
            let checked = Notified::all(BTreeMap::from([(name.clone(), notify)]), &self.secrets);
            found.check(&["notify", &name], checked.map(drop));
        }
        // Where a workflow is missing that cannot be made, its own problem says why.
        if let Some(machines) = machines {
            found.check(&["concurrency", "workflow"], check_concurrency(&self.concurrency, &machines));
            for (name, schedule) in self.schedules {
                let checked = Planned::all(BTreeMap::from([(name.clone(), schedule)]), &machines);
                found.check(&["schedule", &name], checked.map(drop));
            }
        }
        Ok(found)
    }

    /// Makes each model by itself, and all of them where each can be made.
    fn checked_models(&mut self, found: &mut Findings) -> Option<Models> {
        let before = found.0.len();
        for (name, model) in &self.models {
            let key = model.secret().and_then(|secret| self.secrets.get(secret)).cloned();
            found.check(&["model", name], model.build(name, key, &self.clock).map(drop));
        }
        found.check(&["model"], config::default_model(&self.models).map(drop));
        let all_are_made = found.0.len() == before;
        let own = std::mem::take(&mut self.own_models);
        let models = all_are_made.then(|| models::made(&self.models, own, None, &self.secrets, &self.clock))?;
        models.map_err(|fault| found.add(&["model"], fault)).ok()
    }

    /// Loads the components of tools and of languages.
    fn checked_components(&mut self, found: &mut Findings) -> Result<Registry> {
        let mut tools = std::mem::take(&mut self.tools);
        tools.in_time(&self.limits);
        let mut engine = std::mem::take(&mut self.engine);
        let memory_bytes_max = self.limits.memory_bytes.max(tools.memory_bytes_max());
        engine.memory_bytes_max = memory_bytes_max.max(self.code_limits.memory_bytes);
        engine.secrets = self.secrets.clone().into_iter().collect();
        let engine = Engine::new(engine)?;
        let (registry, faults) = Registry::load_each(&engine, tools);
        found.tools(faults);
        for (name, source) in &self.languages {
            // What is built in was tested.
            if !matches!(source, Source::Bytes(_)) {
                found.check(&["language", name, "component"], source.component(&engine).map(drop));
            }
        }
        Ok(registry)
    }
}

/// Returns the workflows that patterns may run inside themselves.
fn known(own: Vec<Machine>) -> Children {
    let all = own.into_iter().chain([Machine::new(Exec), Machine::new(Agent)]);
    all.map(|machine| (machine.name().to_owned(), Arc::new(machine))).collect()
}

/// The workflows of the configuration, and those that the program brings.
struct Workflows<'a> {
    patterns: &'a BTreeMap<String, Pattern>,
    known: Children,
}

impl Workflows<'_> {
    /// Makes each workflow by itself, and returns all of them if each can be made.
    fn checked(self, models: Option<&Models>, registry: &Registry, found: &mut Findings) -> Option<Children> {
        let mut all = self.known.clone();
        let mut failed = BTreeSet::new();
        let mut apart: Vec<_> = self.patterns.keys().map(|name| (name, inside(name, self.patterns))).collect();
        // What runs inside others comes before them, so that a problem is told once, of the innermost.
        apart.sort_by_key(|(_, group)| group.len());
        for (name, group) in apart {
            if let Some(models) = models {
                let one =
                    group.iter().filter(|(other, _)| *other == name).map(|(name, one)| (name.clone(), one.clone()));
                found.check(&["workflow", name], check_models(&one.collect(), models));
            }
            if group.keys().any(|inner| failed.contains(inner)) {
                failed.insert(name.clone());
                continue;
            }
            match patterns::machines(&group, &self.known) {
                Ok(machines) => all.extend(machines),
                Err(fault) => {
                    failed.insert(name.clone());
                    found.add(&["workflow", name], fault);
                }
            }
        }
        for machine in all.values() {
            found.check_tools(machine, registry);
        }
        failed.is_empty().then_some(all)
    }
}

/// Returns a workflow of the configuration with all those that it runs inside itself.
fn inside(name: &str, patterns: &BTreeMap<String, Pattern>) -> BTreeMap<String, Pattern> {
    let (mut group, mut open) = (BTreeMap::new(), vec![name]);
    while let Some(name) = open.pop() {
        let Some(pattern) = patterns.get(name).filter(|_| !group.contains_key(name)) else { continue };
        open.extend(pattern.children());
        group.insert(name.to_owned(), pattern.clone());
    }
    group
}

/// What is wrong, each with the words of its place in the configuration.
#[derive(Default)]
struct Findings(Vec<(Vec<String>, Fault)>);

impl Findings {
    fn add(&mut self, place: &[&str], fault: Fault) {
        self.0.push((place.iter().map(|word| (*word).to_owned()).collect(), fault));
    }

    fn check(&mut self, place: &[&str], checked: Result<()>) {
        if let Err(fault) = checked {
            self.add(place, fault);
        }
    }

    fn tools(&mut self, faults: Vec<Fault>) {
        for fault in faults {
            let name = fault.tool.clone().unwrap_or_default();
            self.add(&["tool", &name, "component"], fault);
        }
    }

    /// Checks the tools that a workflow wants, but for those that are wrong themselves.
    fn check_tools(&mut self, machine: &Machine, registry: &Registry) {
        let Err(fault) = check_tools(machine, registry) else { return };
        if self.0.iter().all(|(_, other)| other.tool.is_none() || other.tool != fault.tool) {
            self.add(&["workflow", machine.name(), "tools"], fault);
        }
    }

    fn in_config(self, config: &Config) -> Vec<Problem> {
        let place = |(place, fault): (Vec<String>, Fault)| {
            config.problem(&place.iter().map(String::as_str).collect::<Vec<_>>(), fault)
        };
        let mut problems: Vec<_> = self.0.into_iter().map(place).collect();
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Host;

    async fn problems(text: &str) -> Vec<(Option<usize>, String)> {
        let config = Config::parse(text).unwrap();
        let found = Host::builder().configured(&config).unwrap().problems(&config).await.unwrap();
        found.into_iter().map(|problem| (problem.line, problem.error.message)).collect()
    }

    #[tokio::test]
    async fn problems_of_a_host_are_found_at_once_each_with_its_line() {
        let text = "[tool.gone]\ncomponent = \"/no/such/gone.wasm\"\n\
                    [workflow.think]\npattern = \"chain_of_thought\"\nmodel = \"no such\"\n\
                    [workflow.act]\npattern = \"react\"\ntools = [\"gone\"]\n\
                    [workflow.also]\npattern = \"react\"\ntools = [\"absent\"]\n\
                    [concurrency.workflow]\nabsent = 1\n";
        let found = problems(text).await;
        let says = |line, words: &str| found.iter().any(|(at, why)| *at == Some(line) && why.contains(words));
        assert!(says(2, "/no/such/gone.wasm"), "{found:#?}");
        assert!(says(3, "workflow \"think\""), "{found:#?}");
        assert!(says(11, "wants tool \"absent\""), "{found:#?}");
        assert!(says(12, "there is no such workflow"), "{found:#?}");
        assert_eq!(
            found.len(),
            4,
            "a problem of a tool is not told again of the workflow that wants the tool: {found:#?}"
        );
    }

    #[tokio::test]
    async fn a_problem_of_a_workflow_inside_others_is_told_once() {
        let text = "[workflow.outer]\npattern = \"router\"\ndefault = \"a\"\n\
                    routes = [{ name = \"a\", description = \"b\", workflow = \"inner\" }]\n\
                    [workflow.inner]\npattern = \"router\"\ndefault = \"a\"\n\
                    routes = [{ name = \"a\", description = \"b\", workflow = \"absent\" }]\n";
        let found = problems(text).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].0 == Some(5) && found[0].1.contains("absent"), "{found:#?}");
    }

    #[tokio::test]
    async fn a_configuration_that_a_host_accepts_has_no_problem() {
        let found = problems("[run]\ndeadline_ms = 1000\n").await;
        assert!(found.is_empty(), "{found:#?}");
    }
}
