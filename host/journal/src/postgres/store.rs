//! What the tasks of a journal share: the connections, and who the opener is.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stockade_system::postgres::{Database, Failed, Migrated, Pool};
use stockade_workflow::{Fault, RunId};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::entries::Page;
use super::leases::Claim;
use super::migrate::TABLES;
use super::together::{Doer, Rules, Together};
use super::write::{Removal, Write};
use super::{group, leases, refused, reseal, rows, select};
use crate::keyring::Keyring;
use crate::{Filter, Lease, Result, Row, Summary, refusal};

/// How many commits, claims and looks are in one group.
const COMMITS_MAX: usize = 32;
const CLAIMS_MAX: usize = 32;
const LOOKS_MAX: usize = 64;

/// Spaces, each with the prefix of the keys that are looked for in it.
pub(super) type Places = Vec<(String, String)>;

/// What the tasks of a journal share.
pub(super) struct Store {
    commits: Arc<Together<Write, Result<()>>>,
    claims: Arc<Together<Claim, Result<Lease>>>,
    looks: Arc<Together<Places, Result<Vec<Row>>>>,
    /// What carries the connections.
    runtime: Handle,
    pub(super) pool: Pool,
    /// The opener, as other openers know it: new with each.
    pub(super) own: String,
    /// The runs of which it may hold the lease.
    held: Mutex<BTreeSet<RunId>>,
}

impl Store {
    pub(super) fn new(database: Database, runtime: Handle) -> Self {
        let is_of_other_run = |claims: &[Claim], one: &Claim| claims.iter().all(|claim| claim.run != one.run);
        Self {
            commits: Together::new(Rules { max: COMMITS_MAX, fits: group::fits, is_urgent: Write::is_first }),
            claims: Together::new(Rules { max: CLAIMS_MAX, fits: is_of_other_run, is_urgent: |_| false }),
            looks: Together::new(Rules { max: LOOKS_MAX, fits: |_, _| true, is_urgent: |_| false }),
            runtime,
            pool: Pool::new(database),
            own: Uuid::now_v7().to_string(),
            held: Mutex::default(),
        }
    }

    pub(super) fn database(&self) -> &Database {
        self.pool.database()
    }

    pub(super) fn failed(&self, failed: &Failed) -> Fault {
        self.pool.fault(failed)
    }

    /// Connects, and makes the tables where there are none.
    pub(super) async fn prepare(&self) -> Result<()> {
        TABLES.prepare(&self.pool).await
    }

    pub(super) async fn migrate(&self) -> Result<Migrated> {
        TABLES.migrate(&self.pool).await
    }

