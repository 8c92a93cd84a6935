//! All orders of what two hosts can do with one run.

use std::sync::atomic::{AtomicU64, Ordering};

use stockade_workflow::RunId;

use super::{Flaw, OVER_MS, Storage, Table, Verdict, check_entries, leased, run, wrong};
use crate::{Journal, Lease, Result};

/// What can happen next. The first host has begun the run.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// A host claims the run.
    Claim(usize),
    /// A host writes the next entry, under the lease that it had last.
    Commit(usize),
    /// A host writes the last entry once more.
    Again(usize),
    /// A host says that it lives.
    Renew(usize),
    /// A host gives the run back.
    Release(usize),
    /// A host is gone, and another one begins with what that one knew.
    Dies(usize),
    /// A lease that is not renewed is over.
    Waits,
    /// The clock is set back by an hour.
    SetBack,
}

const MOVES: [Move; 10] = [
    Move::Claim(0),
    Move::Claim(1),
    Move::Commit(0),
    Move::Commit(1),
    Move::Again(0),
    Move::Renew(0),
    Move::Release(0),
    Move::Dies(0),
    Move::Waits,
    Move::SetBack,
];

/// How many moves a scenario has. In four, a host is stopped past its lease, another one takes over, and both write.
const LENGTH: u32 = 4;

/// When each scenario begins.
const BEGIN_MS: u64 = 1_000_000_000;

const HOUR_MS: u64 = 3_600_000;

pub(super) async fn play(storage: &Storage, time: &AtomicU64, every: usize, table: &mut Table) {
    let mut hosts = [(storage.open)(), (storage.open)()];
    for number in (0..MOVES.len().pow(LENGTH)).step_by(every) {
        time.store(BEGIN_MS, Ordering::SeqCst);
        let moves = moves(number);
        let mut game = Game::begin(storage, time, &mut hosts).await;
        let verdict = game.play(&moves).await;
        table.count("journal: two hosts, one run", || format!("{moves:?}"), &verdict);
    }
}

/// Returns the moves of the scenario of a number: its digits.
fn moves(number: usize) -> Vec<Move> {
    (0..LENGTH).map(|place| MOVES[number / MOVES.len().pow(place) % MOVES.len()]).collect()
}

/// A run, and what a model of the journal has of it.
struct Game<'a> {
    storage: &'a Storage,
    time: &'a AtomicU64,
    hosts: &'a mut [Box<dyn Journal>; 2],
    run: RunId,
    /// The lease that each host had last.
    leases: [Lease; 2],
    holder: Option<usize>,
    epoch: u64,
    until_ms: u64,
    seq: u64,
}

impl<'a> Game<'a> {
    async fn begin(storage: &'a Storage, time: &'a AtomicU64, hosts: &'a mut [Box<dyn Journal>; 2]) -> Self {
        let run = run();
        let first = Lease::first(run);
        hosts[0].commit(&leased(&first, 1)).await.unwrap();
        let leases = [first, Lease { run, epoch: 0 }];
        let until_ms = BEGIN_MS + OVER_MS - 1;
        Self { storage, time, hosts, run, leases, holder: Some(0), epoch: 1, until_ms, seq: 1 }
    }

    fn now_ms(&self) -> u64 {
        self.time.load(Ordering::SeqCst)
    }

    async fn play(&mut self, moves: &[Move]) -> Verdict {
        for next in moves {
            self.make(*next).await?;
        }
        check_entries(&*self.hosts[1], self.run, self.seq).await?;
        // Whatever has happened, the lease ends, and another host goes on.
        self.time.store(self.until_ms.max(self.now_ms()) + 1, Ordering::SeqCst);
        for next in [Move::Claim(1), Move::Commit(1)] {
            self.make(next).await.map_err(|(_, why)| (Flaw::Stuck, why))?;
        }
        check_entries(&*self.hosts[0], self.run, self.seq).await
    }

    async fn make(&mut self, next: Move) -> Verdict {
        match next {
            Move::Claim(who) => self.claim(who).await,
            Move::Commit(who) => self.commit(who).await,
            Move::Again(who) => self.again(who).await,
            Move::Renew(who) => self.renew(who).await,
            Move::Release(who) => self.release(who).await,
            Move::Dies(who) => {
                self.holder = self.holder.filter(|holder| *holder != who);
                self.hosts[who] = (self.storage.open)();
                Ok(())
            }
            Move::Waits => {
                self.time.fetch_add(OVER_MS, Ordering::SeqCst);
                Ok(())
            }
            Move::SetBack => {
                self.time.fetch_sub(HOUR_MS, Ordering::SeqCst);
                Ok(())
            }
        }
    }

    async fn claim(&mut self, who: usize) -> Verdict {
        let is_held = self.holder.is_some() && self.until_ms > self.now_ms();
        match self.hosts[who].claim(self.run).await {
            Ok(lease) if !is_held && lease.epoch == self.epoch + 1 => {
                (self.holder, self.epoch, self.until_ms) = (Some(who), lease.epoch, self.now_ms() + OVER_MS - 1);
                self.leases[who] = lease;
                Ok(())
            }
            Err(refused) if is_held && refused.detail.as_deref() == Some("busy") => Ok(()),
            answer => wrong("claim", &answer),
        }
    }

    async fn commit(&mut self, who: usize) -> Verdict {
        let answer = self.hosts[who].commit(&leased(&self.leases[who], self.seq + 1)).await;
        self.seq += u64::from(self.holder == Some(who));
        self.judge("commit", who, answer, None)
    }

    async fn again(&self, who: usize) -> Verdict {
        let answer = self.hosts[who].commit(&leased(&self.leases[who], self.seq)).await;
        self.judge("the same number", who, answer, Some("taken"))
    }

    async fn renew(&mut self, who: usize) -> Verdict {
        let answer = self.hosts[who].renew(&self.leases[who]).await;
        if self.holder == Some(who) {
            self.until_ms = self.now_ms() + OVER_MS - 1;
        }
        self.judge("renew", who, answer, None)
    }

    async fn release(&mut self, who: usize) -> Verdict {
        let answer = self.hosts[who].release(&self.leases[who]).await;
        self.holder = self.holder.filter(|holder| *holder != who);
        if answer.is_ok() { Ok(()) } else { wrong("release", &answer) }
    }

    /// Compares an answer with what the holder is to get; any other host is fenced.
    fn judge(&self, what: &str, who: usize, answer: Result<()>, of_holder: Option<&str>) -> Verdict {
        let promised = if self.holder == Some(who) { of_holder } else { Some("fenced") };
        let got = answer.as_ref().err().and_then(|fault| fault.detail.as_deref());
        let is_right = got == promised && answer.is_err() == promised.is_some();
        if is_right { Ok(()) } else { wrong(what, &answer) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_order_of_moves_is_a_scenario() {
        let all: std::collections::BTreeSet<_> =
            (0..MOVES.len().pow(LENGTH)).map(|number| format!("{:?}", moves(number))).collect();
        assert_eq!(all.len(), MOVES.len().pow(LENGTH));
    }
}
