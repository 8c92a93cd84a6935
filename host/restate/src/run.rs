//! The virtual object that a run is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use restate_sdk::context::RequestTarget;
use restate_sdk::prelude::*;
use serde_json::{Value, json};
use stockade::{Fault, Host, Kind, Report, RunId, Settlement, Stop};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::asked::{Asked, Decided, Happened, More, Sent, Start};
use crate::desk::{Desk, Opening, Turn};
use crate::kept::{Changed, Kept};
use crate::order::{Made, Order, made};
use crate::page::Page;
use crate::planned::Planned;
use crate::stores::{STORES, StoresClient};

/// The key of what a run has but its entries.
const HEAD: &str = "head";

/// After how long an event comes again for which the run's workflow was not there.
const AGAIN: Duration = Duration::from_secs(5);

/// Returns what Restate keeps of the run. No generic function can: the context of one lives longer than the names of pages.
macro_rules! loaded {
    ($ctx:expr) => {{
        let mut kept = Kept::default();
        if let Some(Json((pages, head))) = $ctx.get::<Json<(u64, Kept)>>(HEAD).await? {
            kept = head;
            for number in 0..pages {
                let name = name(number);
                let page = $ctx.get::<Json<Page>>(&name).await?;
                kept.pages.push(page.ok_or_else(|| missing(number))?.into_inner());
            }
        }
        kept
    }};
}
/// A run. Its key is the run's id, a UUID that the client chooses: the same start twice starts one run.
pub struct Run {
    host: Host,
}

impl Run {
    pub(crate) fn new(host: Host) -> Self {
        Self { host }
    }
}

/// Each answers with the report of the run, once all that follows is planned. Those of people and programs refuse with the
/// fault as JSON: 404 for what is not there, 403 for what a person may not, 409 where the run does not stand so, 400 else.
#[restate_sdk::object(
    client_visibility = "pub(crate)",
    inactivity_timeout = "1h",
    abort_timeout = "10m",
    // For ever: the server's own number of attempts is gone within minutes, and a handler that it then pauses keeps its run.
    invocation_retry_policy(
        initial_interval = "100ms",
        factor = 2.0,
        max_interval = "5s",
        max_attempts = 1000000000
    )
)]
impl Run {
    /// Starts the run.
    #[handler]
    async fn start(&self, ctx: ObjectContext<'_>, start: Json<Start>) -> HandlerResult<Json<Value>> {
        self.handled(&ctx, Asked::Start(start.into_inner())).await
    }

    /// Hears how an effect ended, or that a time has come.
    #[handler(ingress_private)]
    async fn event(&self, ctx: ObjectContext<'_>, happened: Json<Happened>) -> HandlerResult<Json<Value>> {
        self.handled(&ctx, Asked::Happened(happened.into_inner())).await
    }

    /// Takes a person's decision.
    #[handler]
    async fn decide(&self, ctx: ObjectContext<'_>, decided: Json<Decided>) -> HandlerResult<Json<Value>> {
        self.handled(&ctx, Asked::Decide(decided.into_inner())).await
    }

    /// Sends it a signal.
    #[handler]
    async fn signal(&self, ctx: ObjectContext<'_>, sent: Json<Sent>) -> HandlerResult<Json<Value>> {
        self.handled(&ctx, Asked::Signal(sent.into_inner())).await
    }

    /// Says what became of a call in doubt.
    #[handler]
    async fn settle(&self, ctx: ObjectContext<'_>, settlement: Json<Settlement>) -> HandlerResult<Json<Value>> {
        self.handled(&ctx, Asked::Settle(settlement.into_inner())).await
    }

    /// Adds to its budget.
    #[handler]
    async fn extend(&self, ctx: ObjectContext<'_>, more: Json<More>) -> HandlerResult<Json<Value>> {
        self.handled(&ctx, Asked::Extend(more.into_inner())).await
    }

    /// Lets it begin nothing more.
    #[handler]
    async fn pause(&self, ctx: ObjectContext<'_>, stop: Json<Stop>) -> HandlerResult<Json<Value>> {
        self.handled(&ctx, Asked::Pause(stop.into_inner())).await
    }

    /// Goes on with a paused one.
    #[handler]
    async fn resume(&self, ctx: ObjectContext<'_>) -> HandlerResult<Json<Value>> {
        self.handled(&ctx, Asked::Resume).await
    }

    /// Ends it.
    #[handler]
    async fn cancel(&self, ctx: ObjectContext<'_>, stop: Json<Stop>) -> HandlerResult<Json<Value>> {
        self.handled(&ctx, Asked::Cancel(stop.into_inner())).await
    }

    /// Returns its report, also while another handler is busy.
    #[handler]
    async fn read(&self, ctx: SharedObjectContext<'_>) -> HandlerResult<Json<Value>> {
        let run = id(ctx.key())?;
        report(&loaded!(ctx), run)
    }

