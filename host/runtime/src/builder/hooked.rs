//! Who is told of what happens in a host: its meters, the hooks that were added, and the telemetry that is configured.

use std::sync::Arc;

use stockade_patterns::{Agent, Pattern};
use stockade_workflow::Scrubber;

use super::Builder;
use crate::genai::GenAi;
use crate::hooks::{AllHooks, Hooks};
use crate::metered::Metered;
use crate::telemetry::Telemetry;
use crate::{Result, config};

impl Builder {
    /// The meters, the hooks that were added, and the telemetry that is configured.
    pub(super) fn all_hooks(&mut self) -> Result<Arc<dyn Hooks>> {
        let words = Arc::new(self.words()?);
        let mut hooks: Vec<Box<dyn Hooks>> =
            vec![Box::new(Metered { meters: Arc::clone(&self.meters), words: Arc::clone(&words) })];
        hooks.append(&mut self.hooks);
        if let Some(endpoint) = &self.telemetry.endpoint {
            let scrubber = Scrubber::redacting(self.secrets.values().cloned());
            let meters = Arc::clone(&self.meters);
            hooks.push(Box::new(Telemetry::start(&self.telemetry, endpoint, meters, words, scrubber)?));
        }
        Ok(Arc::new(AllHooks(hooks)))
    }

    /// What the conventions for GenAI call the workflows and the models.
    fn words(&self) -> Result<GenAi> {
        let is_agent = |pattern: &Pattern| matches!(pattern, Pattern::React(_));
        let patterns = self.patterns.iter().filter(|(_, pattern)| is_agent(pattern)).map(|(name, _)| name.clone());
        let named = |(name, model): (&String, &config::Model)| {
            (name.clone(), (model.requested().unwrap_or(name).to_owned(), model.provider_name()))
        };
        let is_alone = self.models.len() == 1 && self.own_models.is_empty();
        let only = || self.models.keys().next().filter(|_| is_alone).cloned();
        let default = config::default_model(&self.models)?.or_else(only);
        Ok(GenAi {
            agents: patterns.chain([Agent::NAME.to_owned()]).collect(),
            models: self.models.iter().map(named).collect(),
            default,
        })
    }
}
