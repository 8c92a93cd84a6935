use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use stockade_workflow::{Budget, Change, Json, Origin, Status};

use super::*;
use crate::{MemoryJournal, PageEnd, Sort, conformance};

/// A database that can be out of reach.
struct Database {
    memory: MemoryJournal,
    is_down: Arc<AtomicBool>,
}

impl Database {
    fn reached(&self) -> Result<&MemoryJournal> {
        let is_down = self.is_down.load(Ordering::SeqCst);
        if is_down { Err(Fault::of_storage("the database cannot be reached")) } else { Ok(&self.memory) }
    }
}

#[async_trait]
impl Journal for Database {
    async fn commit(&self, commit: &Commit) -> Result<()> {
        self.reached()?.commit(commit).await
    }

    async fn claim(&self, run: RunId) -> Result<Lease> {
        self.reached()?.claim(run).await
    }

    async fn renew(&self, lease: &Lease) -> Result<()> {
        self.reached()?.renew(lease).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.reached()?.release(lease).await
    }

    async fn remove(&self, lease: &Lease, index: &[RowChange]) -> Result<()> {
        self.reached()?.remove(lease, index).await
    }

    async fn is_held(&self, run: RunId) -> Result<bool> {
        self.reached()?.is_held(run).await
    }

    async fn read_after(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<Vec<Entry>> {
        self.reached()?.read_after(run, seq, bytes_max).await
    }

    async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>> {
        self.reached()?.runs(filter).await
    }

    async fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        self.reached()?.find(space, prefix, after, limit).await
    }

    async fn due(&self, space: &str, within: Duration, after: Option<&Row>, limit: usize) -> Result<Vec<Row>> {
        self.reached()?.due(space, within, after, limit).await
    }
}

/// Databases that stay, whichever journal is opened in them.
struct Databases {
    memories: Vec<MemoryJournal>,
    down: Vec<Arc<AtomicBool>>,
    time: Arc<AtomicU64>,
}

impl Databases {
    fn new(count: usize) -> Self {
        let time = Arc::new(AtomicU64::new(1_000));
        let all = Self { memories: Vec::new(), down: Vec::new(), time };
        let memories = (0..count).map(|_| MemoryJournal::new(all.clock())).collect();
        Self { memories, down: (0..count).map(|_| Arc::default()).collect(), ..all }
    }

    fn clock(&self) -> Clock {
        let time = Arc::clone(&self.time);
        Clock::new(move || time.load(Ordering::SeqCst))
    }

    fn one(&self, number: usize) -> Arc<dyn Journal> {
        Arc::new(Database { memory: self.memories[number].open_again(), is_down: Arc::clone(&self.down[number]) })
    }

    async fn open_in(&self, order: &[usize]) -> Result<ShardedJournal> {
        ShardedJournal::open(order.iter().map(|number| self.one(*number)).collect(), self.clock()).await
    }

    async fn open(&self) -> ShardedJournal {
        self.open_in(&(0..self.memories.len()).collect::<Vec<_>>()).await.unwrap()
    }

    fn set_down(&self, number: usize, is_down: bool) {
        self.down[number].store(is_down, Ordering::SeqCst);
    }
}

fn refusal<T>(refused: Result<T>) -> String {
    let fault = refused.err().unwrap();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("databases")), "{fault}");
    fault.message
}

fn begun(run: RunId, updated_ms: u64) -> Commit {
    let (input, budget, origin) = (Json::default(), Budget::NONE, Origin::default());
    let change = Change::Created { workflow: "w".into(), version: 1, input, budget, origin };
    let entry = Entry { run, seq: 1, at_ms: updated_ms, change };
    let state = stockade_workflow::RunState::create(&entry).unwrap();
    let summary = Some(Summary::of(&state, updated_ms));
    Commit { lease: Some(Lease::first(run)), releases: true, entries: vec![entry], summary, ..Commit::default() }
}

