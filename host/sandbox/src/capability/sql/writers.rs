//! The statements of many calls that change one file. Those that wait at the same moment share a commit, which is the disk's
//! price; each is answered once that is durable.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::sqlite::{Session, Sqlite, Uncommitted, half_way};
use super::{Answer, Error, Rows, Until, Value, Wanted, late, unfinished};
use crate::doubt::Doubt;

/// How many statements share a transaction: where the disk fails, all of them are in doubt.
const TOGETHER_MAX: usize = 64;

/// For how long statements are added to a transaction: the first of them is answered no sooner than the last.
const TOGETHER: Duration = Duration::from_millis(5);

/// How long a statement may take among others. One that takes longer is undone, and is done by itself.
const PATIENCE: Duration = Duration::from_millis(10);

/// A file that a tool may change, with the statements that wait for it.
pub(super) struct Writers {
    file: Sqlite,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// How many there were.
    count: u64,
}

/// A statement of a call, which waits for the answer.
pub(super) struct Statement {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) parameters: Vec<Value>,
    pub(super) doubt: Doubt,
}

/// Which door the call has taken.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Query,
    Execute,
}

/// What a statement answers.
pub(super) struct Done {
    pub(super) rows: Rows,
    pub(super) changed: u64,
    /// Whether it is of a statement that may change rows, and was done among others.
    may_change: bool,
}

struct Job {
    number: u64,
    statement: Statement,
    until: Until,
    /// Whether it is to be done in a transaction of its own.
    is_alone: bool,
    done: oneshot::Sender<Answer<Done>>,
}

impl Statement {
    fn run(&self, session: &Session, doubt: &Doubt) -> Answer<Done> {
        let none = Rows { columns: Vec::new(), rows: Vec::new() };
        Ok(match self.kind {
            Kind::Query => {
                Done { rows: session.query(&self.text, &self.parameters, doubt)?, changed: 0, may_change: false }
            }
            Kind::Execute => {
                let changed = session.execute(&self.text, &self.parameters, doubt)?;
                Done { rows: none, changed, may_change: false }
            }
        })
    }
}

impl Job {
    /// The one who waits may have gone away meanwhile.
    fn answer(self, answer: Answer<Done>) {
        let _ = self.done.send(answer);
    }
}

impl Writers {
    pub(super) fn new(file: Sqlite) -> Self {
        Self { file, waiting: Mutex::default() }
    }

    /// Runs a statement, in its turn: this call's thread does what waits then, of other calls too. What it changes is durable
    /// when this returns.
    pub(super) async fn run(self: &Arc<Self>, statement: Statement, deadline: Instant) -> Answer<Done> {
        let (wanted, (done, mut answer)) = (Wanted::default(), oneshot::channel());
        let number = self.put(statement, wanted.until(deadline), done);
        tokio::select! {
            biased;
            answer = &mut answer => return answer.unwrap_or_else(|_| Err(unfinished())),
            () = self.lead() => return Err(Error::Failed("the database is closed".into())),
            () = tokio::time::sleep_until(deadline.into()) => {}
        }
        // What has begun is stopped at its deadline too, and says what became of it.
        if self.withdraw(number) { Err(late()) } else { answer.await.unwrap_or_else(|_| Err(unfinished())) }
    }

    fn put(&self, statement: Statement, until: Until, done: oneshot::Sender<Answer<Done>>) -> u64 {
        let mut waiting = self.waiting();
        waiting.count += 1;
        let number = waiting.count;
        waiting.jobs.push_back(Job { number, statement, until, is_alone: false, done });
        number
    }

