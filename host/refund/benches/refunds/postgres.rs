//! Processes that share a journal in a PostgreSQL database, beside one with a journal in a file.
//!
//! Each process has a shop of its own, in a file: what is compared is the journals.

use std::path::Path;

use stockade::{Builder, config};
use tokio_postgres::{Client, NoTls};

use crate::goals::Goals;
use crate::hosts::folder;
use crate::measure::{POWER_LOSS, Table};
use crate::worker::{FILE, Order, Process, carried_out};

/// Where the server is, as `tests/postgres` says it.
const VARIABLE: &str = "STOCKADE_TEST_POSTGRES";

const ROUNDS: usize = 3;

/// How many processes, how many runs are in flight in all of them, and how many are made in a round.
const KINDS: [(usize, usize, usize); 9] = [
    (1, 1, 100),
    (1, 16, 800),
    (1, 64, 1_600),
    // One in flight in each.
    (2, 2, 200),
    (2, 16, 800),
    (2, 64, 1_600),
    (4, 4, 400),
    (4, 16, 800),
    (4, 64, 1_600),
];

/// How many processes take up runs that were left.
const TAKERS: [usize; 3] = [1, 2, 4];
const LEFT: usize = 1_600;

const GOAL: &str = "PostgreSQL, 2 processes, 64 in flight ÷ SQLite, 64 in flight";
const RATIO_MIN: f64 = 0.6;

pub(crate) async fn measure(dir: &Path, finished: u64, goals: &mut Goals) {
    let Some(server) = Server::named() else {
        println!("\nPostgreSQL");
        let how = format!("{VARIABLE} is not set; STOCKADE_TEST_POSTGRES_FSYNC=on tests/postgres COMMAND… sets it");
        return goals.unmeasured(GOAL, &how);
    };
    let database = Database::new(&server).await;
    // The first process makes the tables, and a run or two.
    let mut hosts = vec![Process::begin(&database.name, &folder(dir, "host-0"))];
    database.copy(finished).await;
    let further = (1..4).map(|number| Process::begin(&database.name, &folder(dir, &format!("host-{number}"))));
    hosts.extend(further);
    let mut file = [Process::begin(FILE, &folder(dir, "file"))];
    let (bytes, mut made, mut table) = (database.bytes().await, 0, Table::default());
    for number in 1..=ROUNDS {
        eprintln!("round {number} of {ROUNDS}");
        made += round(&mut table, &mut hosts, &mut file, database.survives);
    }
    let title = format!("The mix, {finished} finished before, medians of {ROUNDS} rounds; CPU of the hosts alone");
    let base = in_file(64);
    table.print(&title, (base.as_str(), "÷ SQLite"), (base.as_str(), "÷ SQLite"));
    println!("PostgreSQL says: {}", database.settings);
    println!("bytes of the database for each of {made} runs: {}", (database.bytes().await - bytes) / made);
    goals.at_least(GOAL, table.rate_ratio(&in_database(2, 64), &base), RATIO_MIN);
    drop(hosts);
    database.removed().await;
}

fn in_file(in_flight: usize) -> String {
    format!("SQLite, 1 process, {in_flight} in flight")
}

fn in_database(processes: usize, in_flight: usize) -> String {
    format!("PostgreSQL, {processes} processes, {in_flight} in flight in all")
}

/// Returns how many runs were made in the database.
fn round(table: &mut Table, hosts: &mut [Process], file: &mut [Process], survives: &'static str) -> i64 {
    let mut made = 0;
    for (processes, in_flight, runs) in KINDS {
        let order = Order::Mix { runs: runs / processes, in_flight: in_flight / processes };
        if processes == 1 {
            table.add(&in_file(in_flight), POWER_LOSS, carried_out(file, order, runs));
        }
        let hosts = hosts.get_mut(..processes).unwrap();
        table.add(&in_database(processes, in_flight), survives, carried_out(hosts, order, runs));
        made += runs;
    }
    for takers in TAKERS {
        carried_out(hosts.get_mut(..1).unwrap(), Order::Leave { runs: LEFT }, LEFT);
        let order = Order::Take { in_flight: 64 / takers };
        let sample = carried_out(hosts.get_mut(..takers).unwrap(), order, LEFT);
        table.add(&format!("PostgreSQL, {takers} workers take up what was left, 64 in all"), survives, sample);
        made += LEFT;
    }
    i64::try_from(made).unwrap()
}

