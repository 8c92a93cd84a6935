//! What a host does with the tools that are registered in it, and the models: how their calls are counted, which are asked for
//! first, and when they are left alone.

use std::collections::{BTreeMap, BTreeSet};

use stockade_patterns::Pattern;

use crate::breakers::Breakers;
use crate::registry::{Registry, Wanted};
use crate::{Registered, Source, config};

/// When the tools and the models of a configuration are left alone.
pub(super) fn breakers(tools: &Wanted, models: &BTreeMap<String, config::Model>) -> Breakers {
    let models = models.iter().filter_map(|(name, model)| Some((name.clone(), model.breaker()?)));
    Breakers { tools: tools.breakers(), models: models.collect() }
}

/// Has an agent ask before each call of a tool that the operator wants to be asked for.
pub(super) fn asking_first(mut patterns: BTreeMap<String, Pattern>, tools: &Registry) -> BTreeMap<String, Pattern> {
    for pattern in patterns.values_mut() {
        if let Pattern::React(spec) = pattern {
            spec.ask.extend(spec.tools.iter().filter(|tool| tools.asks_first(tool)).cloned());
        }
    }
    patterns
}

/// The functions of all tools, and the languages of code, by the names under which their calls are counted.
pub(super) fn names(registry: &Registry, languages: &BTreeMap<String, Source>) -> BTreeSet<String> {
    let of = |tool: &Registered| {
        let functions = tool.functions().iter().map(|function| format!("{}.{}", tool.name(), function.name()));
        functions.collect::<Vec<_>>()
    };
    let code = languages.keys().map(|language| format!("run_code.{language}"));
    registry.iter().flat_map(of).chain(code).collect()
}
