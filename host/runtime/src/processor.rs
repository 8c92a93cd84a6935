//! The processor's time of tenants: while runs of several are driven, those of the one that has had the least of it go first.
//!
//! The threads that drive runs take up what is ready in the order in which it became so. Of one tenant much may be ready at any
//! moment, and a run of another would wait behind all of that at each of its steps.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use futures_util::task::AtomicWaker;

/// Among how many tenants it is looked which one goes first: where runs of more are driven, each has little.
const TENANTS_MAX: usize = 64;

/// How often in a row a run lets others go first.
const YIELDS_MAX: u32 = 32;

/// The tenants whose runs are driven now.
#[derive(Default)]
pub(crate) struct Processor {
    tenants: Mutex<BTreeMap<String, Present>>,
    /// How many there are.
    count: AtomicUsize,
}

/// A tenant, and how many of its runs are driven.
#[derive(Default)]
struct Present {
    tenant: Arc<Tenant>,
    runs: usize,
}

#[derive(Default)]
struct Tenant {
    /// How much of the processor its runs have had, in nanoseconds; of one that comes, at least as much as any other's.
    used_ns: AtomicU64,
    /// How many of its runs are ready to go on.
    ready: AtomicUsize,
}

/// A future that lets those of other tenants go first.
pub(crate) struct InTurn<F> {
    processor: Arc<Processor>,
    name: String,
    signal: Arc<Signal>,
    /// How often in a row it has let others go first.
    yields: u32,
    work: Pin<Box<F>>,
}

/// Notes that a future is ready, and wakes its task.
struct Signal {
    tenant: Arc<Tenant>,
    /// [`IDLE`], [`READY`] or [`DONE`].
    state: AtomicU8,
    task: AtomicWaker,
}

const IDLE: u8 = 0;
const READY: u8 = 1;
const DONE: u8 = 2;

impl Processor {
    /// Returns a future that has its turn among those of all tenants.
    pub(crate) fn in_turn<F: Future>(self: &Arc<Self>, name: &str, work: F) -> InTurn<F> {
        let tenant = self.enter(name);
        let signal = Arc::new(Signal { tenant, state: AtomicU8::new(IDLE), task: AtomicWaker::new() });
        signal.ready();
        InTurn { processor: Arc::clone(self), name: name.to_owned(), signal, yields: 0, work: Box::pin(work) }
    }

    fn enter(&self, name: &str) -> Arc<Tenant> {
        let mut tenants = self.tenants();
        let least = tenants.values().map(|other| other.tenant.used_ns.load(Ordering::Relaxed)).min();
        let present = tenants.entry(name.to_owned()).or_default();
        if present.runs == 0 {
            // It gains nothing by having been away.
            present.tenant.used_ns.store(least.unwrap_or_default(), Ordering::Relaxed);
        }
        present.runs += 1;
        let tenant = Arc::clone(&present.tenant);
        self.count.store(tenants.len(), Ordering::Relaxed);
        tenant
    }

    fn leave(&self, name: &str) {
        let mut tenants = self.tenants();
        let Some(present) = tenants.get_mut(name) else { return };
        present.runs = present.runs.saturating_sub(1);
        if present.runs == 0 {
            tenants.remove(name);
            self.count.store(tenants.len(), Ordering::Relaxed);
        }
    }

    fn is_shared(&self) -> bool {
        (2..=TENANTS_MAX).contains(&self.count.load(Ordering::Relaxed))
    }

    /// Whether a run of a tenant is ready that has had less than this one.
    fn has_poorer(&self, own: &Tenant) -> bool {
        let used_ns = own.used_ns.load(Ordering::Relaxed);
        let tenants = self.tenants();
        let mut ready =
            tenants.values().map(|other| &other.tenant).filter(|other| other.ready.load(Ordering::Relaxed) > 0);
        ready.any(|other| other.used_ns.load(Ordering::Relaxed) < used_ns)
    }

    fn tenants(&self) -> MutexGuard<'_, BTreeMap<String, Present>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Signal {
    fn ready(&self) {
        if self.goes(IDLE, READY) {
            self.tenant.ready.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn begin(&self) {
        if self.goes(READY, IDLE) {
            self.tenant.ready.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// From here on it is never ready, even where a waker of it is still held.
    fn end(&self) {
        if self.state.swap(DONE, Ordering::AcqRel) == READY {
            self.tenant.ready.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn goes(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready();
        self.task.wake();
    }
}

impl<F: Future> Future for InTurn<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let is_shared = this.processor.is_shared();
        if is_shared && this.yields < YIELDS_MAX && this.processor.has_poorer(&this.signal.tenant) {
            this.yields += 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        this.yields = 0;
        this.signal.task.register(context.waker());
        this.signal.begin();
        let begun = is_shared.then(Instant::now);
        let waker = Waker::from(Arc::clone(&this.signal));
        let polled = this.work.as_mut().poll(&mut Context::from_waker(&waker));
        let used_ns = begun.map_or(0, |begun| u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
        this.signal.tenant.used_ns.fetch_add(used_ns, Ordering::Relaxed);
        polled
    }
}

impl<F> Drop for InTurn<F> {
    fn drop(&mut self) {
        self.signal.end();
        self.processor.leave(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    /// Is ready again at once, behind all that is ready.
    async fn again() {
        let mut has_waited = false;
        poll_fn(|context| {
            if std::mem::replace(&mut has_waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Does some steps, each of which takes a while, and writes each down.
    async fn steps(name: char, count: usize, done: Arc<Mutex<String>>) {
        for _ in 0..count {
            done.lock().unwrap().push(name);
            let until = Instant::now() + Duration::from_micros(100);
            while Instant::now() < until {}
            again().await;
        }
    }

    #[tokio::test]
    async fn a_run_of_a_tenant_that_had_less_goes_first() {
        let (processor, done) = (Arc::new(Processor::default()), Arc::new(Mutex::new(String::new())));
        let spawn =
            |tenant: &str, name, count| tokio::spawn(processor.in_turn(tenant, steps(name, count, Arc::clone(&done))));
        let mut runs: Vec<_> = (0..16).map(|_| spawn("large", 'l', 20)).collect();
        runs.push(spawn("small", 's', 10));
        for run in runs {
            run.await.unwrap();
        }
        let done = done.lock().unwrap();
        let before = done.rfind('s').map(|last| done[..last].matches('l').count());
        // As many steps of the others as of it, and one of each that has begun before it; in the order in which they are ready, 160.
        assert!(before.is_some_and(|before| before < 60), "{done}");
        assert_eq!(done.matches('l').count(), 320);
    }

    #[test]
    fn a_future_that_is_gone_is_not_ready_and_its_tenant_is_forgotten() {
        let processor = Arc::new(Processor::default());
        let (one, other) = (processor.in_turn("one", async {}), processor.in_turn("other", async {}));
        let (waker, tenant) = (Waker::from(Arc::clone(&one.signal)), Arc::clone(&one.signal.tenant));
        assert!(processor.is_shared() && tenant.ready.load(Ordering::Relaxed) == 1);
        drop(one);
        waker.wake();
        assert_eq!(tenant.ready.load(Ordering::Relaxed), 0);
        assert!(!processor.is_shared());
        drop(other);
        assert!(processor.tenants().is_empty());
    }
}