    pub(super) fn held(&self) -> MutexGuard<'_, BTreeSet<RunId>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to its end, even if nothing waits for it any more.
    pub(super) async fn on<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let done = self.runtime.spawn(work).await;
        done.map_err(|error| Fault::of_storage(format!("the journal's thread has stopped: {error}")))?
    }

    /// Does something with what else waits then.
    async fn done<T, R>(self: &Arc<Self>, together: &Arc<Together<T, Result<R>>>, what: T) -> Result<R>
    where
        T: Send + 'static,
        R: Send + 'static,
        Self: Doer<T, Result<R>>,
    {
        let driven = self.held().len();
        together.done(what, driven, self, &self.runtime).await.unwrap_or_else(|| Err(stopped()))
    }

    /// Makes a commit. It may take the lease of a run that begins, even if it is not known whether it was made.
    pub(super) async fn commit(self: &Arc<Self>, write: Write) -> Result<()> {
        if let Some(lease) = &write.lease {
            self.held().insert(lease.run);
        }
        if write.may_share() {
            return self.done(&self.commits, write).await;
        }
        let store = Arc::clone(self);
        self.on(async move { store.commit_one(&write).await }).await
    }

    /// Takes note of a commit that is made: it may have given the lease back.
    pub(super) fn made(&self, write: &Write) {
        if let Some(lease) = write.lease.as_ref().filter(|_| write.releases) {
            self.held().remove(&lease.run);
        }
    }

    pub(super) async fn commit_one(&self, write: &Write) -> Result<()> {
        match write.send(&self.pool, &self.own).await {
            Ok(()) => {
                self.made(write);
                Ok(())
            }
            Err(failed) => Err(refused::fault(&self.pool, &failed, write.run, &write.rows).await),
        }
    }

    pub(super) async fn claim(self: &Arc<Self>, run: RunId) -> Result<Lease> {
        self.done(&self.claims, Claim::of(run)).await
    }

    pub(super) async fn claim_one(&self, claim: &Claim) -> Result<Lease> {
        let claimed = leases::claim(&self.pool, &self.own, claim).await.map_err(|failed| self.failed(&failed))?;
        let lease = claimed.ok_or_else(|| refusal::busy(claim.run))?;
        self.held().insert(lease.run);
        Ok(lease)
    }

    pub(super) async fn renew(&self, lease: &Lease) -> Result<()> {
        let renewed = leases::renew(&self.pool, &self.own, lease).await.map_err(|failed| self.failed(&failed))?;
        if renewed { Ok(()) } else { Err(refusal::fenced(lease.run)) }
    }

    pub(super) async fn release(&self, lease: &Lease) -> Result<()> {
        leases::release(&self.pool, &self.own, lease).await.map_err(|failed| self.failed(&failed))?;
        self.held().remove(&lease.run);
        Ok(())
    }

    /// Gives back what is held still.
    pub(super) async fn release_all(&self) {
        let runs: Vec<_> = std::mem::take(&mut *self.held()).into_iter().collect();
        if !runs.is_empty() {
            // A lease that is not given back ends by itself.
            let _ = leases::release_all(&self.pool, &self.own, &runs).await;
        }
    }

    pub(super) async fn remove(&self, removal: Removal) -> Result<()> {
        let run = removal.lease.run;
        match removal.send(&self.pool, &self.own).await {
            Ok(()) => {
                self.held().remove(&run);
                Ok(())
            }
            Err(failed) => Err(refused::fault(&self.pool, &failed, Some(run), &removal.rows).await),
        }
    }

    /// Returns the runs that have something to be sealed anew.
    pub(super) async fn stale_runs(&self, keys: &Keyring) -> Result<Vec<RunId>> {
        reseal::runs(&self.pool, keys).await
    }

    pub(super) async fn reseal(&self, keys: &Keyring, run: RunId) -> Result<u64> {
        reseal::run(&self.pool, keys, run).await
    }

    pub(super) async fn keys_in_use(&self) -> Result<Vec<(Option<Vec<u8>>, u64)>> {
        reseal::keys_in_use(&self.pool).await
    }

    pub(super) async fn page(&self, run: RunId, after: u64, bytes_max: usize) -> Result<Page> {
        Page::read(&self.pool, run, after, bytes_max).await.map_err(|failed| self.failed(&failed))
    }

    pub(super) async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>> {
        let runs = select::runs(&self.pool, filter).await.map_err(|failed| self.failed(&failed))?;
        runs.iter().map(|row| select::read(&self.pool, row)).collect()
    }

    pub(super) async fn is_held(&self, run: RunId) -> Result<bool> {
        leases::is_held(&self.pool, run).await.map_err(|failed| self.failed(&failed))
    }

    pub(super) async fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        self.rows(rows::find(&self.pool, space, prefix, after, limit).await)
    }

    pub(super) async fn find_each(self: &Arc<Self>, places: Places) -> Result<Vec<Row>> {
        self.done(&self.looks, places).await
    }

    pub(super) async fn due(
        &self,
        space: &str,
        within_ms: u64,
        after: Option<(Option<u64>, String)>,
        limit: usize,
    ) -> Result<Vec<Row>> {
        self.rows(rows::due(&self.pool, space, within_ms, after, limit).await)
    }

    fn rows(&self, found: Result<Vec<tokio_postgres::Row>, Failed>) -> Result<Vec<Row>> {
        let found = found.map_err(|failed| self.failed(&failed))?;
        found.iter().map(|row| rows::read(&self.pool, row)).collect()
    }
}

