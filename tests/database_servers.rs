//! What becomes of a journal in PostgreSQL when its connections break, when its server is restarted, is full, only reads, or is
//! replaced by one that has not all of it, and when a pooler stands before the server.
//!
//! A test run plays a sample; with `STOCKADE_SCENARIOS=all`, each of these tests plays all that it has. Each prints its table.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};
use stockade::journal::conformance::{self, Flaw, Opener, Storage, Table, Verdict};
use stockade::journal::{Commit, LEASE, Lease, PostgresJournal, Row, RowChange};
use stockade::{Budget, Change, Clock, Entry, Fault, Journal as _, Origin, Result, RunId};
use stockade_tests::Hand;
use stockade_tests::crash::{done, every};
use stockade_tests::database::{OwnDatabase, blocking, commits_wait, lock_waits};
use stockade_tests::server::Server;
use stockade_tests::wire::{Cut, Wire};
use tokio::task::{JoinHandle, yield_now};
use uuid::Uuid;

fn run() -> RunId {
    Uuid::now_v7().into()
}

/// The commit of an entry under a lease. When it was made says by which host.
fn with(lease: &Lease, seq: u64, host: usize, input: Value) -> Commit {
    let (budget, origin) = (Budget::NONE, Origin::default());
    let change = Change::Created { workflow: "w".into(), version: 1, input: input.into(), budget, origin };
    let entries = vec![Entry { run: lease.run, seq, at_ms: host as u64, change }];
    Commit { lease: Some(lease.clone()), entries, ..Commit::default() }
}

fn leased(lease: &Lease, seq: u64) -> Commit {
    with(lease, seq, 0, json!({"seq": seq}))
}

/// Checks that the journal has just the entries of a run with the numbers from one to this one.
async fn check_entries(journal: &PostgresJournal, run: RunId, last: u64) -> Verdict {
    let entries = journal.read(run).await.map_err(|fault| (Flaw::Wrong, fault.to_string()))?;
    let numbers: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
    let flaw = if numbers.len() as u64 > last { Flaw::Duplicated } else { Flaw::Lost };
    if numbers.iter().copied().eq(1..=last) { Ok(()) } else { Err((flaw, format!("{numbers:?} and not 1 to {last}"))) }
}

/// Takes an answer that must be good: where it is not, the run cannot go on.
fn good<T>(answer: Result<T>) -> Result<T, (Flaw, String)> {
    answer.map_err(|fault| (Flaw::Stuck, fault.to_string()))
}

/// Checks that an answer is this refusal, or, without one, that it is no refusal.
fn refused(answer: Result<()>, promised: Option<&str>) -> Verdict {
    let detail = answer.as_ref().err().and_then(|fault| fault.detail.as_deref());
    let is_as_promised = detail == promised && answer.is_ok() == promised.is_none();
    if is_as_promised { Ok(()) } else { Err((Flaw::Wrong, format!("{answer:?} and not {promised:?}"))) }
}

/// What is asked of a journal whose connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Begin,
    Commit,
    CommitAndRelease,
    Claim,
    Renew,
    Release,
    Index,
    Remove,
    Read,
}

const ASKED: [Asked; 9] = [
    Asked::Begin,
    Asked::Commit,
    Asked::CommitAndRelease,
    Asked::Claim,
    Asked::Renew,
    Asked::Release,
    Asked::Index,
    Asked::Remove,
    Asked::Read,
];

impl Asked {
    /// Makes what it needs.
    async fn prepare(self, journal: &PostgresJournal, first: &Lease) {
        if self != Self::Begin {
            journal.commit(&Commit { releases: self == Self::Claim, ..leased(first, 1) }).await.unwrap();
        }
    }

    /// Asks, and returns the lease that the run has then.
    async fn ask(self, journal: &PostgresJournal, first: &Lease) -> Result<Lease> {
        let row = RowChange::Add(Row::new("cut", first.run.to_string(), ""));
        match self {
            Self::Begin => journal.commit(&leased(first, 1)).await?,
            Self::Commit => journal.commit(&leased(first, 2)).await?,
            Self::CommitAndRelease => journal.commit(&Commit { releases: true, ..leased(first, 2) }).await?,
            Self::Claim => return journal.claim(first.run).await,
            Self::Renew => journal.renew(first).await?,
            Self::Release => journal.release(first).await?,
            Self::Index => journal.commit(&Commit::of_index(vec![row])).await?,
            Self::Remove => journal.remove(first, &[row]).await?,
            Self::Read => drop(journal.read(first.run).await?),
        }
        Ok(first.clone())
    }