/// A run in the database of this number.
fn run_in(journal: &ShardedJournal, number: usize) -> RunId {
    std::iter::repeat_with(|| journal.new_run(&[]).unwrap())
        .find(|run| journal.named(&run.to_string()) == number)
        .unwrap()
}

/// A key of a space whose row lies in the database of this number.
fn key_in(journal: &ShardedJournal, space: &str, number: usize) -> String {
    let is_there = |key: &String| journal.number(&Beside::Row { space, key }) == Some(number);
    (0..).map(|key| format!("k{key}")).find(is_there).unwrap()
}

#[tokio::test]
async fn a_journal_in_two_databases_does_what_every_journal_does() {
    conformance::check(opener).await;
}

#[tokio::test]
async fn a_journal_in_two_databases_keeps_its_promises_whatever_happens() {
    conformance::crash(|clock| opener(clock).into(), 1).await.assert_flawless();
}

fn opener(clock: Clock) -> conformance::Opener {
    let memories = [(), ()].map(|()| MemoryJournal::new(clock.clone()));
    Box::new(move || {
        let opened = memories.iter().map(|memory| Arc::new(memory.open_again()) as Arc<dyn Journal>);
        Box::new(ShardedJournal::over(opened.collect(), clock.clone()))
    })
}

#[tokio::test]
async fn a_run_begins_where_what_it_is_written_with_lies() {
    let journal = Databases::new(3).open().await;
    let mut there = BTreeSet::new();
    for order in 0..32 {
        let key = format!("order/{order}");
        let place = Beside::Row { space: "start_key", key: &key };
        let run = journal.new_run(&[place]).unwrap();
        let child = journal.new_run(&[Beside::Run(run)]).unwrap();
        let add = |run| RowChange::Add(Row::new("start_key", &*key, "").of(run));
        journal.commit(&Commit { index: vec![add(run)], ..begun(run, 5) }).await.unwrap();
        let other = journal.new_run(&[place]).unwrap();
        let refused = journal.commit(&Commit { index: vec![add(other)], ..begun(other, 5) }).await.unwrap_err();
        assert_eq!(refused.detail.as_deref(), Some("start_key"));
        let started = RowChange::Add(Row::new("child", format!("{run}/start/0000"), "").of(child));
        let ended = RowChange::Put(Row::new("child_end", format!("{run}/start/0000"), "").of(run).due(0));
        journal.commit(&Commit { index: vec![started, ended], ..begun(child, 5) }).await.unwrap();
        there.insert(journal.named(&run.to_string()));
    }
    assert_eq!(there, BTreeSet::from([0, 1, 2]), "keys lie in all databases");
    assert_eq!(journal.runs(&Filter::default()).await.unwrap().len(), 64);
}

#[tokio::test]
async fn what_lies_in_two_databases_is_not_written_by_one_commit() {
    let databases = Databases::new(2);
    let journal = databases.open().await;
    let (run, key) = (run_in(&journal, 0), key_in(&journal, "budget", 1));
    let account = RowChange::Add(Row::new("budget", &*key, ""));
    let message = refusal(journal.commit(&Commit { index: vec![account.clone()], ..begun(run, 5) }).await);
    let told = format!("run {run} lies in database 1 of the journal, and budget \"{key}\" in database 2");
    assert!(message.starts_with(&told), "{message}");
    let signal = RowChange::Add(Row::new("signal", format!("{run}/b"), "").of(run));
    refusal(journal.commit(&Commit::of_index(vec![account, signal])).await);
    let needing = Row::new("session", format!("{}/1", key_in(&journal, "session", 1)), "").needs(run);
    refusal(journal.commit(&Commit::of_index(vec![RowChange::Add(needing)])).await);
    refusal(
        journal.new_run(&[Beside::Run(run), Beside::Row { space: "session", key: &key_in(&journal, "session", 1) }]),
    );
    refusal(journal.commit(&Commit::of_index(vec![RowChange::Put(Row::new("mark", "db/secret", ""))])).await);
    for memory in &databases.memories {
        assert!(memory.runs(&Filter::default()).await.unwrap().is_empty());
        for space in ["budget", "signal", "session", "mark"] {
            assert_eq!(memory.find(space, "", None, 9).await.unwrap(), [], "{space}");
        }
    }
}

