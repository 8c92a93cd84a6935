//! How a driver obeys an order to stop or to pause its run.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::StreamExt as _;
use stockade_workflow::{Change, Effect, EffectKind, Entry, Event, Stop, ToolCall, ToolOutcome, Usage};

use super::waits::overdue;
use super::watch::Watch;
use super::{Driver, InFlight};
use crate::Result;
use crate::calls::unknown;
use crate::effects::Ended;
use crate::news::News;
use crate::orders::{self, Aim, Due, Order};

/// How long the journal waits for what was only computed, where the next answer takes long: others look at the run there.
const BEHIND: Duration = Duration::from_millis(100);

/// What a driver hears of first while effects are in flight.
#[expect(clippy::large_enum_variant, reason = "most often an effect has ended, which is the large one")]
pub(super) enum Next {
    /// One of them has ended; absent where none is in flight.
    Ended(Option<(Arc<Effect>, Ended, Usage)>),
    /// A time may have come, or a signal.
    Alarmed,
    /// The journal has waited long enough for what has happened.
    Behind,
    /// A person wants something of the run.
    Ordered(Order),
    /// The time is over that an order gave them.
    Late,
}

impl Next {
    pub(super) async fn of(
        in_flight: &mut InFlight,
        watch: &mut Watch,
        due: Option<&Due>,
        // Whether there is something to wait for although nothing is in flight, and whether the journal is behind.
        (retries, is_behind): (bool, bool),
        alarm: impl Future<Output = ()>,
    ) -> Self {
        let is_over = in_flight.is_empty() && !retries;
        tokio::select! {
            biased;
            ended = in_flight.next(), if is_over || !in_flight.is_empty() => Self::Ended(ended),
            () = Due::passed(due), if due.is_some() => Self::Late,
            () = alarm, if due.is_none() => Self::Alarmed,
            () = tokio::time::sleep(BEHIND), if is_behind => Self::Behind,
            order = watch.order(), if due.is_none() => Self::Ordered(order),
        }
    }
}

impl Driver {
    pub(super) fn watch(&self) -> Watch {
        let told = self.log.orders().unwrap_or_else(|| tokio::sync::watch::Sender::new(None).subscribe());
        Watch::new(Arc::clone(self.host()), self.state().run(), told)
    }

    /// Looks for what has come for the run, and takes note of what is ordered, in this process or another. Where effects are in
    /// flight, a journal that fails is asked again once one of them has ended; nothing begins until then, and none is returned.
    pub(super) async fn hear(&mut self, watch: &Watch, is_busy: bool) -> Result<Option<News>> {
        self.note_look();
        let mut news = match News::of(&*self.host().journal, self.state()).await {
            Err(fault) if is_busy && fault.is_of_storage() => None,
            news => Some(news?),
        };
        let order = watch.told().or_else(|| news.as_mut()?.order.take());
        // One that stands still may be another's by now.
        if self.order.is_none() && self.log.orders().is_some() {
            order.into_iter().for_each(|order| self.heed(order));
        }
        Ok(news)
    }

    /// Takes note of an order, unless the run was stopped by it before and undoes now what it has done.
    pub(super) fn heed(&mut self, order: Order) {
        if self.state().stopped() != Some(order.stop()) {
            self.order = Some(Due::new(order));
        }
    }

    /// Performs code, unless an order or the deadline of its run ends it: what it has called until then is recorded.
    pub(super) async fn perform_alone_until_ordered(&mut self, effect: &Effect) -> Result<()> {
        self.begun.insert(effect.key().to_owned());
        let (watch, committing) = (self.watch(), self.log.committing());
        let overdue = overdue(self.host().clock.clone(), self.state().run_due_ms());
        let performed = tokio::select! {
            biased;
            performed = self.perform_alone(effect) => Some(performed),
            () = late(watch, overdue, &committing) => None,
        };
        if matches!(performed, Some(Ok(()))) {
            self.begun.remove(effect.key());
        }
        performed.unwrap_or(Ok(()))
    }

    /// Does what is ordered, of a run that performs nothing any more, and makes it durable. A run that has ended stays as it
    /// is.
    pub(crate) async fn obey(&mut self, order: &Order) -> Result<()> {
        if self.state().end().is_none() {
            self.recall_children().await?;
            match order.aim() {
                Aim::Stop => self.stop(order.stop())?,
                Aim::Pause => self.pause(order.stop())?,
            }
        }
        self.log.index.push(orders::taken(self.state().run()));
        self.commit().await
    }

    fn stop(&mut self, stop: &Stop) -> Result<()> {
        let unknown = self.cut_off()?;
        self.log.push(Change::Stopped { stop: stop.clone(), unknown })
    }

    /// Ends a run whose deadline has passed, with what is in flight, and makes that durable.
    pub(super) async fn expire(&mut self) -> Result<()> {
        let (at_ms, unknown) = (self.host().clock.now_ms(), self.cut_off()?);
        self.log.push(Change::Expired { at_ms, unknown })?;
        self.log.index.push(orders::taken(self.state().run()));
        self.commit().await
    }