/// The answer of what was ended before it had one.
pub(super) fn stopped() -> Fault {
    Fault::of_storage("the journal's thread has stopped")
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinHandle;
    use tokio::time::Instant;
    use tokio_postgres::Client;

    use super::*;
    use crate::codec;
    use crate::postgres::PostgresJournal;
    use crate::postgres::tests::{Place, commit, count};
    use crate::postgres::together::Answer;
    use crate::testing::run;
    use crate::{Commit, Journal as _, RowChange};

    /// A machine on the way that loses an answer of the server, and the connection with it.
    struct Way {
        address: SocketAddr,
        loses: Arc<AtomicBool>,
    }

    impl Way {
        async fn to(server: &str) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (address, loses) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
            let (server, told) = (server.to_owned(), Arc::clone(&loses));
            tokio::spawn(async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(carry(client, server.clone(), Arc::clone(&told)));
                }
            });
            Self { address, loses }
        }

        fn lose_the_next_answer(&self) {
            self.loses.store(true, Ordering::SeqCst);
        }

        fn has_lost(&self) -> bool {
            !self.loses.load(Ordering::SeqCst)
        }
    }

    async fn carry(client: TcpStream, server: String, loses: Arc<AtomicBool>) {
        let ((mut asks, mut hears), server) = (client.into_split(), TcpStream::connect(server).await.unwrap());
        let (mut answers, mut is_asked) = server.into_split();
        let asking = tokio::spawn(async move { tokio::io::copy(&mut asks, &mut is_asked).await });
        let mut piece = [0; 8 << 10];
        while let Ok(length @ 1..) = answers.read(&mut piece).await {
            if loses.swap(false, Ordering::SeqCst) || hears.write_all(&piece[..length]).await.is_err() {
                break;
            }
        }
        asking.abort();
    }

    /// The server has committed, and its answer is lost with the connection: the commit is found, and not made twice.
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_commit_whose_answer_was_lost_is_made_once() {
        let (place, run) = (Place::new().await, run());
        let way = Way::to(&place.server).await;
        let journal = PostgresJournal::open(place.at(&way.address.to_string(), "")).await.unwrap();
        let lease = Lease::first(run);
        let leased = |seq| Commit { lease: Some(lease.clone()), ..commit(run, seq) };
        way.lose_the_next_answer();
        journal.commit(&leased(1)).await.unwrap();
        assert!(way.has_lost());
        way.lose_the_next_answer();
        journal.commit(&Commit { releases: true, ..leased(2) }).await.unwrap();
        assert!(way.has_lost() && !journal.is_held(run).await.unwrap());
        way.lose_the_next_answer();
        let lease = journal.claim(run).await.unwrap();
        assert!(way.has_lost() && lease.epoch == 2);
        way.lose_the_next_answer();
        journal.commit(&Commit::of_index(vec![RowChange::Add(Row::new("a", "k", ""))])).await.unwrap();
        assert!(way.has_lost());
        way.lose_the_next_answer();
        assert_eq!(journal.read(run).await.unwrap().len(), 2);
        way.lose_the_next_answer();
        let audit = RowChange::Add(Row::new("removed", "k", ""));
        journal.remove(&lease, &[audit]).await.unwrap();
        assert!(way.has_lost() && journal.read(run).await.unwrap().is_empty());
    }

    /// Waits until a statement of a journal waits for what another has locked, and has the server end it.
    async fn ended(admin: &Client) {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND application_name = 'stockade' AND wait_event_type = 'Lock'";
        while count(admin, waiting).await == 0 {
            tokio::task::yield_now().await;
        }
        let end = waiting.replace("count(*)", "count(pg_terminate_backend(pid))");
        assert_eq!(count(admin, &end).await, 1);
    }

    /// The server ends what it does for us while a commit waits in it: nothing of the commit is there, and it is made again.
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_commit_that_the_server_ends_is_made_again() {
        let (place, run) = (Place::new().await, run());
        let journal = Arc::new(place.open().await);
        let (admin, other) = (place.inside().await, place.inside().await);
        admin.batch_execute("BEGIN; LOCK TABLE stockade.entries IN SHARE MODE").await.unwrap();
        let committing = Arc::clone(&journal);
        let committed = tokio::spawn(async move { committing.commit(&commit(run, 1)).await });
        ended(&other).await;
        admin.batch_execute("COMMIT").await.unwrap();
        committed.await.unwrap().unwrap();
        assert_eq!(journal.read(run).await.unwrap().len(), 1);
    }

    fn leased(lease: &Lease, seq: u64) -> Commit {
        Commit { lease: Some(lease.clone()), ..commit(lease.run, seq) }
    }

    fn leases<const COUNT: usize>() -> [Lease; COUNT] {
        [(); COUNT].map(|()| Lease::first(run()))
    }

    /// Makes commits as one group, and returns of each whether it was made with the others.
    async fn grouped(journal: &PostgresJournal, commits: &[Commit]) -> Vec<bool> {
        let write =
            |commit: &Commit| Write::of(commit, codec::encode(&commit.entries, None, &Keyring::default()).unwrap().0);
        let (store, group) = (Arc::clone(&journal.store), commits.iter().map(write).collect());
        let answers = journal.store.on(async move { Ok(store.all(group, Instant::now()).await) }).await.unwrap();
        let is_made = |answer: Answer<Write, Result<()>>| match answer {
            Answer::Is(made) => {
                made.unwrap();
                true
            }
            Answer::Alone(_) => false,
        };
        answers.into_iter().map(is_made).collect()
    }

    /// Checks how many entries each run has.
    async fn check(journal: &PostgresJournal, entries: &[(&Lease, usize)]) {
        for (lease, count) in entries {
            assert_eq!(journal.read(lease.run).await.unwrap().len(), *count);
        }
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_commit_that_is_refused_keeps_no_other_of_its_group_from_being_made() {
        let place = Place::new().await;
        let (journal, other) = (place.open().await, place.open().await);
        let [new, unknown, going, fenced, taken] = leases();
        for lease in [&going, &fenced, &taken] {
            journal.commit(&leased(lease, 1)).await.unwrap();
        }
        journal.release(&fenced).await.unwrap();
        other.claim(fenced.run).await.unwrap();
        let group = [leased(&new, 1), leased(&fenced, 2), leased(&unknown, 2), leased(&going, 2), leased(&taken, 3)];
        assert_eq!(grouped(&journal, &group).await, [true, false, false, true, false]);
        check(&other, &[(&new, 1), (&fenced, 1), (&unknown, 0), (&going, 2), (&taken, 1)]).await;
        assert_eq!(other.claim(unknown.run).await.unwrap().epoch, 1, "nothing is left of it");
        let mut refused = Vec::new();
        for commit in [&group[1], &group[4]] {
            refused.push(journal.commit(commit).await.unwrap_err().detail);
        }
        assert_eq!(refused, [Some("fenced".to_owned()), Some("taken".to_owned())]);
        let releasing = [Commit { releases: true, ..leased(&new, 2) }, leased(&going, 3)];
        assert_eq!(grouped(&journal, &releasing).await, [true, true]);
        assert_eq!(other.claim(new.run).await.unwrap().epoch, 2);
        assert_eq!(other.claim(going.run).await.unwrap_err().detail.as_deref(), Some("busy"));
        let stolen = format!("UPDATE stockade.leases SET owner = gen_random_uuid() WHERE run = '{}'", going.run);
        place.inside().await.batch_execute(&stolen).await.unwrap();
        assert_eq!(grouped(&journal, &[leased(&going, 4), leased(&taken, 2)]).await, [false, true]);
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_run_that_another_transaction_has_locked_keeps_no_other_of_its_group_waiting() {
        let (place, [locked, going, free]) = (Place::new().await, leases());
        let (journal, admin) = (place.open().await, place.inside().await);
        for lease in [&locked, &going, &free] {
            journal.commit(&leased(lease, 1)).await.unwrap();
        }
        journal.release(&free).await.unwrap();
        let lock = |run: RunId| format!("SELECT 1 FROM stockade.leases WHERE run = '{run}' FOR UPDATE");
        admin.batch_execute(&format!("BEGIN; {}; {}", lock(locked.run), lock(free.run))).await.unwrap();
        assert_eq!(grouped(&journal, &[leased(&locked, 2), leased(&going, 2)]).await, [false, true]);
        let claims = vec![Claim::of(free.run), Claim::of(going.run), Claim::of(run())];
        let store = Arc::clone(&journal.store);
        let answers = journal.store.on(async move { Ok(store.all(claims, Instant::now()).await) }).await.unwrap();
        let [Answer::Alone(alone), Answer::Is(Err(busy)), Answer::Is(Ok(first))] = &answers[..] else {
            panic!("one waits, or was taken")
        };
        assert_eq!((alone.run, busy.detail.as_deref(), first.epoch), (free.run, Some("busy"), 1));
        admin.batch_execute("COMMIT").await.unwrap();
        journal.commit(&leased(&locked, 2)).await.unwrap();
        assert_eq!(journal.claim(free.run).await.unwrap().epoch, 2);
    }

    /// The server has committed a group, and its answer is lost with the connection: each of its commits is found, and none is
    /// made twice. So it is with claims.
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_group_is_made_once_although_its_answer_was_lost() {
        let (place, [new, going, ended]) = (Place::new().await, leases());
        let way = Way::to(&place.server).await;
        let journal = PostgresJournal::open(place.at(&way.address.to_string(), "")).await.unwrap();
        for lease in [&going, &ended] {
            journal.commit(&leased(lease, 1)).await.unwrap();
        }
        way.lose_the_next_answer();
        let group = [leased(&new, 1), leased(&going, 2), Commit { releases: true, ..leased(&ended, 2) }];
        assert_eq!(grouped(&journal, &group).await, [true, true, true]);
        assert!(way.has_lost());
        check(&journal, &[(&new, 1), (&going, 2), (&ended, 2)]).await;
        way.lose_the_next_answer();
        let (store, claims) = (Arc::clone(&journal.store), vec![Claim::of(ended.run), Claim::of(run())]);
        let answers = journal.store.on(async move { Ok(store.all(claims, Instant::now()).await) }).await.unwrap();
        assert!(way.has_lost());
        let [Answer::Is(Ok(ended)), Answer::Is(Ok(first))] = &answers[..] else { panic!("one is not claimed") };
        assert_eq!((ended.epoch, first.epoch), (2, 1));
        journal.commit(&leased(ended, 3)).await.unwrap();
    }

    /// The connection of a group breaks in the middle of its transaction: nothing of any is there, and all are made again.
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_group_that_the_server_ends_is_made_again() {
        let (place, [new, going]) = (Place::new().await, leases());
        let journal = Arc::new(place.open().await);
        let (admin, other) = (place.inside().await, place.inside().await);
        journal.commit(&leased(&going, 1)).await.unwrap();
        admin.batch_execute("BEGIN; LOCK TABLE stockade.entries IN SHARE MODE").await.unwrap();
        let (committing, group) = (Arc::clone(&journal), [leased(&new, 1), leased(&going, 2)]);
        let made = tokio::spawn(async move { grouped(&committing, &group).await });
        ended(&other).await;
        admin.batch_execute("COMMIT").await.unwrap();
        assert_eq!(made.await.unwrap(), [true, true]);
        check(&journal, &[(&new, 1), (&going, 2)]).await;
    }

    /// Does something with each run at the same moment, and returns what became of it.
    async fn each<T: Send + 'static, F: Future<Output = Result<T>> + Send + 'static>(
        journal: &Arc<PostgresJournal>,
        runs: &[RunId],
        act: fn(Arc<PostgresJournal>, RunId) -> F,
    ) -> Vec<Result<T>> {
        let all: Vec<JoinHandle<_>> = runs.iter().map(|run| tokio::spawn(act(Arc::clone(journal), *run))).collect();
        let mut answers = Vec::new();
        for one in all {
            answers.push(one.await.unwrap());
        }
        answers
    }

    /// More than one group may have, and some runs more than once.
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn commits_and_claims_of_many_runs_at_once_are_each_answered() {
        let (place, there) = (Place::new().await, run());
        let journal = Arc::new(place.open().await);
        journal.commit(&commit(there, 1)).await.unwrap();
        let runs: Vec<_> = (0..100).map(|number| if number % 10 == 3 { there } else { run() }).collect();
        let begun = each(&journal, &runs, |journal, run| async move { journal.commit(&commit(run, 1)).await }).await;
        for (run, begun) in runs.iter().zip(begun) {
            let detail = begun.err().and_then(|fault| fault.detail);
            assert_eq!(detail.as_deref(), (*run == there).then_some("taken"));
        }
        assert_eq!(journal.runs(&Filter::default()).await.unwrap().len(), 91);
        let largest = "SELECT max(n) FROM (SELECT count(*) AS n FROM stockade.leases GROUP BY xmin::text) AS groups";
        let largest = usize::try_from(count(&place.inside().await, largest).await).unwrap();
        assert!((1..=COMMITS_MAX).contains(&largest), "{largest} in one transaction");
        let claimed = each(&journal, &runs, |journal, run| async move { journal.claim(run).await }).await;
        let (claimed, refused): (Vec<_>, Vec<_>) = claimed.into_iter().partition(Result::is_ok);
        assert_eq!((claimed.len(), refused.len()), (91, 9), "the one that is named ten times is claimed once");
        assert!(refused.into_iter().all(|refused| refused.unwrap_err().detail.as_deref() == Some("busy")));
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn looks_that_share_a_statement_are_each_told_the_rows_of_their_own_places() {
        let journal = Place::new().await.open().await;
        let rows = [Row::new("a", "1", "x"), Row::new("a", "2", "y"), Row::new("b", "1", "z")];
        journal.commit(&Commit::of_index(rows.iter().cloned().map(RowChange::Add).collect())).await.unwrap();
        let [one, two, three] = rows;
        let (all, some, nothing) = tokio::join!(
            journal.find_each(&[("a", "")]),
            journal.find_each(&[("b", ""), ("a", "2"), ("c", "")]),
            journal.find_each(&[("a", "3")]),
        );
        assert_eq!((all.unwrap(), some.unwrap()), (vec![one, two.clone()], vec![three, two]));
        assert_eq!(nothing.unwrap(), []);
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_page_is_known_to_be_the_last() {
        let (journal, [lease]) = (Place::new().await.open().await, leases());
        for seq in 1..=2 {
            journal.commit(&leased(&lease, seq)).await.unwrap();
        }
        let page = async |seq, bytes_max| {
            let (entries, are_last) = journal.read_page(lease.run, seq, bytes_max).await.unwrap();
            (entries.len(), are_last)
        };
        assert_eq!([page(0, 1).await, page(1, 1 << 20).await, page(2, 1).await], [(1, false), (1, true), (0, true)]);
        assert_eq!(page(0, usize::MAX).await, (2, true));
    }

    /// Sixty-four at once, of which three are served at a time.
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn commits_at_once_share_few_connections() {
        let place = Place::new().await;
        let journal = Arc::new(PostgresJournal::open(place.database().connections(3)).await.unwrap());
        let runs: Vec<_> = (0..64).map(|_| run()).collect();
        let made = each(&journal, &runs, |journal, run| async move { journal.commit(&commit(run, 1)).await }).await;
        made.into_iter().for_each(Result::unwrap);
        assert_eq!(journal.runs(&Filter::default()).await.unwrap().len(), 64);
        let connections = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                           AND application_name = 'stockade'";
        assert!((1..=3).contains(&count(&place.inside().await, connections).await));
    }
}
