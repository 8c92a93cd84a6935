//! What the tests of the whole share: the binary in a folder of its own, hosts inside the process, and guests.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

pub mod code;
pub mod crash;
pub mod currencies;
pub mod cut;
pub mod database;
pub mod desk;
pub mod far_side;
pub mod faults;
pub mod faulty;
pub mod flaky;
pub mod gate;
mod hand;
pub mod in_turn;
pub mod registry;
pub mod server;
pub mod simulation;
pub mod story;
pub mod trip;
pub mod wire;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use rusqlite::{Connection, OpenFlags, params};
use serde_json::{Value, json};
use stockade::journal::{Commit, Journal as _, SqliteJournal};
use stockade::{Builder, Clock, Decision, Entry, Filter, Host, Run, RunId, RunState, Summary};
use stockade_refund::{Refund, shop};
use stockade_workflow::FORMAT;
use tempfile::TempDir;

pub use hand::Hand;

/// A folder in which the binary, or a host of this process, keeps its data; gone when it is dropped.
pub struct Place {
    dir: TempDir,
}

/// What one call of the binary left behind.
#[derive(Debug)]
pub struct Answer {
    /// The exit code; none if it was killed.
    pub exit: Option<i32>,
    /// The one JSON document that it printed, under `--json`; else null.
    pub json: Value,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// How many rows there are of what must not change when something is refused.
pub type Marks = (u64, u64, u64);

/// Returns the folder that stands for one of the user's, shared by all tests: what one has compiled, the others need not.
pub fn user(folder: &str) -> PathBuf {
    root().join("target/tests").join(folder)
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

impl Place {
    /// Makes an empty place.
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// Returns the path of a name in this place.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Returns the path of a name in the data directory, which is `.stockade` here.
    pub fn data(&self, name: &str) -> PathBuf {
        self.path(".stockade").join(name)
    }

    /// Forgets all data.
    pub fn clear(&self) {
        fs::remove_dir_all(self.data("")).unwrap();
    }

    /// Writes a file here and returns its path.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Compiles `tests/guests/NAME.wat` into a file here, and returns its path as a tool's name.
    pub fn guest(&self, name: &str) -> String {
        self.write(&format!("{name}.wasm"), guest(name)).display().to_string()
    }

    /// Returns the binary, about to be called in this place.
    pub fn command(&self, args: &[&str]) -> Command {
        self.command_of(binary(), args)
    }

    /// Does so with another build of the binary.
    pub fn command_of(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.dir.path()).stdin(Stdio::null());
        command.env("XDG_CACHE_HOME", user("cache")).env("XDG_STATE_HOME", user("state"));
        command
    }

    /// Calls the binary as a person does.
    pub fn call(&self, args: &[&str]) -> Answer {
        Answer::of(self.command(args).output().unwrap())
    }

    /// Calls the binary with `--json`, and reads the one document that may be on stdout.
    pub fn json(&self, args: &[&str]) -> Answer {
        Answer::of_json(self.command(args).arg("--json").output().unwrap())
    }

    /// Starts a refund for a user with `--json` and further arguments.
    pub fn refund(&self, user: &str, more: &[&str]) -> Answer {
        let input = json!({"user_id": user, "request": "not what I expected"}).to_string();
        self.json(&[&["run", "refund", "--input", &input], more].concat())
    }

    /// Opens the shop's database for reading.
    pub fn shop(&self) -> Connection {
        read_only(&self.data("shop.db"))
    }

    /// Opens the journal's database for reading.
    pub fn journal(&self) -> Connection {
        read_only(&self.data("journal.db"))
    }

    /// Returns the idempotency keys of all refunds.
    pub fn refunds(&self) -> Vec<String> {
        refunds(&self.data("shop.db"))
    }

    /// Changes the journal's file as what damages it would.
    pub fn damage(&self, sql: &str) {
        let changed = Connection::open(self.data("journal.db")).unwrap().execute(sql, []).unwrap();
        assert!(changed > 0, "{sql} changes nothing");
    }

    /// Damages the entries of a run.
    pub fn damage_run(&self, run: RunId) {
        self.damage(&format!("UPDATE entries SET change = '{{' WHERE {}", is(run)));
    }

    /// Damages the rows of a space that are about a run.
    pub fn damage_rows(&self, space: &str, run: RunId) {
        self.damage(&format!("UPDATE index_rows SET value = '{{' WHERE space = '{space}' AND {}", is(run)));
    }

    /// Counts journal entries, runs and refunds; zero where there is no file yet, or it is not ours.
    pub fn marks(&self) -> Marks {
        let count = |file: &str, table: &str| {
            let open = Connection::open_with_flags(self.data(file), OpenFlags::SQLITE_OPEN_READ_ONLY);
            let count = |db: Connection| db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0));
            open.and_then(count).unwrap_or(0)
        };
        (count("journal.db", "entries"), count("journal.db", "runs"), count("shop.db", "refunds"))
    }

    /// Begins a host of this process over the same files as the binary's, with the built-in shop.
    pub fn host(&self) -> Builder {
        let shop = self.data("shop.db");
        with_shop(self.bare(), &shop)
    }

    /// Begins a host without any tool.
    pub fn bare(&self) -> Builder {
        fs::create_dir_all(self.path(".stockade")).unwrap();
        shop::create(&self.data("shop.db")).unwrap();
        let builder = Host::builder().journal(self.data("journal.db")).workflow(Refund::default());
        builder.cache(shared_cache()).concurrency(16)
    }

    /// Writes a journal that holds just these entries of one run.
    pub async fn journal_of(&self, entries: &[Entry]) {
        let run = entries[0].run;
        let state = RunState::fold(run, entries).unwrap();
        let summary = Summary::of(&state, 1);
        fs::create_dir_all(self.path(".stockade")).unwrap();
        let journal = SqliteJournal::open(self.data("journal.db"), Clock::default()).unwrap();
        let (entries, summary) = (entries.to_vec(), Some(summary));
        journal.commit(&Commit { entries, summary, ..Commit::default() }).await.unwrap();
    }

    /// Writes the entries of the journal as versions did that did not pack them: each is a row of JSON, which a test may change.
    pub async fn as_before_packing(&self) -> Connection {
        let path = self.data("journal.db");
        let (journal, raw) = (SqliteJournal::open(&path, Clock::default()).unwrap(), Connection::open(&path).unwrap());
        for Summary { run_id, .. } in journal.runs(&Filter::default()).await.unwrap() {
            let entries = journal.read(run_id).await.unwrap();
            raw.execute("DELETE FROM entries WHERE run = ?1", [run_id.as_bytes()]).unwrap();
            for Entry { run, seq, at_ms, change } in entries {
                let insert = "INSERT INTO entries (run, seq, format, at_ms, change) VALUES (?1, ?2, ?3, ?4, ?5)";
                let change = serde_json::to_string(&change).unwrap();
                raw.execute(insert, params![run.as_bytes(), seq, FORMAT, at_ms, change]).unwrap();
            }
        }
        raw
    }
}

