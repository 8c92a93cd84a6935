use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use stockade_sandbox::Limits;
use stockade_workflow::Digest;

use super::anchored;
use super::grants::Real;
use super::tool::{digest, source};
use crate::sessions::SessionLimits;
use crate::{Source, coding};

/// What `[language.NAME]` says: a language in which agents may write code, or another component for one that there is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// The interpreter: a component of the world `interpreter` in `wit/code.wit`, as a file or an `oci://`
    /// reference.
    #[serde(deserialize_with = "component")]
    pub component: Source,
    /// The digest that the component must have.
    #[serde(default, deserialize_with = "digest")]
    pub digest: Option<Digest>,
}

impl Language {
    /// Returns where its component is.
    pub(crate) fn source(&self) -> Source {
        self.digest.iter().fold(self.component.clone(), |source, digest| source.pinned(digest.clone()))
    }

    pub(super) fn anchor(&mut self, folder: &Path) {
        if let Source::File(path) = &mut self.component {
            *path = anchored(folder, &path.to_string_lossy()).into();
        }
    }
}

/// What `[code]` says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Code {
    /// What one piece of code may use, together with all that it calls. What is not named here is the default for
    /// code.
    #[serde(deserialize_with = "limits")]
    pub limits: Option<Limits>,
    /// `"real"`: code sees the time at which the run wanted it; the journal keeps that time for replays. Without
    /// it, the clock stands at 2026-01-01 and moves when code reads it.
    pub clock: Option<Real>,
    /// How many instances of each language are kept ready once code of it has run, so that the next code need not wait for one;
    /// without it, none. Each holds slots of the pool.
    pub ready: Option<u32>,
    /// How many pieces of code a session may have; without it, 1,000.
    pub session_cells: Option<u64>,
    /// How many bytes the code, the inputs, the files, the calls and the outcomes of a session may be together; without it,
    /// 64 MiB.
    pub session_bytes: Option<u64>,
    /// How many pieces of code may wait for their turn in a session of one process; without it, 64.
    pub session_waiting: Option<u32>,
    /// How long one waits for its turn, in milliseconds; without it, 300,000.
    pub session_wait_ms: Option<u64>,
}

impl Code {
    /// Bounds sessions as this says; what it leaves out is as before.
    pub(crate) fn sessions(&self, before: SessionLimits) -> SessionLimits {
        let SessionLimits { cells, bytes, waiting, wait } = before;
        SessionLimits {
            cells: self.session_cells.unwrap_or(cells),
            bytes: self.session_bytes.unwrap_or(bytes),
            waiting: self.session_waiting.map_or(waiting, |waiting| waiting as usize),
            wait: self.session_wait_ms.map_or(wait, Duration::from_millis),
        }
    }
}

fn component<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Source, D::Error> {
    source(deserializer)?.ok_or_else(|| de::Error::missing_field("component"))
}

fn limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Limits>, D::Error> {
    let own = toml::Table::deserialize(deserializer)?;
    let mut limits = toml::Table::try_from(coding::default_limits()).map_err(de::Error::custom)?;
    limits.extend(own);
    limits.try_into().map(Some).map_err(de::Error::custom)
}
