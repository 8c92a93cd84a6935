//! The calls that are waited for: a client that gives one up, or goes, leaves no run behind that nothing waits for.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stockade::{Host, RunId, Stop};
use tokio::runtime::Handle;

/// The runs of the calls that are waited for. A cheap handle.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<BTreeSet<RunId>>>);

/// A call that is waited for. Where it is dropped before it was answered, its run is ended.
pub(crate) struct Pending {
    host: Host,
    run: RunId,
    by: String,
    grace: Duration,
    all: InFlight,
    is_answered: bool,
}

impl InFlight {
    /// Begins to wait for the run of a call, which a client of this name has started.
    pub(crate) fn begin(&self, host: &Host, run: RunId, by: &str, grace: Duration) -> Pending {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(run);
        Pending { host: host.clone(), run, by: by.to_owned(), grace, all: self.clone(), is_answered: false }
    }

    pub(crate) fn runs(&self) -> Vec<RunId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    fn end(&self, run: RunId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
    }
}

impl Pending {
    /// Says that the client has its result, or knows by what it finds it.
    pub(crate) fn answered(mut self) {
        self.is_answered = true;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let (all, run) = (self.all.clone(), self.run);
        // Where the program ends, what is left here is ended by it.
        match Handle::try_current() {
            Ok(runtime) if !self.is_answered => {
                let (host, by, grace) = (self.host.clone(), self.by.clone(), self.grace);
                runtime.spawn(async move {
                    given_up(&host, run, &by, grace).await;
                    all.end(run);
                });
            }
            Ok(_) | Err(_) => all.end(run),
        }
    }
}

/// Ends the run of a call that was given up. A run that has ended meanwhile stays as it is; one whose driver does not answer ends
/// later.
pub(crate) async fn given_up(host: &Host, run: RunId, by: &str, grace: Duration) {
    let stop = Stop::by(by).reason(Some("the client has given up the call, or has gone".to_owned()));
    let _ = host.run(run).stop(stop, grace).await;
}
