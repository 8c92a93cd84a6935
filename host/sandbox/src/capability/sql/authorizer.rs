use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use stockade_workflow::Access;

use super::denial::denial;

/// Functions that no tool gets.
const FUNCTIONS_DENIED: &[&str] = &[
    // They reach out of the database.
    "load_extension",
    "readfile",
    "writefile",
    "edit",
    "fts3_tokenizer",
    // They tell what the call before did on this connection.
    "last_insert_rowid",
    "changes",
    "total_changes",
    // One instruction that takes as long as the lengths of two arguments multiplied, which no deadline ends.
    "json_patch",
    "jsonb_patch",
    "unhex",
];

/// What full-text tables and R-trees ask of their database, by statements of their own. It tells a guest nothing that it cannot
/// find out otherwise: the size of a page, and whether another connection has changed the file.
const PRAGMAS_ALLOWED: &[&str] = &["data_version", "page_size"];

/// Decides what a statement may do, when SQLite compiles it: read and change rows. All else is denied.
pub(crate) struct Authorizer {
    tool: String,
    database: String,
    access: Access,
    /// What the last denied statement wanted; nothing stands for a change.
    wanted: Mutex<String>,
    /// The statement is the host's own.
    is_ours: AtomicBool,
}

impl Authorizer {
    pub(crate) fn new(tool: &str, database: &str, access: Access) -> Self {
        Self {
            tool: tool.to_owned(),
            database: database.to_owned(),
            access,
            wanted: Mutex::default(),
            is_ours: AtomicBool::new(false),
        }
    }

    /// Returns whether a statement may change rows.
    pub(crate) fn allows_changes(&self) -> bool {
        self.access == Access::ReadWrite
    }

    /// Does what only the host may: it begins or ends a transaction, or asks for the mode of the file.
    pub(crate) fn ours<T>(&self, work: impl FnOnce() -> T) -> T {
        self.is_ours.store(true, Ordering::Relaxed);
        let done = work();
        self.is_ours.store(false, Ordering::Relaxed);
        done
    }

    pub(crate) fn decide(&self, context: &AuthContext<'_>) -> Authorization {
        let Some(wanted) = self.objection(&context.action) else { return Authorization::Allow };
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = wanted;
        Authorization::Deny
    }

    /// Returns what is wanted and not allowed; nothing stands for a change.
    fn objection(&self, action: &AuthAction<'_>) -> Option<String> {
        match action {
            AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => None,
            AuthAction::Function { function_name: name } => {
                let denied = FUNCTIONS_DENIED.iter().any(|denied| denied.eq_ignore_ascii_case(name));
                denied.then(|| format!("the function {name}"))
            }
            AuthAction::Insert { table_name: table }
            | AuthAction::Update { table_name: table, .. }
            | AuthAction::Delete { table_name: table } => change(table),
            AuthAction::Pragma { pragma_name: name, pragma_value: None } if PRAGMAS_ALLOWED.contains(name) => None,
            AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } if self.is_ours.load(Ordering::Relaxed) => {
                None
            }
            AuthAction::Pragma { pragma_name: "journal_mode", pragma_value: None }
                if self.is_ours.load(Ordering::Relaxed) =>
            {
                None
            }
            other => Some(word(other).to_owned()),
        }
    }

    /// Returns the words in which the last statement was denied.
    pub(crate) fn denial(&self) -> String {
        let wanted = std::mem::take(&mut *self.wanted.lock().unwrap_or_else(PoisonError::into_inner));
        let wanted = (!wanted.is_empty()).then_some(wanted.as_str());
        denial(&self.tool, &self.database, self.access, wanted)
    }
}

/// Rows may be changed as far as this goes: where the grant is read-only, full-text tables and R-trees prepare statements that
/// would change their own, and it is the statement of the tool that must not.
fn change(table: &str) -> Option<String> {
    let is_schema = table.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"));
    is_schema.then(|| "a change of the schema".to_owned())
}

fn word(action: &AuthAction<'_>) -> &'static str {
    match action {
        AuthAction::Attach { .. } => "ATTACH (or VACUUM)",
        AuthAction::Detach { .. } => "DETACH",
        AuthAction::Pragma { .. } => "PRAGMA",
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => "a transaction (each statement is its own)",
        AuthAction::Analyze { .. } => "ANALYZE",
        AuthAction::Reindex { .. } => "REINDEX",
        _ => "a change of the schema",
    }
}