    /// Takes a statement back that has not begun; returns whether it had not.
    fn withdraw(&self, number: u64) -> bool {
        let mut waiting = self.waiting();
        let place = waiting.jobs.iter().position(|job| job.number == number);
        place.and_then(|place| waiting.jobs.remove(place)).is_some()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Job> {
        self.waiting().jobs.pop_front()
    }

    /// Takes the next statement, unless it is to be done by itself.
    fn next_of_many(&self) -> Option<Job> {
        self.waiting().jobs.pop_front_if(|job| !job.is_alone)
    }

    /// Has statements wait again, each to be done by itself.
    fn put_back(&self, jobs: impl DoubleEndedIterator<Item = Job>) {
        let mut waiting = self.waiting();
        jobs.rev().for_each(|job| waiting.jobs.push_front(Job { is_alone: true, ..job }));
    }

    /// Does what waits, turn by turn, until the answer is there for which the caller waits too. A thread goes on while anything
    /// waits, for to begin on another one takes longer than most statements.
    async fn lead(self: &Arc<Self>) {
        while let Ok(turn) = self.file.turns().acquire_owned().await {
            let writers = Arc::clone(self);
            let work = tokio::task::spawn_blocking(move || {
                // The turn ends with the work, not with the interest in it.
                let _turn = turn;
                while writers.work() {}
            });
            // A thread that did not finish has dropped its jobs, whose callers learn of it by that.
            let _ = work.await;
        }
    }

    /// Does statements that wait, and answers them; returns whether there was one.
    fn work(&self) -> bool {
        let Some(first) = self.next() else { return false };
        if first.is_alone || self.waiting().jobs.is_empty() {
            self.alone(first);
            return true;
        }
        match self.file.session() {
            Err(error) => first.answer(Err(error)),
            Ok(session) => {
                self.together(&session, first);
                self.file.put_back(session);
            }
        }
        true
    }

    /// Does a statement in a transaction of its own.
    fn alone(&self, job: Job) {
        let statement = &job.statement;
        let answer = self.file.with(job.until.clone(), |session| statement.run(session, &statement.doubt));
        job.answer(answer);
    }

    /// Does statements in one transaction, and answers those that are durable then. What fails or takes long is to fail, or take
    /// long, by itself: it has changed nothing yet, and waits for its turn again.
    fn together(&self, session: &Session, first: Job) {
        let begun = Instant::now();
        let (mut done, mut rest, mut next) = (Vec::new(), Vec::new(), Some(first));
        while let Some(job) = next {
            match self.part(session, &job) {
                None => rest.push(job),
                // Nothing was changed before, nor by it.
                Some(answer) if session.is_idle() => job.answer(Ok(answer)),
                Some(answer) => done.push((job, answer)),
            }
            // SQLite may undo all of a transaction with a statement that failed.
            let is_over = session.is_idle() && !done.is_empty();
            let is_enough = is_over || done.len() >= TOGETHER_MAX || begun.elapsed() >= TOGETHER;
            next = if is_enough { None } else { self.next_of_many() };
        }
        let undone = committed(session, done);
        self.put_back(undone.into_iter().chain(rest));
    }

    /// Does a statement in the transaction of the session, or before it where it only reads; none where it could not be done
    /// there.
    fn part(&self, session: &Session, job: &Job) -> Option<Done> {
        let until = job.until.within(PATIENCE);
        if until.is_over() {
            return None;
        }
        // Nothing is committed here, so nothing can be in doubt.
        let run = |session: &Session| job.statement.run(session, &Doubt::default());
        let done = self.file.bounded(session, until, |session| {
            let may_change = session.changes_rows(&job.statement.text);
            let done = if may_change { session.part(|| run(session)) } else { run(session) };
            done.map(|done| Done { may_change, ..done })
        });
        done.ok()
    }
}

/// Commits what was done and answers it; returns what is undone instead. Where the disk fails, it is not known which it is.
fn committed(session: &Session, done: Vec<(Job, Done)>) -> Vec<Job> {
    if session.is_idle() || done.is_empty() {
        session.undo();
        return done.into_iter().map(|(job, _)| job).collect();
    }
    match session.commit() {
        Ok(()) => {
            done.into_iter().for_each(|(job, answer)| job.answer(Ok(answer)));
            Vec::new()
        }
        Err(Uncommitted::Undone) => done.into_iter().map(|(job, _)| job).collect(),
        Err(Uncommitted::InDoubt(error)) => {
            let (changed, read): (Vec<_>, Vec<_>) = done.into_iter().partition(|(_, answer)| answer.may_change);
            for (job, _) in changed {
                half_way(&job.statement.doubt);
                job.answer(Err(error.clone()));
            }
            // What only reads is never in doubt.
            read.into_iter().map(|(job, _)| job).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use stockade_workflow::Access;
    use tempfile::TempDir;

    use super::*;

    struct Shop {
        dir: TempDir,
        writers: Arc<Writers>,
    }

    impl Shop {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("shop.db");
            let tables = "PRAGMA journal_mode = WAL; CREATE TABLE items (name TEXT UNIQUE);
                CREATE TABLE parts (item TEXT REFERENCES items (name) DEFERRABLE INITIALLY DEFERRED);";
            Connection::open(&path).unwrap().execute_batch(tables).unwrap();
            let file = Sqlite::new("tool", "shop", path.to_str().unwrap(), Access::ReadWrite, &Arc::default()).unwrap();
            Self { dir, writers: Arc::new(Writers::new(file)) }
        }

        fn run(&self, kind: Kind, text: &str, time: Duration) -> impl Future<Output = Answer<Done>> + use<> {
            let (writers, deadline) = (Arc::clone(&self.writers), Instant::now() + time);
            let (text, parameters, doubt) = (text.to_owned(), Vec::new(), Doubt::default());
            async move { writers.run(Statement { kind, text, parameters, doubt }, deadline).await }
        }

        /// Runs statements that wait at the same moment.
        async fn at_once(&self, texts: &[&str]) -> Vec<Answer<u64>> {
            let turn = self.writers.file.turns().acquire_owned().await.unwrap();
            let run = |text: &&str| tokio::spawn(self.run(Kind::Execute, text, Duration::from_secs(60)));
            let running: Vec<_> = texts.iter().map(run).collect();
            while self.writers.waiting().jobs.len() < texts.len() {
                tokio::task::yield_now().await;
            }
            drop(turn);
            let mut answers = Vec::new();
            for running in running {
                answers.push(running.await.unwrap().map(|done| done.changed));
            }
            answers
        }

        fn names(&self) -> Vec<String> {
            let connection = Connection::open(self.dir.path().join("shop.db")).unwrap();
            let mut select = connection.prepare("SELECT name FROM items ORDER BY name").unwrap();
            select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        }

        /// How many pages were written in all commits together.
        fn pages(&self) -> u64 {
            (std::fs::metadata(self.dir.path().join("shop.db-wal")).unwrap().len() - 32) / (4_096 + 24)
        }
    }

    #[tokio::test]
    async fn statements_that_wait_share_a_commit_and_each_is_durable_when_it_is_answered() {
        let shop = Shop::new();
        let texts: Vec<_> = (10..42).map(|number| format!("INSERT INTO items VALUES ('{number}')")).collect();
        let answers = shop.at_once(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert!(answers.iter().all(|answer| matches!(answer, Ok(1))));
        assert_eq!(shop.names().len(), 32);
        // A commit of its own writes two pages at least: one of the table, and one of its index.
        assert!(shop.pages() < 32, "{}", shop.pages());
    }

    /// Whatever becomes of one, the others are done, and none of them twice.
    #[tokio::test]
    async fn a_statement_that_fails_fails_by_itself() {
        // One ends the whole transaction, and one is refused only when that is committed.
        let failing = [
            "INSERT INTO items VALUES ('a')",
            "INSERT OR ROLLBACK INTO items VALUES ('a')",
            "INSERT INTO parts VALUES ('no such item')",
            "INSERT INTO no_such_table VALUES (1)",
        ];
        for failing in failing {
            let shop = Shop::new();
            let [a, b, c] = ["a", "b", "c"].map(|name| format!("INSERT INTO items VALUES ('{name}')"));
            let answers = shop.at_once(&[&a, &b, failing, &c]).await;
            let [Ok(1), Ok(1), Err(_), Ok(1)] = &answers[..] else { panic!("{failing}") };
            assert_eq!(shop.names(), ["a", "b", "c"], "{failing}");
        }
    }

    #[tokio::test]
    async fn a_statement_that_takes_long_is_done_by_itself() {
        let long = "INSERT INTO items WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
            SELECT 'long' FROM n LIMIT 1 OFFSET 999999";
        let shop = Shop::new();
        let answers = shop.at_once(&["INSERT INTO items VALUES ('a')", long, "INSERT INTO items VALUES ('b')"]).await;
        assert!(answers.iter().all(|answer| matches!(answer, Ok(1))));
        assert_eq!(shop.names(), ["a", "b", "long"]);
    }

    #[tokio::test]
    async fn a_statement_whose_time_is_over_before_its_turn_changes_nothing() {
        let shop = Shop::new();
        let turn = shop.writers.file.turns().acquire_owned().await.unwrap();
        let late = shop.run(Kind::Execute, "INSERT INTO items VALUES ('late')", Duration::from_millis(20)).await;
        assert!(matches!(late, Err(Error::Limit(_))));
        drop(turn);
        assert!(matches!(shop.at_once(&["INSERT INTO items VALUES ('a')"]).await[..], [Ok(1)]));
        assert_eq!(shop.names(), ["a"]);
    }

    #[tokio::test]
    async fn what_is_read_beside_changes_is_what_is_durable() {
        let shop = Shop::new();
        let turn = shop.writers.file.turns().acquire_owned().await.unwrap();
        let minute = Duration::from_secs(60);
        let insert = "INSERT INTO items VALUES ('a') RETURNING name";
        let inserted = tokio::spawn(shop.run(Kind::Query, insert, minute));
        let read = tokio::spawn(shop.run(Kind::Query, "SELECT count(*) FROM items", minute));
        while shop.writers.waiting().jobs.len() < 2 {
            tokio::task::yield_now().await;
        }
        drop(turn);
        assert!(
            matches!(&inserted.await.unwrap().unwrap().rows.rows[..], [row] if matches!(&row[..], [Value::Text(_)]))
        );
        assert!(matches!(&read.await.unwrap().unwrap().rows.rows[..], [row] if matches!(row[..], [Value::Integer(1)])));
    }
}
