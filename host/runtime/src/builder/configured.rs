//! What a configuration sets in a host that is put together.

use std::time::Duration;

use super::Builder;
use crate::config::Concurrency;
use crate::{Config, Result};

impl Builder {
    /// Adds the tools of a configuration, with their grants and limits, its models and its workflows, and takes from it the
    /// place of the journal, where it names one, the limits of all other calls, its languages, and what code may use. A tool
    /// that is registered already is replaced, with all that was said of it, where the configuration names its component.
    ///
    /// # Errors
    ///
    /// The folder of tools cannot be read, or a tool has no component.
    pub fn configured(mut self, config: &Config) -> Result<Self> {
        self.tools.configure(config)?;
        self.store.allow_private(config.tools.private_hosts.iter().cloned());
        config.files().for_each(|path| self.reserved().keep(path));
        config.believed().for_each(|path| self.reserved().believe(path));
        if config.journal.is_said() {
            self.place = config.journal.clone();
        }
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
}
