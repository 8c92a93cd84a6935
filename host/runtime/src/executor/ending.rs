//! How one effect is performed by itself, and how the driver of its run hears of that: two processes may do the two.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stockade_workflow::{Effect, Usage};

use super::Driver;
use crate::Result;
use crate::effects::Ended;

/// How an effect ended, as [`Host::perform`](crate::Host::perform) says it and [`Host::happened`](crate::Host::happened) hears
/// it. It goes from one process to another as JSON, of the same version of this crate.
#[derive(Deserialize, Serialize)]
pub struct Ending {
    key: String,
    /// Whether no attempt before this one may have been made.
    is_first: bool,
    ended: Ended,
    used: Usage,
}

impl Ending {
    /// Returns the key of the effect.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl Driver {
    /// Performs one effect that is in flight, and gives the right to write to its run back; none where it is in flight no more.
    pub(crate) async fn perform(mut self, key: &str, is_first: bool) -> Result<Option<Ending>> {
        let performed = self.performed(key, is_first).await;
        self.release().await;
        performed
    }

    async fn performed(&mut self, key: &str, is_first: bool) -> Result<Option<Ending>> {
        let Some(effect) = self.flying(key, is_first) else { return Ok(None) };
        let (effect, ended, used) = self.begin(effect)?.await;
        Ok(Some(Ending { key: effect.key().to_owned(), is_first, ended, used }))
    }

    /// Lets the workflow answer that an effect has ended; one that is in flight no more has ended otherwise.
    pub(crate) fn hear_end(&mut self, ending: Ending) -> Result<()> {
        let Ending { key, is_first, ended, used } = ending;
        let Some(effect) = self.flying(&key, is_first) else { return Ok(()) };
        let performed = self.judged(&effect, ended, used)?;
        self.happened(&effect, performed)
    }

    /// Returns an effect that is in flight. None is of a run that has ended.
    fn flying(&mut self, key: &str, is_first: bool) -> Option<Arc<Effect>> {
        let state = self.state();
        let is_in_flight = state.end().is_none() && state.in_flight().any(|effect| effect.key() == key);
        let effect = state.shared_effect(key).filter(|_| is_in_flight);
        if effect.is_some() && is_first {
            self.log.adopt(key);
        }
        effect
    }
}