    /// Performs an effect, unless the run has ended or goes on without it, and tells the run how it ended.
    #[handler(ingress_private)]
    async fn perform(&self, ctx: SharedObjectContext<'_>, order: Json<Order>) -> HandlerResult<()> {
        let (run, order) = (id(ctx.key())?, order.into_inner());
        // That an attempt begins is in Restate's log before it does. Only the process that has written that knows that it is
        // the first, and that the state which this attempt was given is not of long ago.
        let begins_here = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&begins_here);
        ctx.run(move || async move {
            begins.store(true, Ordering::SeqCst);
            Ok::<_, HandlerError>(())
        })
        .name("begin")
        .await?;
        let kept = loaded!(ctx);
        if !kept.is_in_flight(run, &order.key, order.intent)? {
            // It was lost to a pause, and another order of it may be out; or its run has ended, whose workflow may be gone.
            return Ok(());
        }
        let (host, now) = (self.host.clone(), order.clone());
        let made = ctx.run(move || made(host, run, kept, now, begins_here)).name("perform").await?;
        let itself = ctx.object_client::<RunClient>(ctx.key());
        match made.into_inner() {
            Made::Made(Some(ending)) => {
                drop(itself.event(Json(Happened::Ended { intent: order.intent, ending })).send());
            }
            Made::Made(None) => {}
            Made::Left => {
                let next = order.next();
                let request = itself.perform(Json(next.clone())).idempotency_key(next.idempotency_key());
                drop(request.send_after(order.wait()));
            }
        }
        Ok(())
    }
}

impl Run {
    /// Does what is asked, and sends what follows from it.
    async fn handled(&self, ctx: &ObjectContext<'_>, asked: Asked) -> HandlerResult<Json<Value>> {
        let run = id(ctx.key())?;
        let before = loaded!(ctx);
        if let Some(is_same) = started(&asked, &before, run)? {
            return if is_same { report(&before, run) } else { Err(refusal(&another(run)).into()) };
        }
        if is_past(&asked, &before, run)? {
            return report(&before, run);
        }
        let (known, is_due) = (before.pages.len(), matches!(&asked, Asked::Happened(Happened::Due(_))));
        let again = asked.again()?;
        let (mut kept, planned, refused) = self.planned(ctx, run, before, asked).await?;
        let Planned { perform, due_ms, in_ms, is_early } = planned;
        // The run stays armed as it was for an event that comes again: the one of its time finds it so.
        let again = again.filter(|_| refused.is_some());
        // A message that came before its time, by this clock, comes again too.
        let arms = due_ms.filter(|_| again.is_none() && (due_ms != kept.armed_ms || (is_due && is_early)));
        if again.is_none() {
            kept.armed_ms = due_ms;
        }
        if !kept.is_empty() {
            saved(ctx, &kept, known);
        }
        for (key, intent) in perform {
            let order = Order::new(key, intent);
            let request = ctx.object_client::<RunClient>(ctx.key()).perform(Json(order.clone()));
            drop(request.idempotency_key(order.idempotency_key()).send());
        }
        if let Some(due_ms) = arms {
            let request = ctx.object_client::<RunClient>(ctx.key()).event(Json(Happened::Due(due_ms)));
            drop(request.send_after(Duration::from_millis(in_ms)));
        }
        if let Some(happened) = again {
            // This handler ends, so that others have the run: another version of the workflow can cancel it.
            let event = RequestTarget::object("Run", ctx.key(), "event");
            let request = ctx.request::<_, Json<Value>>(event, Json(happened));
            drop(request.send_after(AGAIN));
            return report(&kept, run);
        }
        refused.map_or_else(|| report(&kept, run), |fault| Err(refusal(&fault).into()))
    }

    /// Has a host plan until nothing follows any more. What a commit intends begins once the commit is in Restate's log.
    async fn planned(
        &self,
        ctx: &ObjectContext<'_>,
        run: RunId,
        before: Kept,
        asked: Asked,
    ) -> HandlerResult<(Kept, Planned, Option<Fault>)> {
        let Json(shared) = ctx.object_client::<StoresClient>(STORES).read().call().await?;
        let (is_internal, seq) = (asked.is_internal(), seq(&before, run)?);
        let (desk, mut asked) = (Arc::new(Mutex::new(None)), Some(asked));
        let mut kept = Arc::new(before);
        loop {
            let opening = Opening { host: self.host.clone(), run, shared: shared.clone(), asked: asked.take() };
            let (desk, known) = (Arc::clone(&desk), Arc::clone(&kept));
            let turn = ctx.run(move || turn(desk, opening, known, seq, is_internal)).name("plan").await?;
            match turn.into_inner() {
                Turn::Changed(changed) => taken(ctx, Arc::make_mut(&mut kept), changed).await?,
                Turn::Settled(changed, planned, refused) => {
                    taken(ctx, Arc::make_mut(&mut kept), changed).await?;
                    return Ok((Arc::unwrap_or_clone(kept), planned, refused));
                }
            }
        }
    }
}

