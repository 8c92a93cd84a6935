//! A journal that fails at one of its operations, in the way that a test says: what a host must live through, or leave to another.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use stockade::journal::{Commit, LEASE, Lease, MemoryJournal, Row, RowChange};
use stockade::{Entry, Fault, Filter, Journal, Result, RunId, Summary};

use crate::Hand;
use crate::in_turn::HOUR_MS;

/// What happens at an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is not done, and fails.
    Before,
    /// It is done, and fails: its answer is lost.
    After,
    /// The host is gone before it is done.
    DeadBefore,
    /// The host is gone once it is done.
    DeadAfter,
    /// The lease of the run is over, and another host had it.
    Fenced,
    /// The clock is an hour ahead from then on.
    Ahead,
    /// The clock is an hour back from then on.
    Back,
}

impl Trouble {
    /// All that can happen.
    pub const ALL: [Self; 7] =
        [Self::Before, Self::After, Self::DeadBefore, Self::DeadAfter, Self::Fenced, Self::Ahead, Self::Back];

    /// What can happen to an operation itself.
    pub const CUTS: [Self; 4] = [Self::Before, Self::After, Self::DeadBefore, Self::DeadAfter];

    /// It happens at the operation of this number, and nothing else does.
    pub fn at(self, number: usize) -> Plan {
        Box::new(move |asked| (asked == number).then_some(self))
    }
}

/// Nothing happens.
pub fn calm() -> Plan {
    Box::new(|_| None)
}

/// Makes a journal in memory for hosts that go by this clock.
pub fn memory(hand: &Hand) -> Disk {
    let journal = MemoryJournal::new(hand.clock());
    Arc::new(move || -> Arc<dyn Journal> { Arc::new(journal.open_again()) })
}

/// Says what happens at the operation of this number, from one on.
pub type Plan = Box<dyn FnMut(usize) -> Option<Trouble> + Send>;

/// Opens a journal once more, as another process would.
pub type Disk = Arc<dyn Fn() -> Arc<dyn Journal> + Send + Sync>;

/// The journal of one host, which can be taken out and put in again.
#[derive(Clone)]
pub struct Faulty {
    hand: Hand,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// None where the host is gone.
    inserted: Option<Inserted>,
    asked: usize,
}

struct Inserted {
    journal: Arc<dyn Journal>,
    /// Another host's.
    other: Arc<dyn Journal>,
    plan: Plan,
}

/// What an operation finds: the host's journal, another host's, and what is to happen.
type Asked = (Arc<dyn Journal>, Arc<dyn Journal>, Option<Trouble>);

/// Whether the answer of an operation reaches the host.
#[derive(Clone, Copy)]
enum Answer {
    Comes,
    IsLost,
}

impl Answer {
    fn of<T>(self, answer: Result<T>) -> Result<T> {
        match self {
            Self::Comes => answer,
            Self::IsLost => Err(broken()),
        }
    }
}

fn broken() -> Fault {
    Fault::of_storage("the connection to the journal is broken")
}

impl Faulty {
    /// Makes the place of a journal in a host that goes by this clock. There is none in it yet.
    pub fn new(hand: &Hand) -> Self {
        Self { hand: hand.clone(), state: Arc::default() }
    }

    /// Puts a journal in.
    pub fn insert(&self, disk: &Disk, plan: Plan) {
        let inserted = Inserted { journal: disk(), other: disk(), plan };
        *self.state.lock().unwrap() = State { inserted: Some(inserted), asked: 0 };
    }

    /// Takes it out, if it is there still: what the host asks for from then on fails.
    pub fn remove(&self) {
        let taken = self.state.lock().unwrap().inserted.take();
        drop(taken);
    }

    /// Whether there is one.
    pub fn is_in(&self) -> bool {
        self.state.lock().unwrap().inserted.is_some()
    }

    /// Returns how many operations were asked for since it was put in.
    pub fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    /// Says what becomes of the next operation, which is on this run if it is on one.
    async fn next(&self, run: Option<RunId>) -> Result<(Arc<dyn Journal>, Answer)> {
        let (journal, other, trouble) = self.asks()?;
        match trouble {
            None => return Ok((journal, Answer::Comes)),
            Some(Trouble::Before) => return Err(broken()),
            Some(Trouble::After) => return Ok((journal, Answer::IsLost)),
            Some(Trouble::DeadBefore) => {
                self.remove();
                return Err(broken());
            }
            Some(Trouble::DeadAfter) => {
                self.remove();
                return Ok((journal, Answer::IsLost));
            }
            Some(Trouble::Fenced) => self.fence(&*other, run).await,
            Some(Trouble::Ahead) => self.hand.forward(HOUR_MS),
            Some(Trouble::Back) => self.hand.back(HOUR_MS),
        }
        Ok((journal, Answer::Comes))
    }

    fn asks(&self) -> Result<Asked> {
        let mut state = self.state.lock().unwrap();
        state.asked += 1;
        let asked = state.asked;
        let Some(Inserted { journal, other, plan }) = &mut state.inserted else { return Err(broken()) };
        Ok((Arc::clone(journal), Arc::clone(other), plan(asked)))
    }

    /// Has another host take the run, once the lease is over, and give it back.
    async fn fence(&self, other: &dyn Journal, run: Option<RunId>) {
        self.hand.forward(u64::try_from(LEASE.as_millis()).unwrap() + 1);
        let Some(run) = run else { return };
        if let Ok(lease) = other.claim(run).await {
            other.release(&lease).await.unwrap();
        }
    }
}

#[async_trait]
impl Journal for Faulty {
    async fn commit(&self, commit: &Commit) -> Result<()> {
        let (journal, answer) = self.next(commit.run()).await?;
        answer.of(journal.commit(commit).await)
    }

    async fn claim(&self, run: RunId) -> Result<Lease> {
        let (journal, answer) = self.next(Some(run)).await?;
        answer.of(journal.claim(run).await)
    }

    async fn renew(&self, lease: &Lease) -> Result<()> {
        let (journal, answer) = self.next(Some(lease.run)).await?;
        answer.of(journal.renew(lease).await)
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        let (journal, answer) = self.next(Some(lease.run)).await?;
        answer.of(journal.release(lease).await)
    }

    async fn remove(&self, lease: &Lease, index: &[RowChange]) -> Result<()> {
        let (journal, answer) = self.next(Some(lease.run)).await?;
        answer.of(journal.remove(lease, index).await)
    }

    async fn is_held(&self, run: RunId) -> Result<bool> {
        let (journal, answer) = self.next(Some(run)).await?;
        answer.of(journal.is_held(run).await)
    }

    async fn read_after(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<Vec<Entry>> {
        let (journal, answer) = self.next(Some(run)).await?;
        answer.of(journal.read_after(run, seq, bytes_max).await)
    }

    async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>> {
        let (journal, answer) = self.next(None).await?;
        answer.of(journal.runs(filter).await)
    }

    async fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        let (journal, answer) = self.next(None).await?;
        answer.of(journal.find(space, prefix, after, limit).await)
    }

    async fn find_each(&self, places: &[(&str, &str)]) -> Result<Vec<Row>> {
        let (journal, answer) = self.next(None).await?;
        answer.of(journal.find_each(places).await)
    }

    async fn due(&self, space: &str, within: Duration, after: Option<&Row>, limit: usize) -> Result<Vec<Row>> {
        let (journal, answer) = self.next(None).await?;
        answer.of(journal.due(space, within, after, limit).await)
    }
}