/// The server that `tests/postgres` starts, or another one.
pub(crate) struct Server {
    password: String,
    address: String,
}

impl Server {
    /// Returns the server that the environment names.
    pub(crate) fn named() -> Option<Self> {
        let url = std::env::var(VARIABLE).ok()?;
        let (password, server) = url.strip_prefix("postgres://postgres:")?.split_once('@')?;
        Some(Self { password: password.to_owned(), address: server.strip_suffix("/postgres")?.to_owned() })
    }

    /// Has a host keep its journal in a database of the server.
    pub(crate) fn journal(&self, builder: Builder, database: &str) -> Builder {
        let url = format!("postgres://postgres@{}/{database}", self.address);
        let place = config::Journal { password: Some("db".to_owned()), ..config::Journal::at(url) };
        builder.journal_at(place).secret("db", &self.password)
    }

    async fn client(&self, database: &str) -> Client {
        let url = format!("postgres://postgres:{}@{}/{database}", self.password, self.address);
        let (client, traffic) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(traffic);
        client
    }
}

/// A database of this bench's own.
struct Database {
    name: String,
    client: Client,
    admin: Client,
    settings: String,
    survives: &'static str,
}

impl Database {
    async fn new(server: &Server) -> Self {
        let (admin, name) = (server.client("postgres").await, format!("refunds_{}", std::process::id()));
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let client = server.client(&name).await;
        let said = "SELECT current_setting('fsync'), current_setting('synchronous_commit'), version()";
        let row = client.query_one(said, &[]).await.unwrap();
        let (fsync, commit, version): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let survives = if fsync == "on" && commit != "off" { POWER_LOSS } else { "a killed process alone" };
        let settings = format!("fsync={fsync}, synchronous_commit={commit}, {version}");
        Self { name, client, admin, settings, survives }
    }

    /// Has so many finished runs be in the journal: copies of one that a host has made.
    async fn copy(&self, finished: u64) {
        if finished == 0 {
            return;
        }
        eprintln!("{finished} finished runs are copied");
        self.client.batch_execute(&COPIES.replace("FINISHED", &finished.to_string())).await.unwrap();
    }

    /// Returns what all tables of the journal take, with their indexes.
    async fn bytes(&self) -> i64 {
        let sum = "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'stockade' AND c.relkind = 'r'";
        self.client.query_one(sum, &[]).await.unwrap().get(0)
    }

    async fn removed(self) {
        drop(self.client);
        self.admin.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await.unwrap();
    }
}

/// One finished run is copied under other ids, which are before those of all that will be made.
const COPIES: &str = "
    CREATE TEMP TABLE one AS SELECT run FROM stockade.runs WHERE status = 'done' ORDER BY run DESC LIMIT 1;
    CREATE TEMP TABLE copies AS
        SELECT (lpad(to_hex(n), 16, '0') || substr(md5(n::text), 1, 16))::uuid AS run FROM generate_series(1, FINISHED) AS n;
    INSERT INTO stockade.entries (run, seq, base, format, at_ms, json_bytes, change)
        SELECT c.run, e.seq, e.base, e.format, e.at_ms, e.json_bytes, e.change
        FROM copies c, stockade.entries e, one WHERE e.run = one.run ORDER BY c.run, e.seq;
    INSERT INTO stockade.runs (run, workflow, status, state, updated_ms, start_key, labels, waiting_for)
        SELECT c.run, r.workflow, r.status, r.state, r.updated_ms, r.start_key, r.labels, r.waiting_for
        FROM copies c, stockade.runs r, one WHERE r.run = one.run ORDER BY c.run;
    INSERT INTO stockade.leases (run, epoch, owner, until_ms, seq, commit_id)
        SELECT c.run, l.epoch, l.owner, l.until_ms, l.seq, l.commit_id
        FROM copies c, stockade.leases l, one WHERE l.run = one.run ORDER BY c.run;
    ANALYZE stockade.entries, stockade.runs, stockade.leases;
    CHECKPOINT;";