/// Takes in what commits have changed, and tells the stores what other runs are to see of it.
async fn taken(ctx: &ObjectContext<'_>, kept: &mut Kept, changed: Changed) -> HandlerResult<()> {
    let rows = changed.shared();
    kept.take(changed);
    if !rows.is_empty() {
        ctx.object_client::<StoresClient>(STORES).add(Json(rows)).call().await?;
    }
    Ok(())
}

/// Returns what comes next of the desk of this attempt, which begins with it.
async fn turn(
    desk: Arc<Mutex<Option<Desk>>>,
    opening: Opening,
    kept: Arc<Kept>,
    known: u64,
    is_internal: bool,
) -> HandlerResult<Json<Turn>> {
    let (mut desk, run) = (desk.lock().await, opening.run);
    let desk = match &mut *desk {
        Some(desk) => desk,
        none => none.insert(Desk::open(opening, &kept).await?),
    };
    let next = desk.next().await;
    let refused = match next {
        Ok(Some(changed)) => return Ok(Json(Turn::Changed(changed))),
        Ok(None) => None,
        Err(fault) => Some(fault),
    };
    let last = desk.last();
    let mut kept = Arc::unwrap_or_clone(kept);
    kept.take(last.clone());
    if let Some(fault) = &refused {
        let is_untouched = is_internal && is_foreign(fault) && seq(&kept, run)? == known;
        // An event must be done, and has no client that hears of a refusal: it is tried again. So is one whose journal failed.
        if !is_untouched && (is_internal || fault.kind == Kind::Journal) {
            return Err(fault.clone().into());
        }
    }
    let planned = Planned::of(&kept, run, known, desk.begun_ms)?;
    Ok(Json(Turn::Settled(last, planned, refused)))
}

/// Returns whether a start is the one that began this run. `None`: the run has not begun, or something else is asked.
fn started(asked: &Asked, kept: &Kept, run: RunId) -> HandlerResult<Option<bool>> {
    let Asked::Start(start) = asked else { return Ok(None) };
    if kept.is_empty() {
        return Ok(None);
    }
    let state = kept.state(run)?;
    Ok(Some(state.workflow() == start.workflow && *state.input() == start.input))
}

/// Whether the run's workflow is not here, or in another version: that may stay so for long.
fn is_foreign(fault: &Fault) -> bool {
    matches!(
        (&fault.kind, fault.detail.as_deref()),
        (Kind::Conflict, Some("version")) | (Kind::NotFound, Some("workflow"))
    )
}

/// Returns whether an event has nothing to say any more: the run was armed for another time since, or the effect is in flight
/// no more by this intent.
fn is_past(asked: &Asked, kept: &Kept, run: RunId) -> stockade::Result<bool> {
    let Asked::Happened(happened) = asked else { return Ok(false) };
    Ok(match happened {
        Happened::Due(due_ms) => kept.armed_ms != Some(*due_ms),
        Happened::Ended { intent, ending } => !kept.is_in_flight(run, ending.key(), *intent)?,
    })
}

fn another(run: RunId) -> Fault {
    let message = format!("run {run} was started with another workflow or another input; choose another id");
    Fault::new(Kind::Conflict, message).detail("start")
}

fn seq(kept: &Kept, run: RunId) -> stockade::Result<u64> {
    if kept.is_empty() { Ok(0) } else { Ok(kept.state(run)?.seq()) }
}

fn id(key: &str) -> Result<RunId, TerminalError> {
    let refused = |error| {
        let message = format!("the key of a run is its id, a UUID, and \"{key}\" is not one: {error}");
        refusal(&Fault::invalid("run", message))
    };
    Uuid::parse_str(key).map(RunId::from).map_err(refused)
}

fn missing(number: u64) -> Fault {
    Fault::new(Kind::Journal, format!("page {number} of the run is missing")).detail("page")
}

/// Writes what has changed: the last of the pages that were there, and those behind it.
fn saved(ctx: &ObjectContext<'_>, kept: &Kept, known: usize) {
    let changed = known.saturating_sub(1);
    for (page, number) in kept.pages.iter().zip(0_u64..).skip(changed) {
        ctx.set(&name(number), Json(page.clone()));
    }
    let head = Kept { pages: Vec::new(), ..kept.clone() };
    ctx.set(HEAD, Json((kept.pages.len() as u64, head)));
}

fn name(number: u64) -> String {
    format!("page/{number}")
}

fn report(kept: &Kept, run: RunId) -> HandlerResult<Json<Value>> {
    let state = kept.state(run).map_err(|fault| refusal(&fault))?;
    Ok(Json(serde_json::to_value(Report::from(&state)).unwrap_or_else(|error| json!({"error": error.to_string()}))))
}

/// The answer to a client whose request is refused.
pub(crate) fn refusal(fault: &Fault) -> TerminalError {
    let code = match fault.kind {
        Kind::NotFound => 404,
        Kind::Denied => 403,
        Kind::Conflict => 409,
        Kind::Journal | Kind::HostBug => 500,
        _ => 400,
    };
    let message = serde_json::to_string(fault).unwrap_or_else(|_| fault.message.clone());
    TerminalError::new_with_code(code, message)
}
