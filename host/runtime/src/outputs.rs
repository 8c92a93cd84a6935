//! What code that runs in this process writes, for those who follow it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{Stream, stream};
use stockade_sandbox::Stdio;
use stockade_workflow::RunId;
use tokio::sync::watch;

/// What code has written to one of its outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrote {
    /// The output.
    pub stdio: Stdio,
    /// Whole lines.
    pub lines: String,
}

/// The outputs of the code that runs here, and of that which is followed, by the run and the key of the effect.
#[derive(Default)]
pub(crate) struct Outputs(Mutex<BTreeMap<(RunId, String), Arc<Output>>>);

/// The outputs of one piece of code. A call's `stdio_bytes` bounds each.
pub(crate) struct Output {
    written: Mutex<BTreeMap<Stdio, Written>>,
    /// Says that there is more.
    more: watch::Sender<()>,
}

#[derive(Default)]
struct Written {
    lines: String,
    /// How many bytes the code had written there.
    end: u64,
}

/// One who follows them, and what that one has had.
struct Follower {
    output: Arc<Output>,
    more: watch::Receiver<()>,
    had: BTreeMap<Stdio, usize>,
}

impl Outputs {
    /// Follows what a piece of code writes, as [`Host::output`](crate::Host::output) says.
    pub(crate) fn follow(&self, run: RunId, key: &str) -> impl Stream<Item = Wrote> + Send + 'static + use<> {
        let output = self.of(run, key);
        let more = output.more.subscribe();
        stream::unfold(Follower { output, more, had: BTreeMap::new() }, |mut follower| async move {
            loop {
                if let Some(wrote) = follower.next() {
                    return Some((wrote, follower));
                }
                // The sender lives as long as the follower.
                follower.more.changed().await.ok()?;
            }
        })
    }

    /// Returns the outputs of a piece of code. They are forgotten once no driver and no follower has them.
    pub(crate) fn of(&self, run: RunId, key: &str) -> Arc<Output> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, output| Arc::strong_count(output) > 1);
        let new = || Arc::new(Output { written: Mutex::default(), more: watch::Sender::new(()) });
        Arc::clone(all.entry((run, key.to_owned())).or_insert_with(new))
    }
}

impl Output {
    /// Adds lines, unless code that is run again wrote them before.
    pub(crate) fn wrote(&self, stdio: Stdio, end: u64, lines: &str) {
        let mut written = self.written();
        let written = written.entry(stdio).or_default();
        if end > written.end {
            written.lines.push_str(lines);
            written.end = end;
            self.more.send_replace(());
        }
    }

    fn written(&self) -> MutexGuard<'_, BTreeMap<Stdio, Written>> {
        // Texts are whole after any panic.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower {
    /// Returns what there is that it has not had, of one of the outputs.
    fn next(&mut self) -> Option<Wrote> {
        let written = self.output.written();
        for (stdio, Written { lines, .. }) in written.iter() {
            let had = self.had.entry(*stdio).or_default();
            let new = lines.get(*had..).unwrap_or_default();
            if !new.is_empty() {
                *had = lines.len();
                return Some(Wrote { stdio: *stdio, lines: new.to_owned() });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(outputs: &Outputs, run: RunId) -> Follower {
        let output = outputs.of(run, "code");
        Follower { more: output.more.subscribe(), output, had: BTreeMap::new() }
    }

    #[test]
    fn a_follower_hears_each_line_once_also_where_code_is_run_again() {
        let (outputs, run) = (Outputs::default(), RunId::from_bytes([7; 16]));
        let mut follower = follow(&outputs, run);
        let code = outputs.of(run, "code");
        code.wrote(Stdio::Out, 2, "a\n");
        code.wrote(Stdio::Err, 2, "!\n");
        let wrote = |stdio, lines: &str| Some(Wrote { stdio, lines: lines.to_owned() });
        assert_eq!(follower.next(), wrote(Stdio::Out, "a\n"));
        for (end, lines) in [(2, "a\n"), (4, "b\n")] {
            code.wrote(Stdio::Out, end, lines);
        }
        assert_eq!(follower.next(), wrote(Stdio::Out, "b\n"));
        assert_eq!((follower.next(), follower.next()), (wrote(Stdio::Err, "!\n"), None));
        let mut late = follow(&outputs, run);
        assert_eq!(late.next(), wrote(Stdio::Out, "a\nb\n"));
    }

    #[test]
    fn outputs_without_a_holder_are_forgotten() {
        let (outputs, run) = (Outputs::default(), RunId::from_bytes([7; 16]));
        outputs.of(run, "code").wrote(Stdio::Out, 2, "a\n");
        outputs.of(run, "other");
        assert_eq!(follow(&outputs, run).next(), None);
        assert_eq!(outputs.0.lock().unwrap().len(), 1);
    }
}
