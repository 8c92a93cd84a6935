//! What a journal does for many runs by one statement.

use std::collections::{BTreeMap, BTreeSet};

use stockade_system::postgres::Failed;
use tokio::time::Instant;

use super::leases::Claim;
use super::store::{Places, Store, stopped};
use super::together::{Answer, Doer};
use super::write::Write;
use super::{group, leases, rows};
use crate::{Lease, Result, Row};

impl Store {
    /// Gives each of a group the answer of the server. One without an answer is to be done by itself, and so is each where the
    /// server refuses the statement: that may be because of one of them. Where the server is not reached, all of them fail.
    fn answers<T, R>(&self, group: Vec<T>, said: Result<Vec<Option<Result<R>>>, Failed>) -> Vec<Answer<T, Result<R>>> {
        let mut said = match said {
            Ok(said) => said.into_iter(),
            Err(failed) if failed.is_refusal() => Vec::new().into_iter(),
            Err(failed) => {
                let fault = self.failed(&failed);
                return group.iter().map(|_| Answer::Is(Err(fault.clone()))).collect();
            }
        };
        let answer = |one| said.next().flatten().map_or(Answer::Alone(one), Answer::Is);
        group.into_iter().map(answer).collect()
    }

    /// Looks at the places of several that ask by one statement, at each once.
    async fn look(&self, group: Vec<Places>, since: Instant) -> Vec<Result<Vec<Row>>> {
        let distinct: BTreeSet<_> = group.iter().flatten().collect();
        let places: Vec<_> = distinct.into_iter().collect();
        let found = match rows::find_each(&self.pool, &places, since).await {
            Ok(found) => found,
            Err(failed) => {
                let fault = self.failed(&failed);
                return group.iter().map(|_| Err(fault.clone())).collect();
            }
        };
        let mut by_place = BTreeMap::<&(String, String), Result<Vec<Row>>>::new();
        for row in &found {
            let Some(place) = rows::place(row).and_then(|place| places.get(place)) else { continue };
            let rows = by_place.entry(*place).or_insert_with(|| Ok(Vec::new()));
            match (rows::read(&self.pool, row), rows) {
                (Ok(row), Ok(rows)) => rows.push(row),
                (Err(fault), rows) => *rows = Err(fault),
                (Ok(_), Err(_)) => {}
            }
        }
        let of = |place: &(String, String)| by_place.get(place).cloned().unwrap_or_else(|| Ok(Vec::new()));
        let all = |places: &Places| -> Result<Vec<Row>> {
            let rows = places.iter().map(of).collect::<Result<Vec<_>>>()?;
            Ok(rows.into_iter().flatten().collect())
        };
        group.iter().map(all).collect()
    }
}

impl Doer<Write, Result<()>> for Store {
    /// Makes commits in one transaction, but for those that another transaction is in the way of, or that are refused. A group
    /// whose connection broke is sent again under the ids of its commits, as one commit is.
    async fn all(&self, group: Vec<Write>, since: Instant) -> Vec<Answer<Write, Result<()>>> {
        if let [write] = &*group {
            return vec![Answer::Is(self.commit_one(write).await)];
        }
        let sent = group::send(&self.pool, &self.own, &group, since).await;
        let made = group.iter().zip(sent.iter().flatten()).filter(|(_, is_made)| **is_made);
        made.for_each(|(write, _)| self.made(write));
        let said = sent.map(|made| made.into_iter().map(|is_made| is_made.then_some(Ok(()))).collect());
        self.answers(group, said)
    }

    async fn one(&self, write: Write) -> Result<()> {
        self.commit_one(&write).await
    }
}

impl Doer<Claim, Result<Lease>> for Store {
    /// Takes leases in one transaction, but for those that another transaction is in the way of.
    async fn all(&self, group: Vec<Claim>, since: Instant) -> Vec<Answer<Claim, Result<Lease>>> {
        if let [claim] = &*group {
            return vec![Answer::Is(self.claim_one(claim).await)];
        }
        let said = leases::claim_each(&self.pool, &self.own, &group, since).await;
        let taken = said.iter().flatten().flatten().flatten().map(|lease| lease.run);
        self.held().extend(taken);
        self.answers(group, said)
    }

    async fn one(&self, claim: Claim) -> Result<Lease> {
        self.claim_one(&claim).await
    }
}

impl Doer<Places, Result<Vec<Row>>> for Store {
    async fn all(&self, group: Vec<Places>, since: Instant) -> Vec<Answer<Places, Result<Vec<Row>>>> {
        self.look(group, since).await.into_iter().map(Answer::Is).collect()
    }

    async fn one(&self, places: Places) -> Result<Vec<Row>> {
        self.look(vec![places], Instant::now()).await.pop().unwrap_or_else(|| Err(stopped()))
    }
}