#[tokio::test]
async fn lists_are_paged_over_all_databases_in_one_order() {
    let journal = Databases::new(2).open().await;
    let mut runs = Vec::new();
    for number in [0, 1, 1, 0, 1, 0, 0, 1] {
        let run = run_in(&journal, number);
        journal.commit(&begun(run, 100 - runs.len() as u64 / 2)).await.unwrap();
        runs.push(run);
    }
    for (sort, reverse) in
        [(Sort::Started, false), (Sort::Started, true), (Sort::Changed, false), (Sort::Changed, true)]
    {
        let whole = Filter { sort, reverse, ..Filter::default() };
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = journal.runs(&Filter { after, limit: Some(3), ..whole.clone() }).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(PageEnd::from(last));
            paged.extend(page);
        }
        assert_eq!(paged, journal.runs(&whole).await.unwrap(), "{sort:?} {reverse}");
        let mut listed: Vec<_> = paged.iter().map(|summary| summary.run_id).collect();
        if sort == Sort::Started {
            listed.sort();
            assert_eq!(listed, runs);
        }
    }
    for (number, run) in runs.iter().enumerate() {
        let row = Row::new("removed", format!("{number:03}/{run}"), "");
        journal.remove(&journal.claim(*run).await.unwrap(), &[RowChange::Put(row)]).await.unwrap();
    }
    let page = journal.find("removed", "", Some("002"), 3).await.unwrap();
    assert!(page.iter().map(|row| &row.key[..3]).eq(["002", "003", "004"]));
    assert_eq!(journal.find("removed", "", Some(&page[2].key), 9).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_mark_is_in_all_databases_before_the_commit_that_says_so() {
    let databases = Databases::new(2);
    let journal = databases.open().await;
    let mark = |label: &str| vec![RowChange::Ensure(Row::new("mark", format!("db/{label}"), "run"))];
    let (one, other) = (run_in(&journal, 0), run_in(&journal, 0));
    journal.commit(&Commit { index: mark("secret"), ..begun(one, 5) }).await.unwrap();
    for memory in &databases.memories {
        assert!(memory.row("mark", "db/secret").await.unwrap().is_some());
    }
    databases.set_down(1, true);
    let refused = journal.commit(&Commit { index: mark("private"), ..begun(other, 5) }).await.unwrap_err();
    assert_eq!(refused.message, "the database cannot be reached");
    assert!(journal.read(other).await.unwrap().is_empty());
    // What all have needs none of them any more.
    journal.commit(&Commit { index: mark("secret"), ..begun(other, 5) }).await.unwrap();
    databases.set_down(0, true);
    databases.set_down(1, false);
    assert!(journal.row("mark", "db/secret").await.unwrap().is_some());
}

#[tokio::test]
async fn a_run_is_removed_with_what_it_has_in_other_databases() {
    let databases = Databases::new(2);
    let journal = databases.open().await;
    let (one, other) = (run_in(&journal, 0), run_in(&journal, 0));
    let key = key_in(&journal, "later", 1);
    let token = |run| RowChange::Add(Row::new("later", &*key, "").of(run));
    journal.commit(&begun(one, 5)).await.unwrap();
    journal.commit(&Commit::of_index(vec![token(one)])).await.unwrap();
    journal.remove(&journal.claim(one).await.unwrap(), &[]).await.unwrap();
    assert_eq!(journal.row("later", &key).await.unwrap(), None);
    assert_eq!(journal.find(REMOVED_ELSEWHERE, "", None, 9).await.unwrap(), []);
    journal.commit(&begun(other, 5)).await.unwrap();
    journal.commit(&Commit::of_index(vec![token(other)])).await.unwrap();
    databases.set_down(1, true);
    journal.remove(&journal.claim(other).await.unwrap(), &[]).await.unwrap();
    assert!(journal.compact().await.is_err(), "a database that cannot be reached is not compacted");
    databases.set_down(1, false);
    assert!(journal.row("later", &key).await.unwrap().is_some(), "it could not be reached");
    let again = databases.open().await;
    assert_eq!((again.row("later", &key).await.unwrap(), again.read(other).await.unwrap()), (None, vec![]));
    assert_eq!(again.find(REMOVED_ELSEWHERE, "", None, 9).await.unwrap(), []);
}

#[tokio::test]
async fn other_databases_or_another_order_are_refused() {
    let databases = Databases::new(4);
    let journal = databases.open_in(&[0, 1]).await.unwrap();
    databases.open_in(&[0, 1]).await.unwrap();
    for (order, why) in [
        (&[1, 0][..], "database 1 of the journal's list of 2 is number 2 of 2 in its journal"),
        (&[0, 0][..], "database 2 of the journal's list of 2 is number 1 of 2 in its journal"),
        (&[0][..], "is in 2 to 16, and 1 are named"),
    ] {
        let message = refusal(databases.open_in(order).await);
        assert!(message.contains(why), "{order:?}: {message}");
    }
    let run = run_in(&journal, 0);
    journal.commit(&begun(run, 5)).await.unwrap();
    for order in [&[0, 1, 2][..], &[0, 2][..], &[2, 1][..], &[2, 0][..]] {
        let message = refusal(databases.open_in(order).await);
        assert!(message.contains("is no part of it, and others are"), "{order:?}: {message}");
    }
    databases.open_in(&[2, 3]).await.unwrap();
    let message = refusal(databases.open_in(&[0, 3]).await);
    assert!(message.contains("is of another journal than the first one"), "{message}");
    let message = refusal(ShardedJournal::check_alone(&databases.memories[1]).await);
    assert!(message.starts_with("the database has a part of a journal: it is database 2 of 2"), "{message}");
    ShardedJournal::check_alone(&MemoryJournal::new(Clock::default())).await.unwrap();
    databases.open_in(&[0, 1]).await.unwrap();
}

/// The one database once said for good that it is the first of two.
#[tokio::test]
async fn two_names_of_one_empty_database_are_refused_and_leave_it_empty() {
    let databases = Databases::new(2);
    let message = refusal(databases.open_in(&[0, 1, 0]).await);
    assert!(message.contains("databases 1 and 3 of the journal's list are one database"), "{message}");
    for memory in &databases.memories {
        ShardedJournal::check_alone(memory).await.unwrap();
    }
    databases.open_in(&[1, 0]).await.unwrap();
}

#[tokio::test]
async fn a_wrong_database_is_found_before_the_first_one_is_marked() {
    let databases = Databases::new(4);
    databases.open_in(&[2, 3]).await.unwrap();
    let message = refusal(databases.open_in(&[0, 3]).await);
    assert!(
        message.contains("DELETE FROM stockade.index_rows WHERE space = 'database' AND key = 'place'"),
        "{message}"
    );
    ShardedJournal::check_alone(&databases.memories[0]).await.unwrap();
    databases.open_in(&[0, 1]).await.unwrap();
}

/// Two hosts that began with opposite orders once left each database with the mark of the other host.
#[tokio::test]
async fn a_host_that_loses_a_database_to_another_order_takes_its_own_marks_back() {
    let databases = Databases::new(2);
    let other = Databases::new(2);
    drop(other.open().await);
    let mark = other.memories[0].row("database", "place").await.unwrap().unwrap();
    let first = Raced { first: databases.one(0), second: databases.one(1), mark: Mutex::new(Some(mark.clone())) };
    let message = refusal(ShardedJournal::open(vec![Arc::new(first), databases.one(1)], databases.clock()).await);
    assert!(message.contains("another host"), "{message}");
    ShardedJournal::check_alone(&databases.memories[0]).await.unwrap();
    let its = databases.memories[1].row("database", "place").await.unwrap();
    assert_eq!(its, Some(mark), "the other host's mark is its own");
}

/// A database after whose first commit another host marks the second one.
struct Raced {
    first: Arc<dyn Journal>,
    second: Arc<dyn Journal>,
    mark: Mutex<Option<Row>>,
}

#[async_trait]
impl Journal for Raced {
    async fn commit(&self, commit: &Commit) -> Result<()> {
        self.first.commit(commit).await?;
        let mark = self.mark.lock().unwrap().take();
        match mark {
            Some(mark) => self.second.commit(&Commit::of_index(vec![RowChange::Add(mark)])).await,
            None => Ok(()),
        }
    }

    async fn claim(&self, run: RunId) -> Result<Lease> {
        self.first.claim(run).await
    }

    async fn renew(&self, lease: &Lease) -> Result<()> {
        self.first.renew(lease).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.first.release(lease).await
    }

    async fn remove(&self, lease: &Lease, index: &[RowChange]) -> Result<()> {
        self.first.remove(lease, index).await
    }

    async fn is_held(&self, run: RunId) -> Result<bool> {
        self.first.is_held(run).await
    }

    async fn read_after(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<Vec<Entry>> {
        self.first.read_after(run, seq, bytes_max).await
    }

    async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>> {
        self.first.runs(filter).await
    }

    async fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        self.first.find(space, prefix, after, limit).await
    }

    async fn due(&self, space: &str, within: Duration, after: Option<&Row>, limit: usize) -> Result<Vec<Row>> {
        self.first.due(space, within, after, limit).await
    }
}

#[tokio::test]
async fn a_database_that_has_runs_already_is_refused() {
    let databases = Databases::new(2);
    let run = Uuid::now_v7().into();
    databases.memories[1].commit(&begun(run, 5)).await.unwrap();
    let message = refusal(databases.open_in(&[0, 1]).await);
    assert!(message.starts_with("database 2 of the journal's list has runs or rows already"), "{message}");
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_keeps_no_other_from_its_work() {
    let databases = Databases::new(2);
    let journal = databases.open().await;
    let runs = [0, 1].map(|number| run_in(&journal, number));
    for run in runs {
        let timer = RowChange::Put(Row::new("timer", run.to_string(), "").of(run).due(0));
        journal.commit(&Commit { index: vec![timer], ..begun(run, 5) }).await.unwrap();
    }
    let due = async || journal.due("timer", Duration::ZERO, None, 9).await.map(|rows| rows.len());
    let reachable = Filter { status: vec![Status::Interrupted], reachable: true, ..Filter::default() };
    assert_eq!((due().await.unwrap(), journal.runs(&reachable).await.unwrap().len()), (2, 2));
    databases.set_down(1, true);
    assert_eq!((due().await.unwrap(), journal.runs(&reachable).await.unwrap().len()), (1, 1));
    assert_eq!(journal.unreachable().len(), 1);
    assert_eq!(journal.runs(&Filter::default()).await.unwrap_err().message, "the database cannot be reached");
    let only = |run| Filter { runs: Some(vec![run]), ..Filter::default() };
    assert_eq!(journal.runs(&only(runs[0])).await.unwrap().len(), 1);
    assert!(journal.runs(&only(runs[1])).await.is_err() && journal.claim(runs[1]).await.is_err());
    let (order, signals) = (runs[0].to_string(), format!("{}/", runs[0]));
    let asked = [("order", &*order), ("signal", &*signals), ("mark", "")];
    assert_eq!(journal.find_each(&asked).await.unwrap(), [], "what a driver asks for before each step");
    journal.release(&journal.claim(runs[0]).await.unwrap()).await.unwrap();
    assert!((0..32).all(|_| journal.named(&journal.new_run(&[]).unwrap().to_string()) == 0), "runs begin in the other");
    databases.set_down(1, false);
    assert_eq!(due().await.unwrap(), 1, "it is left alone for a while");
    databases.time.fetch_add(30_000, Ordering::SeqCst);
    assert_eq!((due().await.unwrap(), journal.unreachable().len()), (2, 0));
    databases.set_down(0, true);
    databases.set_down(1, true);
    assert!(due().await.is_err() && journal.runs(&reachable).await.is_err());
}
