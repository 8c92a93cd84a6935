//! Processes that are stopped past their lease and wake, that are killed whenever they make a file durable, and whose journal cannot
//! be written for a while or for as long as they live: their runs end as any other, and are booked once.
//!
//! A test run plays a sample; with `STOCKADE_SCENARIOS=all`, each of these tests plays all that it has. Each prints its table.

use std::ops::RangeInclusive;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use stockade::journal::conformance::{Table, Verdict};
use stockade_tests::crash::{done, every};
use stockade_tests::database::{OwnDatabase, blocking};
use stockade_tests::faults::Failure;
use stockade_tests::{Place, input};

use crate::kill::{begun, ended};

/// What a process is to do.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// It refunds this user.
    Refund(&'static str),
    /// It says yes to a refund that another process has begun.
    Approve,
}

const ORDERS: [Order; 3] = [Order::Refund("user_789"), Order::Refund("user_123"), Order::Approve];

impl Order {
    fn user(self) -> &'static str {
        match self {
            Self::Refund(user) => user,
            Self::Approve => "user_123",
        }
    }

    /// Returns the process, about to be started in a place.
    fn command(self, place: &Place) -> Command {
        match self {
            Self::Refund(user) => place.command(&["run", "refund", "--input", &input(user).to_string()]),
            Self::Approve => {
                let run = place.refund(self.user(), &[]).run();
                place.command(&["approve", &run, "--by", "dana"])
            }
        }
    }

    /// After how many lines it can be stopped: from the first on, a run is there that another process can take over.
    fn lines(self) -> RangeInclusive<usize> {
        match self {
            Self::Refund("user_789") => 1..=7,
            Self::Refund(_) => 1..=6,
            Self::Approve => 0..=3,
        }
    }
}

/// A process that is stopped until this is dropped.
struct Stopped(Pid);

impl Stopped {
    /// Stops a process; none where it has ended.
    fn of(child: &Child) -> Option<Self> {
        let stopped = Self(Pid::from_child(child));
        kill_process(stopped.0, Signal::STOP).unwrap();
        let either = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(stopped.0), either).unwrap().unwrap();
        status.stopped().then_some(stopped)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // It may have ended, and then is not waited for yet.
        let _ = kill_process(self.0, Signal::CONT);
    }
}

/// A moment to stop at: what the process does, after how many lines of it, and after how many spins.
type Moment = (Order, usize, u32);

/// 204 moments.
fn moments() -> impl Iterator<Item = Moment> {
    let lines = ORDERS.into_iter().flat_map(|order| order.lines().map(move |lines| (order, lines)));
    lines.flat_map(|(order, lines)| (0..12).map(move |spins| (order, lines, spins * 50_000)))
}

/// Stops a process at a moment, brings the end of its leases, has other processes drive its run to the end, and wakes it. Then it
/// finds that the run is another's, whatever it was about to do. None where it has ended before.
///
/// `over` brings the end of the leases, as the clock would. It says no where the process was stopped while others wait for it,
/// which has no end; then the process goes on for a moment.
fn stopped_past_its_lease(place: &Place, (order, lines, spins): Moment, over: impl Fn() -> bool) -> Option<Verdict> {
    let (mut child, told) = begun(order.command(place), lines, spins);
    let taken_over = loop {
        let Some(stopped) = Stopped::of(&child) else { break None };
        if over() {
            break Some(ended(place, order.user()));
        }
        drop(stopped);
        (0..100_000).for_each(|_| std::hint::spin_loop());
    };
    told.for_each(drop);
    child.wait().unwrap();
    taken_over.map(|verdict| verdict.and_then(|()| ended(place, order.user())))
}

/// Does something to a file at once; returns whether no process is in the middle of writing to it.
fn is_done(place: &Place, file: &str, statements: &str) -> bool {
    let Ok(db) = Connection::open_with_flags(place.data(file), OpenFlags::SQLITE_OPEN_READ_WRITE) else { return false };
    db.busy_timeout(Duration::ZERO).unwrap();
    db.execute_batch(statements).is_ok()
}

/// Whether no process holds what others wait for: the shop, and the memory, which each command opens.
fn are_files_free(place: &Place) -> bool {
    let is_free = |file| !place.data(file).exists() || is_done(place, file, "BEGIN EXCLUSIVE; COMMIT");
    is_free("shop.db") && is_free("memory.db")
}

