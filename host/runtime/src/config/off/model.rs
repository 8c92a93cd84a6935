use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer, de};
use stockade_models::Named;

use crate::config::Breaker;
use crate::features::off;
use crate::{Clock, Result};

/// What `[model.NAME]` says. This build lacks the cargo feature `models`, so no value of this type exists.
#[derive(Clone, Debug)]
pub enum Model {}

impl<'de> Deserialize<'de> for Model {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(de::Error::custom(off("models", "models")))
    }
}

impl Model {
    pub(crate) fn provider_name(&self) -> &'static str {
        match *self {}
    }

    pub(crate) fn requested(&self) -> Option<&str> {
        match *self {}
    }

    pub(super) fn anchor(&mut self, _: &Path) {
        match *self {}
    }

    pub(crate) fn script(&self) -> Option<&Path> {
        match *self {}
    }

    pub(crate) fn breaker(&self) -> Option<Breaker> {
        match *self {}
    }

    pub(crate) fn secret(&self) -> Option<&str> {
        match *self {}
    }

    pub(crate) fn build(&self, _: &str, _: Option<String>, _: &Clock) -> Result<Named> {
        match *self {}
    }
}

pub(crate) fn default_model(_: &BTreeMap<String, Model>) -> Result<Option<String>> {
    Ok(None)
}
