//! Where a host's journal is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
#[cfg(feature = "postgres")]
use std::sync::Arc;

use stockade_journal::Journal;
#[cfg(feature = "postgres")]
use stockade_journal::{PostgresJournal, ShardedJournal};
use stockade_workflow::Fault;

use super::Builder;
use crate::{Clock, Result, config};

impl Builder {
    /// Keeps the journal where this says, as `[journal]` does: in a file, or in a PostgreSQL database, or several, that many hosts
    /// share. Its password is the value of the secret that it names. With a database, what else the host writes goes to the folder of
    /// the file of [`journal`](Self::journal).
    ///
    /// ```no_run
    /// # async fn example() -> stockade::Result<()> {
    /// use stockade::{Host, config};
    ///
    /// let place = config::Journal { password: Some("db".into()), ..config::Journal::at("postgres://app@db.example.com/runs") };
    /// let host = Host::builder().journal_at(place).secret("db", "…").build().await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn journal_at(mut self, place: config::Journal) -> Self {
        self.place = place;
        self
    }
}

/// The keys of a journal, as the builder hands them on.
#[cfg(feature = "sqlite")]
pub(super) use stockade_journal::Keyring as Keys;

/// The keys of a journal in a file, which this build does not have.
#[cfg(not(feature = "sqlite"))]
pub(super) struct Keys;

/// Makes the keys of a journal in a file; `secrets` are the values of secrets, by name.
#[cfg(feature = "sqlite")]
pub(super) fn keys(place: &config::Journal, secrets: &BTreeMap<String, String>) -> Result<Keys> {
    place.keys(secrets)
}

#[cfg(not(feature = "sqlite"))]
pub(super) fn keys(_: &config::Journal, _: &BTreeMap<String, String>) -> Result<Keys> {
    Ok(Keys)
}

#[cfg(feature = "sqlite")]
pub(super) fn in_file(path: &Path, clock: &Clock, keys: Keys) -> Result<Box<dyn Journal>> {
    Ok(Box::new(stockade_journal::SqliteJournal::open(path, clock.clone())?.sealed_with(keys)))
}

#[cfg(not(feature = "sqlite"))]
pub(super) fn in_file(_: &Path, _: &Clock, _: Keys) -> Result<Box<dyn Journal>> {
    let off = crate::features::off("journal in a file", "sqlite");
    Err(off.reworded(|why| format!("{why}, or hand in a journal with `Builder::with_journal`")))
}

/// Returns the folder in which a file is.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}

/// Checks that what is said of keys is said of a journal that the builder opens.
pub(super) fn check_own(place: &config::Journal) -> Result<()> {
    if place.encryption.is_none() {
        return Ok(());
    }
    let why = "a journal that is handed in is opened already; hand it in with its keys, by its own `sealed_with`";
    Err(Fault::invalid("encryption", why))
}

pub(super) fn no_folder() -> Fault {
    Fault::invalid("scratch", "a journal that is handed in has no folder; name one for code with `Builder::scratch`")
}

/// Opens a journal in a database, or in several; `secrets` are the values of secrets, by name.
#[cfg(feature = "postgres")]
pub(super) async fn in_databases(
    place: &config::Journal,
    secrets: &BTreeMap<String, String>,
    clock: &Clock,
) -> Result<Box<dyn Journal>> {
    let (mut opened, keys) = (Vec::new(), place.keys(secrets)?);
    for url in place.databases().collect::<Vec<_>>() {
        opened.push(PostgresJournal::open(place.parsed(url, secrets)?).await?.sealed_with(keys.clone()));
    }
    if opened.len() > 1 {
        let all = opened.into_iter().map(|journal| Arc::new(journal) as Arc<dyn Journal>).collect();
        return Ok(Box::new(ShardedJournal::open(all, clock.clone()).await?));
    }
    let only = opened.pop().ok_or_else(|| Fault::invalid("journal", "no database is named for the journal"))?;
    ShardedJournal::check_alone(&only).await?;
    Ok(Box::new(only))
}

#[cfg(not(feature = "postgres"))]
pub(super) async fn in_databases(
    _: &config::Journal,
    _: &BTreeMap<String, String>,
    _: &Clock,
) -> Result<Box<dyn Journal>> {
    Err(crate::features::off("journal in a PostgreSQL database", "postgres"))
}
