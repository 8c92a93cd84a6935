use std::path::PathBuf;
use std::sync::Arc;

use stockade::Result;

use crate::process::Launcher;

/// Is told each line that a server writes to its standard error: the server's name, and the line without secrets and hidden
/// letters.
pub(crate) type Log = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// Looks up the value of a secret by its name, when a server is started.
pub(crate) type Secrets = Arc<dyn Fn(&str) -> Result<String> + Send + Sync>;

/// What the servers of a program have in common.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Where the accepted definitions are, and the homes of processes.
    pub(crate) folder: PathBuf,
    pub(crate) secrets: Secrets,
    pub(crate) log: Log,
    pub(crate) launcher: Option<Launcher>,
}
