use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use stockade_workflow::{Fault, Kind};
use tokio::time::sleep_until;

use crate::Result;
use crate::host_time::HostTime;

/// Why a guest was not waited for any longer.
pub(crate) enum Late {
    /// The call's deadline has passed.
    Deadline,
    /// The guest is parked in the host, and has been there for as long as it may.
    Host(Fault),
}

/// Waits for a guest until its call's deadline, or until it has spent its time in the host, whichever is sooner.
///
/// The clock is read only when the guest gives way, at a yield or in the host. It is read rather than waited for: a
/// guest that asks for a thousand timers uses up what tokio lets one task poll at a time, and ours would never be looked
/// at.
pub(crate) async fn watch<T>(
    deadline: Instant,
    host_time: Option<&Arc<HostTime>>,
    guest: impl Future<Output = T>,
) -> std::result::Result<T, Late> {
    let mut guest = pin!(guest);
    let mut timer = pin!(sleep_until(deadline.into()));
    poll_fn(|context| {
        if let Poll::Ready(done) = guest.as_mut().poll(context) {
            return Poll::Ready(Ok(done));
        }
        let parked_until = host_time.and_then(|time| time.until());
        let until = parked_until.map_or(deadline, |until| until.min(deadline));
        if Instant::now() < until {
            if timer.deadline() != until.into() {
                timer.as_mut().reset(until.into());
            }
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
        Poll::Ready(Err(late(deadline, until, host_time)))
    })
    .await
}

fn late(deadline: Instant, until: Instant, host_time: Option<&Arc<HostTime>>) -> Late {
    match host_time {
        Some(time) if until < deadline => Late::Host(time.parked()),
        _ => Late::Deadline,
    }
}

/// Returns the fault of a call whose time is over.
pub(crate) fn overdue(wall_us: u64, deadline: Instant, why: &str) -> Fault {
    let message = format!("the deadline of {wall_us} µs has passed: {why}");
    let over_us = deadline.elapsed().as_micros().try_into().unwrap_or(u64::MAX);
    Fault::limit(Kind::Deadline, "wall_us", wall_us, wall_us.saturating_add(over_us), message)
}

/// Turns a panic, ours or wasmtime's, into a fault: one call's bad luck must not be everybody's.
///
/// What the call held is dropped with it, so nothing that was left half-changed is ever looked at again. The panic's
/// own words go where panics go: they may name what a guest or a model must not learn.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Result<T> {
    let mut work = pin!(work);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(_) => Poll::Ready(Err(Fault::new(Kind::HostBug, "the host panicked in this call").detail("panic"))),
    })
    .await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Call, Config, Engine, Limits, Tool};

    const GUEST: &str = r#"(component
        (import "test:host/bug@0.1.0" (instance $host (export "panic" (func))))
        (core func $panic (canon lower (func $host "panic")))
        (core module $m
            (import "host" "panic" (func $panic))
            (func (export "panic") (call $panic))
            (func (export "fine") (result i32) (i32.const 42)))
        (core instance $i (instantiate $m (with "host" (instance (export "panic" (func $panic))))))
        (func (export "panic") (canon lift (core func $i "panic")))
        (func (export "fine") (result u32) (canon lift (core func $i "fine"))))"#;

    /// More panics than the pool has slots: each gives its own back.
    #[tokio::test]
    async fn a_panic_of_the_host_is_one_calls_fault() {
        let engine = Engine::new(Config { concurrency: 2, ..Config::default() }).unwrap();
        let tool = Tool::new(&engine, "test", engine.load(&wat::parse_str(GUEST).unwrap()).unwrap(), &[]).unwrap();
        let arguments = json!({});
        let call = |function| Call {
            function,
            arguments: &arguments,
            idempotency_key: "run-1/key",
            seed: 0,
            limits: Limits::default(),
        };
        for _ in 0..5 {
            let fault = tool.call(call("panic")).await.result.unwrap_err();
            assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::HostBug, Some("panic")));
            assert_eq!(fault.call_id.as_deref(), Some("run-1/key"));
            assert!(!fault.message.contains("a bug of the host"));
            assert_eq!(tool.call(call("fine")).await.result, Ok(json!(42)));
        }
    }

    #[tokio::test]
    async fn what_is_ready_in_time_is_not_late() {
        let past = Instant::now();
        assert!(matches!(watch(past, None, async { 1 }).await, Ok(1)));
        assert!(matches!(watch(past, None, std::future::pending::<()>()).await, Err(Late::Deadline)));
        let time = Arc::new(HostTime::new(0, past));
        time.enter();
        let deadline = past + std::time::Duration::from_secs(60);
        assert!(matches!(watch(deadline, Some(&time), std::future::pending::<()>()).await, Err(Late::Host(_))));
    }
}