impl Answer {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        Self { exit: output.status.code(), json: Value::Null, stdout, stderr }
    }

    /// Reads the answer to `--json`: one document on stdout, and nothing else there.
    pub fn of_json(output: Output) -> Self {
        let answer = Self::of(output);
        let json = serde_json::from_str(&answer.stdout)
            .unwrap_or_else(|error| panic!("stdout is not one JSON document: {error}\n{answer:#?}"));
        Self { json, ..answer }
    }

    /// Returns the id of the run that the document is about.
    pub fn run(&self) -> String {
        self.json["run_id"].as_str().unwrap_or_else(|| panic!("no run_id in {self:#?}")).to_owned()
    }
}

/// The condition that a row of the journal's file is of a run.
fn is(run: RunId) -> String {
    format!("hex(run) = '{}'", run.to_string().replace('-', "").to_uppercase())
}

/// Decides on the first question that a run has open, as a person who has just seen it.
pub async fn decide(host: &Host, run: RunId, decision: Decision) -> stockade::Result<Run> {
    let state = host.state(run).await?;
    let question = match state.open_approval() {
        Some(question) => question.clone(),
        None => host.question(run, None).await?,
    };
    host.decide(&question.id(run), &question.digest(), decision).await
}

/// Registers the tools of the built-in shop, as the binary does.
pub fn with_shop(builder: Builder, path: &Path) -> Builder {
    builder.lend(shop::place(path)).tools(shop::tools(path)).idempotent(shop::IDEMPOTENT)
}

/// Returns the idempotency keys of all refunds in a shop.
pub fn refunds(shop: &Path) -> Vec<String> {
    let db = read_only(shop);
    let mut select = db.prepare("SELECT idempotency_key FROM refunds ORDER BY id").unwrap();
    select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Opens a database that must be there.
pub fn read_only(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads the id of a run.
pub fn run_id(text: &str) -> RunId {
    text.parse().unwrap()
}

/// The input of a refund run.
pub fn input(user: &str) -> Value {
    json!({"user_id": user, "request": "not what I expected"})
}

/// Compiles `tests/guests/NAME.wat`.
pub fn guest(name: &str) -> Vec<u8> {
    wat::parse_file(root().join(format!("tests/guests/{name}.wat"))).unwrap()
}

/// Returns the path of a built component of `guest-tools/dist`.
pub fn dist(name: &str) -> PathBuf {
    root().join(format!("guest-tools/dist/{name}.wasm"))
}

/// Returns the folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Returns the binary, built once in each test process in the profile that the test itself was built in.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| built("stockade"))
}

/// The examples that tests run.
pub const EXAMPLES: [&str; 4] = ["agent", "children", "embed", "signal"];

/// Returns an example of the runtime, one of [`EXAMPLES`], built in the same way.
pub fn example(name: &str) -> PathBuf {
    assert!(EXAMPLES.contains(&name), "{name} is not among the examples that are built");
    built(&format!("examples/{name}"))
}

/// With examples, the dependencies have the features that the tests have, so all products are built together. And what cargo
/// tells this test of its own package is not for the other cargo: `ring` would be built anew for it, and for the next test
/// again.
fn built(product: &str) -> PathBuf {
    let (target, profile) = profile();
    let profile_name = if profile == "debug" { "dev" } else { profile.as_str() };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--workspace", "--quiet", "--bin", "stockade"]);
    cargo.args(EXAMPLES.into_iter().flat_map(|name| ["--example", name]));
    cargo.args(["--profile", profile_name, "--target-dir"]).arg(&target);
    let own = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(own)) {
        cargo.env_remove(name);
    }
    let output = cargo.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join(profile).join(product)
}

/// The target folder and the profile's folder in it: this test is `TARGET/PROFILE/deps/NAME-HASH`.
fn profile() -> (PathBuf, String) {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    (folder.parent().unwrap().to_owned(), name)
}

/// Compiled components are the same for all hosts of a process, and compiling them takes longer than most tests.
fn shared_cache() -> &'static Path {
    static CACHE: OnceLock<TempDir> = OnceLock::new();
    CACHE.get_or_init(|| tempfile::tempdir().unwrap()).path()
}