    /// Books what is in flight and will not be heard any more; returns the calls of which it is not known whether they happened,
    /// and those whose results have not come.
    fn cut_off(&mut self) -> Result<Vec<String>> {
        let in_flight = self.keys_in_flight();
        let in_doubt = in_flight.iter().flat_map(|key| self.in_doubt(key)).map(|(key, _)| key);
        let awaited = self.state().awaited_results().map(|(doubt, _)| doubt.key.clone());
        let unknown = in_doubt.chain(awaited).collect();
        // The first one last, for each is put before those that are wanted.
        let begun: Vec<_> = in_flight.iter().rev().filter(|key| self.may_have_begun(key)).collect();
        begun.into_iter().try_for_each(|key| self.book(key))?;
        Ok(unknown)
    }

    /// What may be done again is wanted again; of a call that may not, the workflow hears that its outcome is unknown.
    fn pause(&mut self, stop: &Stop) -> Result<()> {
        for key in self.keys_in_flight().into_iter().rev() {
            match self.in_doubt(&key).pop() {
                Some((of, call)) if of == key && !self.may_be_repeated(&call) => self.lose_sight(&key, &call)?,
                Some(_) | None => self.book(&key)?,
            }
            if self.state().end().is_some() {
                return Ok(());
            }
        }
        self.log.push(Change::Paused { stop: stop.clone() })
    }

    /// Writes what is known of a run whose journal has failed, for it may not fail any more: what has happened, and that what was
    /// intended was not begun. For the next driver, both would be in doubt.
    pub(super) async fn keep(&mut self) {
        let is_of_code = |entry: &Entry| matches!(entry.change, Change::Calling { .. });
        if self.log.uncommitted().iter().any(is_of_code) {
            return;
        }
        let mut unbegun = self.keys_in_flight();
        // What ends the run ends that, too.
        unbegun.retain(|key| self.state().end().is_none() && !self.may_have_begun(key));
        if unbegun.iter().rev().all(|key| self.book(key).is_ok()) {
            // Where it fails still, the next driver finds the run as it was.
            let _ = self.log.commit().await;
        }
    }

    fn lose_sight(&mut self, key: &str, call: &ToolCall) -> Result<()> {
        let outcome = ToolOutcome::Unknown(unknown(key, call, "the run was paused while it was in flight"));
        self.step(Event::ended(key, outcome), self.used(key))
    }

    /// Books what an effect is thought to have used.
    fn book(&mut self, key: &str) -> Result<()> {
        let (key, used) = (key.to_owned(), self.used(key));
        self.log.push(Change::Lost { key, used })
    }

    fn keys_in_flight(&self) -> Vec<String> {
        self.state().in_flight().map(|effect| effect.key().to_owned()).collect()
    }

    /// Whether an effect was performed for a while: by this driver, or by the one before it.
    fn may_have_begun(&self, key: &str) -> bool {
        self.begun.contains(key) || !self.log.is_mine(key)
    }

    /// Returns the call that an effect in flight has made, or those of its code, each with its key, as far as they may have
    /// changed something.
    fn in_doubt(&self, key: &str) -> Vec<(String, ToolCall)> {
        let Some(effect) = self.state().shared_effect(key).filter(|_| self.may_have_begun(key)) else {
            return Vec::new();
        };
        let mut calls = match &effect.kind {
            EffectKind::CallTool { call, .. } if !self.is_alone(&effect) => vec![(key.to_owned(), call.clone())],
            EffectKind::CallTool { .. } | EffectKind::RunCode(_) => {
                let begun = self.state().calls(key).open().filter(|(_, call)| call.may_have_happened);
                begun.map(|(number, open)| (format!("{key}/{number}"), open.call.clone())).collect()
            }
            EffectKind::AskModel(_)
            | EffectKind::Remember(_)
            | EffectKind::Recall(_)
            | EffectKind::ReadResult(_)
            | EffectKind::Sleep(_)
            | EffectKind::AwaitSignal(_)
            | EffectKind::StartRuns(_)
            | EffectKind::RequestApproval { .. } => Vec::new(),
        };
        calls.retain(|(_, call)| self.host().registry.may_change(call));
        calls
    }

    fn may_be_repeated(&self, call: &ToolCall) -> bool {
        self.host().registry.tells_repetitions(&call.tool)
    }

    /// What an effect in flight is thought to have used: one attempt, with all that was reserved for one; of code, what its
    /// calls have used.
    fn used(&self, key: &str) -> Usage {
        let used = Usage::default();
        if !self.may_have_begun(key) {
            return used;
        }
        if self.state().effect(key).is_some_and(|effect| self.is_alone(effect)) {
            return self.state().calls(key).unpaid();
        }
        let Usage { tokens, money_micros, model_calls, tool_calls, .. } = self.log.amount(key);
        used.tokens(tokens).money_micros(money_micros).model_calls(model_calls.min(1)).tool_calls(tool_calls.min(1))
    }
}

/// Returns when an order, or the deadline of the run, ends what is performed alone. A commit is not cut: whether it was made
/// would not be known.
async fn late(watch: Watch, overdue: impl Future<Output = ()>, committing: &AtomicBool) {
    tokio::select! {
        () = watch.late() => {}
        () = overdue => {}
    }
    // The end of the commit wakes the task that polls this.
    poll_fn(|_| if committing.load(Ordering::SeqCst) { Poll::Pending } else { Poll::Ready(()) }).await;
}
