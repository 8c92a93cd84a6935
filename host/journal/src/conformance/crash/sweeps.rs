//! A run is swept while its driver, whose lease is over, writes: at the same time, round by round. Whichever of the two is first, a
//! run that is swept is gone with all that it has.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use stockade_workflow::{Kind, RunId};

use super::{Flaw, OVER_MS, Storage, Table, Verdict, check_swept, detail, kind, leased, run, wrong};
use crate::{Commit, Journal, Lease, Result, Row, RowChange};

/// How often each is played.
const ROUNDS: usize = 500;

/// By how much the head start of one of the two grows with each round: over all rounds, to about as long as a commit takes.
const SPINS: usize = 20;

/// What the driver does.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// It writes an entry, and a row of the run.
    Commit,
    /// It writes them, and gives the run back.
    CommitLast,
    /// It says that it lives.
    Renew,
}

impl Act {
    fn name(self) -> &'static str {
        match self {
            Self::Commit => "a commit",
            Self::CommitLast => "a commit that gives the run back",
            Self::Renew => "a sign of life",
        }
    }
}

pub(super) async fn play(storage: &Storage, time: &AtomicU64, every: usize, table: &mut Table) {
    let hosts = [(storage.open)(), (storage.open)()];
    for act in [Act::Commit, Act::CommitLast, Act::Renew] {
        for (number, round) in (0..ROUNDS).step_by(every.min(50)).enumerate() {
            let start = HeadStart { is_drivers: number.is_multiple_of(2), spins: round * SPINS };
            let (did, swept, run) = at_once(&hosts, time, act, start).await;
            let verdict = judged(&*hosts[0], act, run, &did, &swept).await;
            // The rows show that each was first in some rounds.
            let first = if did.is_ok() { "the driver is first" } else { "the sweep is first" };
            let row = format!("journal: a sweep at the same time as {}, {first}", act.name());
            table.count(&row, || format!("{start:?}"), &verdict);
        }
    }
}

/// Which of the two begins, and how long before the other one.
#[derive(Clone, Copy, Debug)]
struct HeadStart {
    is_drivers: bool,
    spins: usize,
}

/// Has a run be swept and driven at the same time; returns what became of the driver's act and of the sweep.
async fn at_once(
    [driver, sweeper]: &[Box<dyn Journal>; 2],
    time: &AtomicU64,
    act: Act,
    HeadStart { is_drivers, spins }: HeadStart,
) -> (Result<()>, Result<()>, RunId) {
    let run = run();
    let lease = Lease::first(run);
    driver.commit(&leased(&lease, 1)).await.unwrap();
    time.fetch_add(OVER_MS, Ordering::SeqCst);
    let (drive, sweep) = (drive(&**driver, &lease, act), sweep(&**sweeper, run));
    if is_drivers {
        let (did, swept) = both(drive, later(spins, sweep)).await;
        (did, swept, run)
    } else {
        let (swept, did) = both(sweep, later(spins, drive)).await;
        (did, swept, run)
    }
}

async fn drive(driver: &dyn Journal, lease: &Lease, act: Act) -> Result<()> {
    let row = RowChange::Add(Row::new("swept", lease.run.to_string(), "").of(lease.run));
    let next = Commit { index: vec![row], ..leased(lease, 2) };
    match act {
        Act::Commit => driver.commit(&next).await,
        Act::CommitLast => driver.commit(&Commit { releases: true, ..next }).await,
        Act::Renew => driver.renew(lease).await,
    }
}

async fn sweep(sweeper: &dyn Journal, run: RunId) -> Result<()> {
    let lease = sweeper.claim(run).await?;
    sweeper.remove(&lease, &[]).await
}

/// A driver that is late is refused; one that said in time that it lives keeps the run, and no other may.
async fn judged(journal: &dyn Journal, act: Act, run: RunId, did: &Result<()>, swept: &Result<()>) -> Verdict {
    let is_kept = matches!(act, Act::Renew) && did.is_ok();
    if did.is_err() && kind(did.clone()) != Some(Kind::Conflict) {
        return wrong("the driver", did);
    }
    if is_kept && swept.is_ok() {
        return Err((Flaw::Lost, "a run that its driver keeps was swept".to_owned()));
    }
    if swept.is_err() != is_kept || detail(swept.clone()).as_deref() != is_kept.then_some("busy") {
        return wrong("a sweep", swept);
    }
    check_swept(journal, run, u64::from(is_kept)).await
}

/// Begins something after a while.
async fn later<T>(spins: usize, work: impl Future<Output = T>) -> T {
    (0..spins).for_each(|_| std::hint::spin_loop());
    work.await
}

/// Does both at the same time, as far as they wait for others.
async fn both<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> (T, T) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        poll(&mut first, one.as_mut(), context);
        poll(&mut second, other.as_mut(), context);
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}

/// Looks whether something is there that was not.
fn poll<T>(result: &mut Option<T>, work: Pin<&mut impl Future<Output = T>>, context: &mut Context<'_>) {
    if result.is_none()
        && let Poll::Ready(ready) = work.poll(context)
    {
        *result = Some(ready);
    }
}
