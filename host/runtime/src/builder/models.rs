//! The models that a host asks.

use std::collections::BTreeMap;

use stockade_models::{Models, Named, Recording, Replay};

use super::Cassette;
use crate::{Clock, Result, config};

/// Makes the models of a configuration; `secrets` are the keys, by name, and what a recording must not have.
pub(super) fn made(
    wanted: &BTreeMap<String, config::Model>,
    own: Vec<Named>,
    cassette: Option<&Cassette>,
    secrets: &BTreeMap<String, String>,
    clock: &Clock,
) -> Result<Models> {
    let is_asked = !matches!(cassette, Some(Cassette::Replay(_)));
    let key = |name: &str, model: &config::Model| match model.secret() {
        Some(secret) if is_asked => config::key_of(secret, &format!("the model \"{name}\""), secrets).map(Some),
        secret => Ok(secret.and_then(|secret| secrets.get(secret)).cloned()),
    };
    let named = wanted.iter().map(|(name, model)| model.build(name, key(name, model)?, clock));
    let only_own = own.first().filter(|_| own.len() == 1 && wanted.is_empty()).map(|model| model.name().to_owned());
    let default = config::default_model(wanted)?.or(only_own);
    let models = Models::new(named.chain(own.into_iter().map(Ok)).collect::<Result<Vec<_>>>()?, default)?;
    let values = secrets.values().cloned().collect();
    Ok(match cassette {
        None => models,
        Some(Cassette::Record(file)) => models.record(&Recording::create(file, values)?),
        Some(Cassette::Replay(file)) => models.replay(&Replay::load(file, values)?),
    })
}