    /// How many entries the run has then.
    fn entries(self) -> u64 {
        match self {
            Self::Begin | Self::Claim | Self::Renew | Self::Release | Self::Index | Self::Read => 1,
            Self::Commit | Self::CommitAndRelease => 2,
            Self::Remove => 0,
        }
    }

    /// Whether a host holds the run then.
    fn holds(self) -> bool {
        !matches!(self, Self::CommitAndRelease | Self::Release | Self::Remove)
    }
}

/// Whatever is asked is done once, and answered, and the run goes on.
async fn a_connection_breaks(hosts: [&PostgresJournal; 2], wire: &Wire, asked: Asked, cut: Cut) -> Verdict {
    let ([journal, other], first) = (hosts, Lease::first(run()));
    asked.prepare(journal, &first).await;
    wire.cut(cut);
    let answer = asked.ask(journal, &first).await;
    if !wire.has_cut() {
        return Err((Flaw::Wrong, "the connection does not break".to_owned()));
    }
    let lease = good(answer)?;
    if lease.epoch != if asked == Asked::Claim { 2 } else { 1 } {
        return Err((Flaw::Duplicated, format!("the run was taken {} times", lease.epoch)));
    }
    check_entries(other, first.run, asked.entries()).await?;
    let row = other.row("cut", &first.run.to_string()).await.unwrap();
    if row.is_some() != matches!(asked, Asked::Index | Asked::Remove) {
        return Err((Flaw::Lost, format!("{row:?}")));
    }
    let is_held = other.is_held(first.run).await.unwrap();
    if is_held != asked.holds() {
        return Err((Flaw::Wrong, format!("the run is held: {is_held}")));
    }
    if is_held {
        return good(journal.commit(&leased(&lease, asked.entries() + 1)).await);
    }
    good(other.claim(first.run).await).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn what_is_asked_of_a_database_is_done_once_wherever_its_connection_breaks() {
    let database = OwnDatabase::new().await;
    let wire = Wire::to(database.server());
    let hosts = [&database.open_by(&wire.address(), &Clock::default()), &database.open(&Clock::default())];
    let mut table = Table::default();
    let scenarios = ASKED.into_iter().flat_map(|asked| Cut::all().map(move |cut| (asked, cut)));
    for (asked, cut) in scenarios.step_by(every(13)) {
        let verdict = a_connection_breaks(hosts, &wire, asked, cut).await;
        table.count("PostgreSQL: a connection breaks", || format!("{asked:?}, {cut:?}"), &verdict);
    }
    done(&table);
}

/// How many runs there are at the same time. A journal has more connections than that.
const AT_ONCE: usize = 4;

/// A server of the test's own, and a journal in it.
struct Own {
    server: Server,
    database: OwnDatabase,
    journal: Arc<PostgresJournal>,
}

impl Own {
    async fn new() -> Self {
        let server = Server::new();
        let database = server.database().await;
        let journal = Arc::new(database.open(&Clock::default()));
        Self { server, database, journal }
    }

    /// Begins runs, and returns their leases.
    async fn begun(&self) -> Vec<Lease> {
        let leases: Vec<_> = (0..AT_ONCE).map(|_| Lease::first(run())).collect();
        for lease in &leases {
            self.journal.commit(&leased(lease, 1)).await.unwrap();
        }
        leases
    }

    /// Begins the second commit of each run, which has this.
    fn going_on(&self, leases: &[Lease], input: &Value) -> Vec<JoinHandle<Result<()>>> {
        let begin = |lease: &Lease| {
            let (journal, next) = (Arc::clone(&self.journal), with(lease, 2, 0, input.clone()));
            tokio::spawn(async move { journal.commit(&next).await })
        };
        leases.iter().map(begin).collect()
    }

    /// Counts what came of these commits: each is made, and once.
    async fn count(&self, table: &mut Table, kind: &str, leases: &[Lease], commits: Vec<JoinHandle<Result<()>>>) {
        for (lease, commit) in leases.iter().zip(commits) {
            let verdict = match good(commit.await.unwrap()) {
                Ok(()) => check_entries(&self.journal, lease.run, 2).await,
                stuck @ Err(_) => stuck,
            };
            table.count(kind, || lease.run.to_string(), &verdict);
        }
    }

    /// Waits until the server has said this so many times more than before to these commits.
    async fn says(&self, text: &str, before: usize, commits: &[JoinHandle<Result<()>>]) {
        while self.server.said(text) < before + AT_ONCE && commits.iter().any(|commit| !commit.is_finished()) {
            yield_now().await;
        }
        assert!(self.server.said(text) > before, "the server has not said \"{text}\"");
    }
}

/// The server has commits, and has not made them; others wait behind them in the journal.
async fn restarted_while_commits_wait(own: &Own, table: &mut Table) {
    let leases = own.begun().await;
    let (locks, admin) = (own.database.inside().await, own.database.inside().await);
    locks.batch_execute("BEGIN; LOCK TABLE stockade.entries IN SHARE MODE").await.unwrap();
    let commits = own.going_on(&leases, &json!(2));
    commits_wait(&admin).await;
    own.server.restart();
    own.count(table, "PostgreSQL: a restart while commits wait", &leases, commits).await;
}

/// The server has a statement with the commits of several runs, and has not made them: those that waited behind the first one.
async fn restarted_while_a_group_waits(own: &Own, table: &mut Table) {
    let leases = own.begun().await;
    let [first, next, admin] = [own.database.inside().await, own.database.inside().await, own.database.inside().await];
    first.batch_execute("BEGIN; LOCK TABLE stockade.entries IN SHARE MODE").await.unwrap();
    let mut commits = own.going_on(&leases[..1], &json!(2));
    commits_wait(&admin).await;
    // It is behind the first one, and before the group that follows it.
    let locking = tokio::spawn(async move {
        next.batch_execute("BEGIN; LOCK TABLE stockade.entries IN EXCLUSIVE MODE").await.unwrap();
        next
    });
    lock_waits(&admin).await;
    commits.extend(own.going_on(&leases[1..], &json!(2)));
    first.batch_execute("COMMIT").await.unwrap();
    let _locked = locking.await.unwrap();
    commits_wait(&admin).await;
    own.server.restart();
    own.count(table, "PostgreSQL: a restart while a group of commits waits", &leases, commits).await;
}

/// Writes to a run of its own until it is told to end, and returns how many entries the journal has confirmed.
async fn writes(journal: Arc<PostgresJournal>, made: Arc<AtomicU64>, ends: Arc<AtomicBool>) -> (RunId, Result<u64>) {
    let lease = Lease::first(run());
    for seq in 1.. {
        if let Err(fault) = journal.commit(&leased(&lease, seq)).await {
            return (lease.run, Err(fault));
        }
        made.fetch_add(1, Ordering::SeqCst);
        if ends.load(Ordering::SeqCst) {
            return (lease.run, Ok(seq));
        }
    }
    (lease.run, Ok(0))
}

/// Commits are made one after the other before, during and after the restart.
async fn restarted_while_commits_are_made(own: &Own, table: &mut Table) {
    let (made, ends) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let begin = |_| tokio::spawn(writes(Arc::clone(&own.journal), Arc::clone(&made), Arc::clone(&ends)));
    let writers: Vec<_> = (0..AT_ONCE).map(begin).collect();
    let more = async |than: u64| {
        while made.load(Ordering::SeqCst) < than + 2 * AT_ONCE as u64 && writers.iter().any(|one| !one.is_finished()) {
            yield_now().await;
        }
    };
    more(0).await;
    own.server.restart();
    more(made.load(Ordering::SeqCst)).await;
    ends.store(true, Ordering::SeqCst);
    for writer in writers {
        let (run, confirmed) = writer.await.unwrap();
        let verdict = match good(confirmed) {
            Ok(last) => check_entries(&own.journal, run, last).await,
            Err(stuck) => Err(stuck),
        };
        table.count("PostgreSQL: a restart while commits are made", || run.to_string(), &verdict);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn commits_are_made_once_although_the_server_is_restarted() {
    let (own, mut table) = (Own::new().await, Table::default());
    for _ in 0..24 / every(24) {
        restarted_while_commits_wait(&own, &mut table).await;
        restarted_while_a_group_waits(&own, &mut table).await;
        restarted_while_commits_are_made(&own, &mut table).await;
    }
    done(&table);
}

/// What finds no room in the pages that a table has.
fn long() -> Value {
    (0..4_000).map(|_| Uuid::now_v7().to_string()).collect::<Vec<_>>().into()
}

const NO_ROOM: &str = "No space left on device";
const ONLY_READS: &str = "in a read-only transaction";

/// The disk of the tables is full, and room is made while commits wait for it.
async fn full_and_freed_again(own: &Own, table: &mut Table) {
    let (leases, before) = (own.begun().await, own.server.said(NO_ROOM));
    own.server.set_full(true);
    let commits = own.going_on(&leases, &long());
    own.says(NO_ROOM, before, &commits).await;
    own.server.set_full(false);
    own.count(table, "PostgreSQL: a disk that is full and freed again", &leases, commits).await;
}

/// The database only reads, and writes again while commits wait for it.
async fn read_only_and_writable_again(own: &Own, table: &mut Table) {
    let (leases, before) = (own.begun().await, own.server.said(ONLY_READS));
    let admin = own.database.inside().await;
    let only_reads = async |only: &str| {
        let alter = format!("ALTER DATABASE {} SET default_transaction_read_only = {only}", own.database.name());
        admin.batch_execute(&alter).await.unwrap();
    };
    only_reads("on").await;
    // What is connected already would go on.
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND application_name = 'stockade'";
    while admin.query_one(end, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        yield_now().await;
    }
    let commits = own.going_on(&leases, &json!(2));
    own.says(ONLY_READS, before, &commits).await;
    only_reads("off").await;
    own.count(table, "PostgreSQL: a database that only reads for a while", &leases, commits).await;
}

/// No room is made for as long as a commit is tried: it fails, nothing of it is there, and the same is made later.
async fn full_for_longer(own: &Own) -> Verdict {
    let lease = own.begun().await.remove(0);
    let next = with(&lease, 2, 0, long());
    own.server.set_full(true);
    let answer = own.journal.commit(&next).await;
    let there = check_entries(&own.journal, lease.run, 1).await;
    own.server.set_full(false);
    there?;
    let is_told = |fault: &Fault| fault.is_of_storage() && fault.message.contains("the disk of its server is full");
    if !answer.as_ref().is_err_and(is_told) {
        return Err((Flaw::Wrong, format!("a commit that finds no room: {answer:?}")));
    }
    good(own.journal.commit(&next).await)?;
    check_entries(&own.journal, lease.run, 2).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn commits_wait_for_a_disk_that_is_full_and_a_database_that_only_reads() {
    let (own, mut table) = (Own::new().await, Table::default());
    for _ in 0..8 / every(8) {
        full_and_freed_again(&own, &mut table).await;
        read_only_and_writable_again(&own, &mut table).await;
    }
    // It takes as long as a commit is tried.
    if every(2) == 1 {
        let verdict = full_for_longer(&own).await;
        table.count("PostgreSQL: a disk that stays full", || "for longer than a commit is tried".to_owned(), &verdict);
    }
    done(&table);
}

/// A run of which a standby has a part when it becomes the server.
#[derive(Clone, Copy, Debug)]
struct Tail {
    /// How many entries the standby has.
    kept: u64,
    /// How many it has not.
    lost: u64,
    /// Whether that another host took the run over is lost too.
    is_taken: bool,
    /// Whether a third host takes the run over from the standby before the last one writes to it again: under the same epoch as that
    /// one, where that the other took it is lost.
    is_taken_anew: bool,
}

impl Tail {
    fn all(most: u64) -> impl Iterator<Item = Self> {
        let amounts = (0..=most).flat_map(move |kept| (0..=most).map(move |lost| (kept, lost)));
        let ways = [(false, false), (false, true), (true, false), (true, true)];
        let all = amounts.flat_map(move |(kept, lost)| {
            ways.map(|(is_taken, is_taken_anew)| Self { kept, lost, is_taken, is_taken_anew })
        });
        // A run that has not begun cannot be taken over, and one of which there is nothing at all is no run.
        all.filter(|tail| tail.kept > 0 || (tail.lost > 0 && !tail.is_taken))
    }

    /// What the last host is told when it writes on, and no third host has taken the run over: it may where nothing was lost.
    fn promised(self) -> Option<&'static str> {
        match (self.is_taken, self.lost) {
            (true, _) => Some("fenced"),
            (false, 1..) => Some("taken"),
            (false, 0) => None,
        }
    }

    async fn keep(self, hosts: &[PostgresJournal; 3], first: &Lease) {
        for seq in 1..=self.kept {
            hosts[0].commit(&leased(first, seq)).await.unwrap();
        }
    }

    /// Does what will be lost; returns the lease under which that was done, and by which host.
    async fn lose(self, hosts: &[PostgresJournal; 3], first: &Lease) -> (Lease, usize) {
        let (mut lease, mut host) = (first.clone(), 0);
        if self.is_taken {
            hosts[0].release(first).await.unwrap();
            (lease, host) = (hosts[1].claim(first.run).await.unwrap(), 1);
        }
        for seq in self.kept + 1..=self.kept + self.lost {
            hosts[host].commit(&with(&lease, seq, host, json!(seq))).await.unwrap();
        }
        (lease, host)
    }

    /// The last host is refused unless the standby has all; a third host goes on after what the standby has.
    async fn go_on(self, hosts: &[PostgresJournal; 3], lease: &Lease, host: usize) -> Verdict {
        let next = with(lease, self.kept + self.lost + 1, host, json!(0));
        let mut last = self.kept;
        if !self.is_taken_anew {
            refused(hosts[host].commit(&next).await, self.promised())?;
            last += u64::from(self.promised().is_none());
        }
        let anew = good(hosts[2].claim(lease.run).await)?;
        if self.is_taken_anew && self.is_taken && anew.epoch != lease.epoch {
            return Err((Flaw::Wrong, format!("{anew:?} after {lease:?} was lost")));
        }
        // Neither what it was about to write, nor what would fit.
        for late in [next, with(lease, last + 1, host, json!(0))] {
            refused(hosts[host].commit(&late).await, Some("fenced"))?;
        }
        good(hosts[2].commit(&with(&anew, last + 1, 2, json!(0))).await)?;
        check_entries(&hosts[0], lease.run, last + 1).await?;
        let by = hosts[0].read(lease.run).await.unwrap().last().map(|entry| entry.at_ms);
        if by == Some(2) { Ok(()) } else { Err((Flaw::Duplicated, format!("the last entry is of host {by:?}"))) }
    }
}

/// The server is lost, and a standby takes its place that was not waited for. The writes that it lacks are lost, as the
/// documents say. No host may write on as if they were there, although the standby gives the same epochs again.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_host_is_fenced_by_who_it_is_where_a_standby_lacks_its_last_writes() {
    let (server, hand, mut table) = (Server::new(), Hand::new(), Table::default());
    let database = server.database().await;
    let hosts = [(); 3].map(|()| database.open(&hand.clock()));
    let most = if every(2) == 1 { 4 } else { 2 };
    let tails: Vec<_> = Tail::all(most).map(|tail| (tail, Lease::first(run()))).collect();
    for (tail, first) in &tails {
        tail.keep(&hosts, first).await;
    }
    server.keep();
    let mut leases = Vec::new();
    for (tail, first) in &tails {
        leases.push(tail.lose(&hosts, first).await);
    }
    server.fail_over();
    hand.forward(u64::try_from(LEASE.as_millis()).unwrap() + 1);
    for ((tail, _), (lease, host)) in tails.into_iter().zip(leases) {
        let verdict = tail.go_on(&hosts, &lease, host).await;
        table.count("PostgreSQL: a standby that has not all", || format!("{tail:?}"), &verdict);
    }
    done(&table);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_journal_behind_a_pooler_of_transactions_keeps_its_promises() {
    let Ok(pooler) = std::env::var("STOCKADE_TEST_PGBOUNCER") else {
        println!("nothing is tried: there is no pgbouncer");
        return;
    };
    conformance::check(|clock| {
        let (database, pooler) = (blocking(OwnDatabase::new()), pooler.clone());
        Box::new(move || Box::new(database.open_by(&pooler, &clock)))
    })
    .await;
    let database = Arc::new(OwnDatabase::new().await);
    let new = |clock: Clock| {
        let (database, pooler) = (Arc::clone(&database), pooler.clone());
        let open: Opener = Box::new(move || Box::new(database.open_by(&pooler, &clock)));
        Storage::from(open)
    };
    done(&conformance::crash(new, every(400)).await);
}
