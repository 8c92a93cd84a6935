//! What a configuration sets in a host that is put together.

use std::time::Duration;

use super::Builder;
use crate::callable::{Reading, Scripts};
use crate::config::Concurrency;
use crate::skills::{READING, Skills, tool_of_scripts};
use crate::{Config, Result};

impl Builder {
    /// Adds the tools of a configuration, with their grants and limits, its models and its workflows, and takes from it the
    /// place of the journal, where it names one, the limits of all other calls, its languages, and what code may use. A tool
    /// that is registered already is replaced, with all that was said of it, where the configuration names its component.
    ///
    /// # Errors
    ///
    /// The folder of tools or one of skills cannot be read, a document of a service cannot be used, or a tool has no component.
    pub fn configured(mut self, config: &Config) -> Result<Self> {
        self.add_skills(config)?;
        self.tools.configure(config)?;
        self.store.allow_private(config.tools.private_hosts.iter().cloned());
        config.files().for_each(|path| self.reserved().keep(path));
        config.believed().for_each(|path| self.reserved().believe(path));
        if config.journal.is_said() {
            self.place = config.journal.clone();
        }
        self.engine.portable_floats |= config.sandbox.portable_floats;
        self.limits = config.limits.clone().unwrap_or(self.limits);
        self.code_limits = config.code.limits.clone().unwrap_or(self.code_limits);
        self.ready = config.code.ready.map_or(self.ready, |ready| ready as usize);
        self.sessions = config.code.sessions(self.sessions);
        self.real_clock |= config.code.clock.is_some();
        self.languages.extend(config.language.iter().map(|(name, language)| (name.clone(), language.source())));
        self.models.extend(config.model.clone());
        self.patterns.extend(config.workflow.clone());
        self.settings.extend(config.own.iter().cloned());
        self.telemetry = config.telemetry.clone();
        self.deadline = config.run.deadline_ms.map(Duration::from_millis).or(self.deadline);
        if config.concurrency != Concurrency::default() {
            self.concurrency = config.concurrency.clone();
        }
        self.budgets.extend(config.budget.clone());
        self.notify.extend(config.notify.clone());
        self.schedules.extend(config.schedule.clone());
        self.roles.extend(config.roles.clone());
        if let Some((_, memory)) = &mut self.memory {
            *memory = config.memory.clone();
        }
        Ok(self)
    }

    /// Adds the tool by which agents read the skills that are used, and for each with scripts the one that runs them.
    fn add_skills(&mut self, config: &Config) -> Result<()> {
        if config.skills.folders.is_empty() {
            return Ok(());
        }
        let skills = Skills::read(&config.skills.folders, &self.accepted_skills)?;
        let has_python = self.languages.contains_key("python") || config.language.contains_key("python");
        let python = if has_python { "python" } else { "python-lite" };
        let is_trusted = |name: &str| config.skills.trusted.contains(name);
        self.tools.callable(READING, Box::new(Reading::new(&skills, is_trusted)));
        for (name, content, accepted) in skills.used() {
            if let Some(scripts) = Scripts::new(name, content, accepted, is_trusted(name), python) {
                self.tools.callable(&tool_of_scripts(name), Box::new(scripts));
            }
        }
        self.skills = skills;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Host};

    #[test]
    fn floats_are_portable_where_the_program_or_the_configuration_says_so() {
        let configured = |text| Host::builder().configured(&Config::parse(text).unwrap()).unwrap();
        assert!(!configured("").engine.portable_floats);
        assert!(configured("[sandbox]\nportable_floats = true").engine.portable_floats);
        let said = Host::builder().portable_floats().configured(&Config::default()).unwrap();
        assert!(said.engine.portable_floats, "a configuration that does not say so takes nothing back");
        assert!(Config::parse("[sandbox]\nportable_float = true").is_err());
    }
}