#[test]
fn a_process_that_is_stopped_past_its_lease_and_wakes_does_nothing_twice() {
    let mut table = Table::default();
    for moment in moments().step_by(every(41)) {
        let place = Place::new();
        let over = || are_files_free(&place) && is_done(&place, "journal.db", "UPDATE leases SET until_ms = 0");
        if let Some(verdict) = stopped_past_its_lease(&place, moment, over) {
            table.count("file: processes that are stopped past their lease", || format!("{moment:?}"), &verdict);
        }
    }
    done(&table);
}

/// Whether the server does something for a process: what it does may be a claim.
const BUSY: &str = "SELECT count(*) FROM pg_stat_activity \
                    WHERE datname = current_database() AND application_name = 'stockade' AND state = 'active'";

/// Brings the end of all leases of a database, unless the server does something for a process.
async fn are_over(database: &OwnDatabase) -> bool {
    let is_busy = database.count(BUSY).await > 0;
    if !is_busy {
        database.execute("UPDATE stockade.leases SET until_ms = 0").await;
    }
    !is_busy
}

#[test]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
fn a_process_of_many_hosts_that_is_stopped_past_its_lease_and_wakes_does_nothing_twice() {
    let mut table = Table::default();
    // A process that says yes claims the run, and cannot be seen to have sent that when it is stopped.
    let moments = moments().filter(|(order, ..)| matches!(order, Order::Refund("user_789")));
    for moment in moments.step_by(every(43)) {
        let (place, database) = (Place::new(), blocking(OwnDatabase::new()));
        database.configure(&place);
        let over = || are_files_free(&place) && blocking(are_over(&database));
        if let Some(verdict) = stopped_past_its_lease(&place, moment, over) {
            table.count("PostgreSQL: processes that are stopped past their lease", || format!("{moment:?}"), &verdict);
        }
    }
    done(&table);
}

/// Has a process do something while calls of its fail; a file `failed` of the place says whether a write has.
fn ends(place: &Place, order: Order, failure: Failure, calls: &RangeInclusive<u32>, part: &str) -> ExitStatus {
    let mut command = order.command(place);
    failure.at(calls, part, &place.path("failed"), &mut command);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap()
}

#[test]
fn a_process_that_is_killed_at_any_sync_of_its_files_leaves_a_run_that_ends_as_any_other() {
    let (mut table, every) = (Table::default(), every(24));
    for (which, order) in (0..).zip(ORDERS) {
        for (kind, failure) in (0..).zip([Failure::KilledBefore, Failure::KilledAfter]) {
            // Where samples are played, each order and each kind has others.
            let first = if every == 1 { 1 } else { 1 + 3 * which + 5 * kind };
            for number in (first..).step_by(every) {
                let place = Place::new();
                let killed = ends(&place, order, failure, &(number..=number), "/.stockade");
                if killed.signal().is_none() {
                    assert!(every > 1 || number > 3, "{order:?} makes its files durable {number} times");
                    break;
                }
                let name = || format!("{order:?}, {failure:?} sync {number}");
                table.count("file: processes that are killed at a sync", name, &ended(&place, order.user()));
            }
        }
    }
    done(&table);
}

/// No process writes to its journal more often.
const WRITES_MAX: u32 = 400;

/// At which writes of the journal which failure begins, and at which it ends: with the process, or a little later.
fn writes() -> impl Iterator<Item = (Order, Failure, RangeInclusive<u32>)> {
    let failures = ORDERS.into_iter().flat_map(|order| [Failure::Full, Failure::ReadOnly].map(|what| (order, what)));
    failures.flat_map(|(order, failure)| {
        let spans = |first: u32| [first..=u32::MAX, first..=first + 2];
        (1..WRITES_MAX).step_by(11).flat_map(spans).map(move |calls| (order, failure, calls))
    })
}

#[test]
fn a_process_whose_journal_is_full_or_only_reads_leaves_a_run_that_ends_as_any_other() {
    let mut table = Table::default();
    for (order, failure, calls) in writes().step_by(every(59)) {
        let place = Place::new();
        ends(&place, order, failure, &calls, "/.stockade/journal.db");
        if !place.path("failed").exists() {
            // It writes less often than that.
            continue;
        }
        let kind = if failure == Failure::Full {
            "file: processes whose disk is full"
        } else {
            "file: processes whose files can be read only"
        };
        table.count(kind, || format!("{order:?}, {failure:?} at {calls:?}"), &ended(&place, order.user()));
    }
    done(&table);
}
