//! The built-in shop: the four tools of the refund workflow and the database that they work on.
//!
//! It is what `stockade run refund` uses where nothing else is configured, and an example of tools with exactly the
//! grants that they need.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, params};
use stockade_workflow::{Fault, Grant, Kind};

/// How long a process waits for others that write the shop's file.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a process waits before it asks once more, where SQLite does not wait for it.
const TRY: Duration = Duration::from_millis(10);

/// The customers of the seed document, and one whose refund needs no approval.
const CUSTOMERS: [(&str, &str, u64, u32); 3] = [
    ("user_123", "Premium Subscription", 14_900, 12),
    ("user_456", "Basic License", 4_900, 45),
    ("user_789", "Starter License", 7_900, 5),
];

/// A customer has one purchase, and a refund is booked once for a key, whatever else happens.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS purchases (
        user_id TEXT PRIMARY KEY, item TEXT NOT NULL, price_cents INTEGER NOT NULL CHECK (price_cents >= 0),
        days_ago INTEGER NOT NULL CHECK (days_ago >= 0)
    );
    CREATE TABLE IF NOT EXISTS refunds (
        id INTEGER PRIMARY KEY, idempotency_key TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL,
        amount_cents INTEGER NOT NULL CHECK (amount_cents > 0)
    );";

/// The longest log that is left to the next process as it is.
const LOG_BYTES_MAX: u64 = 512 << 10;

macro_rules! component {
    ($name:literal) => {
        include_bytes!(concat!(env!("STOCKADE_GUESTS"), "/", $name, ".wasm")).as_slice()
    };
}

/// The component of the tool `purchases`, which looks up what a customer bought.
pub const PURCHASES: &[u8] = component!("purchases");

/// The component of the tool `policy`, which says what may be refunded.
pub const POLICY: &[u8] = component!("policy");

/// The component of the tool `payments`, which books a refund.
pub const PAYMENTS: &[u8] = component!("payments");

/// The component of the tool `letters`, which writes to the customer.
pub const LETTERS: &[u8] = component!("letters");

/// The tool that books a refund once for a key: to be registered as idempotent.
pub const IDEMPOTENT: &str = "payments";

/// A tool that comes with this crate: its name, its component, and what it is granted.
pub type Tool = (&'static str, &'static [u8], Vec<Grant>);

/// Returns the tools of the refund workflow over the database at `path`, which [`create`] made.
pub fn tools(path: &Path) -> [Tool; 4] {
    let shop = Grant::sql("shop", format!("sqlite:{}", place(path).display()));
    [
        ("purchases", PURCHASES, vec![shop.clone()]),
        ("policy", POLICY, Vec::new()),
        (IDEMPOTENT, PAYMENTS, vec![shop.writable()]),
        ("letters", LETTERS, Vec::new()),
    ]
}

/// Returns the path of the database as it is granted. An approval is bound to its tool's grants: the same file is the same
/// grant, from whichever folder it is named.
pub fn place(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Creates the shop's database with its customers, where it does not exist yet.
///
/// # Errors
///
/// Kind [`Kind::Journal`] where the file cannot be written.
pub fn create(path: &Path) -> Result<(), Fault> {
    fill(path).map_err(|error| {
        let message = format!("the shop's database \"{}\" cannot be written: {error}", path.display());
        Fault::new(Kind::Journal, message).detail("shop")
    })
}

fn fill(path: &Path) -> rusqlite::Result<()> {
    // A name that begins with "file:" would be taken for a URI.
    let mut shop = Connection::open(Path::new(".").join(path))?;
    shop.busy_timeout(PATIENCE)?;
    if is_filled(&shop) {
        // Else what the last process left in the log would be written into the file, and synced, each time that a host begins.
        shop.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !is_log_long(path))?;
        return Ok(());
    }
    log_ahead(&shop, patience())?;
    let transaction = shop.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction.execute_batch(TABLES)?;
    for (user_id, item, price_cents, days_ago) in CUSTOMERS {
        let insert = "INSERT OR IGNORE INTO purchases (user_id, item, price_cents, days_ago) VALUES (?1, ?2, ?3, ?4)";
        transaction.execute(insert, params![user_id, item, price_cents, days_ago])?;
    }
    transaction.commit()
}

/// Has the file written by way of a log. SQLite does not wait for another process that does so at the same moment: `waits` does,
/// and says whether it is to be tried once more.
fn log_ahead(shop: &Connection, mut waits: impl FnMut() -> bool) -> rusqlite::Result<()> {
    loop {
        match shop.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if is_busy(&error) && waits() => {}
            done => return done,
        }
    }
}

/// Returns what waits a little each time, and says whether there is patience left.
fn patience() -> impl FnMut() -> bool {
    let until = Instant::now() + PATIENCE;
    move || {
        std::thread::sleep(TRY);
        Instant::now() < until
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// Whether a database has all that is to be in it. One that cannot be read has not.
fn is_filled(shop: &Connection) -> bool {
    let is_there = "SELECT (SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'refunds') = 1
        AND (SELECT count(*) FROM purchases WHERE user_id IN (?1, ?2, ?3)) = 3";
    let mode = shop.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
    let users = CUSTOMERS.map(|(user_id, ..)| user_id);
    mode.is_ok_and(|mode| mode == "wal") && shop.query_row(is_there, users, |row| row.get(0)).unwrap_or(false)
}

/// Whether the log of a database is so long that the next process would be slow to read it.
fn is_log_long(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > LOG_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_that_another_process_writes_at_the_same_moment_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        let (shop, other) = (Connection::open(&path).unwrap(), Connection::open(&path).unwrap());
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(is_busy(&log_ahead(&shop, || false).unwrap_err()), "SQLite does not wait for it");
        let mut waited = 0;
        let ends = || {
            waited += 1;
            other.execute_batch("COMMIT").is_ok()
        };
        log_ahead(&shop, ends).unwrap();
        assert_eq!(waited, 1);
    }

    #[test]
    fn a_shop_that_is_there_is_left_as_it_is_and_what_is_missing_in_it_is_added() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shop.db");
        create(&path).unwrap();
        let shop = Connection::open(&path).unwrap();
        assert!(is_filled(&shop));
        let refund = "INSERT INTO refunds (idempotency_key, user_id, amount_cents) VALUES ('a', 'user_123', 1)";
        shop.execute(refund, []).unwrap();
        create(&path).unwrap();
        shop.execute("DELETE FROM purchases WHERE user_id = 'user_456'", []).unwrap();
        assert!(!is_filled(&shop));
        create(&path).unwrap();
        assert!(is_filled(&shop));
        let count =
            |from: &str| shop.query_row(&format!("SELECT count(*) FROM {from}"), [], |row| row.get::<_, u32>(0));
        assert_eq!((count("purchases"), count("refunds")), (Ok(3), Ok(1)));
    }
}
