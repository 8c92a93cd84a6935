//! The virtual object that a run is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use restate_sdk::context::RequestTarget;
use restate_sdk::prelude::*;
use serde_json::Value;
use stockade::{Fault, Host, Kind, RunId, unknown_run};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::Told;
use crate::answer::{refusal, report};
use crate::asked::{Asked, Happened, more, signal, stop};
use crate::body::{Body, quoted};
use crate::decided::Decided;
use crate::desk::{Desk, Opening, Turn};
use crate::given::Given;
use crate::kept::{Changed, Kept};
use crate::order::{Made, Order, made};
use crate::page::Page;
use crate::planned::Planned;
use crate::rest::answered;
use crate::settlement::settlement;
use crate::start::Start;
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
    told: Told,
}

impl Run {
    pub(crate) fn new(host: Host, told: Told) -> Self {
        Self { host, told }
    }
}

/// Each answers with the report of the run, once all that follows is planned. Those of people and programs refuse with the
/// fault as JSON, under the status of its kind.
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
    async fn start(&self, ctx: ObjectContext<'_>, given: Given) -> HandlerResult<Json<Value>> {
        self.asked(&ctx, &given, |body| Start::of(body).map(Asked::Start)).await
    }

    /// Hears how an effect ended, or that a time has come.
    #[handler(ingress_private)]
    async fn event(&self, ctx: ObjectContext<'_>, happened: Json<Happened>) -> HandlerResult<Json<Value>> {
        self.handled(&ctx, Asked::Happened(happened.into_inner())).await
    }

    /// Takes a person's decision.
    #[handler]
    async fn decide(&self, ctx: ObjectContext<'_>, given: Given) -> HandlerResult<Json<Value>> {
        self.asked(&ctx, &given, |body| Decided::of(body).map(Asked::Decide)).await
    }

    /// Sends it a signal.
    #[handler]
    async fn signal(&self, ctx: ObjectContext<'_>, given: Given) -> HandlerResult<Json<Value>> {
        self.asked(&ctx, &given, |body| signal(body).map(Asked::Signal)).await
    }

    /// Says what became of a call in doubt.
    #[handler]
    async fn settle(&self, ctx: ObjectContext<'_>, given: Given) -> HandlerResult<Json<Value>> {
        self.asked(&ctx, &given, |body| settlement(body).map(Asked::Settle)).await
    }

    /// Adds to its budget.
    #[handler]
    async fn extend(&self, ctx: ObjectContext<'_>, given: Given) -> HandlerResult<Json<Value>> {
        self.asked(&ctx, &given, |body| more(body).map(Asked::Extend)).await
    }

    /// Lets it begin nothing more.
    #[handler]
    async fn pause(&self, ctx: ObjectContext<'_>, given: Given) -> HandlerResult<Json<Value>> {
        self.asked(&ctx, &given, |body| stop(body).map(Asked::Pause)).await
    }

    /// Goes on with a paused one.
    #[handler]
    async fn resume(&self, ctx: ObjectContext<'_>, given: Given) -> HandlerResult<Json<Value>> {
        self.asked(&ctx, &given, |_| Ok(Asked::Resume)).await
    }

    /// Ends it.
    #[handler]
    async fn cancel(&self, ctx: ObjectContext<'_>, given: Given) -> HandlerResult<Json<Value>> {
        self.asked(&ctx, &given, |body| stop(body).map(Asked::Cancel)).await
    }

    /// Returns its report, also while another handler is busy.
    #[handler]
    async fn read(&self, ctx: SharedObjectContext<'_>) -> HandlerResult<Json<Value>> {
        let run = id(ctx.key())?;
        report(&loaded!(ctx), run)
    }

    /// Returns its report once it goes on by itself no more: it has ended, or waits for somebody.
    #[handler]
    async fn wait(&self, ctx: SharedObjectContext<'_>) -> HandlerResult<Json<Value>> {
        id(ctx.key())?;
        let (client, answer) = ctx.awakeable::<Json<Value>>();
        drop(ctx.object_client::<RunClient>(ctx.key()).listen(Json(client)).send());
        Ok(answer.await?)
    }

    /// Notes a client that waits.
    #[handler(ingress_private)]
    async fn listen(&self, ctx: ObjectContext<'_>, client: Json<String>) -> HandlerResult<()> {
        let (run, mut kept) = (id(ctx.key())?, loaded!(ctx));
        if kept.is_empty() {
            ctx.reject_awakeable(&client.into_inner(), refusal(&unknown_run(run)));
            return Ok(());
        }
        kept.clients.push(client.into_inner());
        answered(&ctx, &mut kept, run)?;
        saved_head(&ctx, &kept);
        Ok(())
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
        let told = Arc::clone(&self.told);
        let made = ctx.run(move || made(host, run, kept, now, begins_here, told)).name("perform").await?;
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
    /// Does what a client asks, once its body is read.
    async fn asked(
        &self,
        ctx: &ObjectContext<'_>,
        Given(bytes): &Given,
        take: impl FnOnce(&mut Body) -> stockade::Result<Asked>,
    ) -> HandlerResult<Json<Value>> {
        let asked = Body::read(bytes, take).map_err(|fault| refusal(&fault))?;
        self.handled(ctx, asked).await
    }

    /// Does what is asked, and sends what follows from it.
    async fn handled(&self, ctx: &ObjectContext<'_>, asked: Asked) -> HandlerResult<Json<Value>> {
        let run = id(ctx.key())?;
        let before = loaded!(ctx);
        if is_done(&asked, &before, run)? {
            return report(&before, run);
        }
        let is_due = matches!(&asked, Asked::Happened(Happened::Due(_)));
        let again = asked.again()?;
        let (mut kept, planned, refused, known) = self.planned(ctx, run, before, asked).await?;
        let Planned { perform, due_ms, in_ms, is_early } = planned;
        // The run stays armed as it was for an event that comes again: the one of its time finds it so.
        let again = again.filter(|_| refused.is_some());
        // A message that came before its time, by this clock, comes again too.
        let arms = due_ms.filter(|_| again.is_none() && (due_ms != kept.armed_ms || (is_due && is_early)));
        if again.is_none() {
            kept.armed_ms = due_ms;
        }
        if !kept.is_empty() {
            answered(ctx, &mut kept, run)?;
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
        let Some(fault) = refused else { return report(&kept, run) };
        let Some(happened) = again else { return Err(self.refused(run, &fault).into()) };
        // This handler ends, so that others have the run: another version of the workflow can cancel it.
        (self.told)(run, &fault);
        let event = RequestTarget::object("Run", ctx.key(), "event");
        drop(ctx.request::<_, Json<Value>>(event, Json(happened)).send_after(AGAIN));
        report(&kept, run)
    }

    /// Refuses what a client asked. What the client is not told, the operator is.
    fn refused(&self, run: RunId, fault: &Fault) -> TerminalError {
        if fault.kind.is_of_the_inside() {
            (self.told)(run, fault);
        }
        refusal(fault)
    }

    /// Has a host plan until nothing follows any more. What a commit intends begins once the commit is in Restate's log. Returns
    /// how many pages are written, too.
    async fn planned(
        &self,
        ctx: &ObjectContext<'_>,
        run: RunId,
        before: Kept,
        asked: Asked,
    ) -> HandlerResult<(Kept, Planned, Option<Fault>, usize)> {
        let Json(shared) = ctx.object_client::<StoresClient>(STORES).read().call().await?;
        let (is_internal, seq, mut known) = (asked.is_internal(), seq(&before, run)?, before.pages.len());
        let (desk, mut asked) = (Arc::new(Mutex::new(None)), Some(asked));
        let mut kept = Arc::new(before);
        loop {
            let opening = Opening { host: self.host.clone(), run, shared: shared.clone(), asked: asked.take() };
            let (desk, before, told) = (Arc::clone(&desk), Arc::clone(&kept), Arc::clone(&self.told));
            let turn = ctx.run(move || turn(desk, opening, before, seq, is_internal, told)).name("plan").await?;
            match turn.into_inner() {
                Turn::Changed(changed) => {
                    taken(ctx, Arc::make_mut(&mut kept), changed).await?;
                    known = shown(ctx, &kept, known);
                }
                Turn::Settled(changed, planned, refused) => {
                    taken(ctx, Arc::make_mut(&mut kept), changed).await?;
                    return Ok((Arc::unwrap_or_clone(kept), planned, refused, known));
                }
            }
        }
    }
}

/// Writes pages while code runs, so that others see the run, and returns how many are written. It does so once a page is begun:
/// a write for each call would be the last page anew, and all of them stay in Restate's log until the handler ends.
fn shown(ctx: &ObjectContext<'_>, kept: &Kept, known: usize) -> usize {
    if kept.pages.len() > known {
        saved(ctx, kept, known);
    }
    kept.pages.len()
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
    told: Told,
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
            told(run, fault);
            return Err(fault.clone().into());
        }
    }
    let planned = Planned::of(&kept, run, known, desk.begun_ms)?;
    Ok(Json(Turn::Settled(last, planned, refused)))
}

/// Whether what is asked was done before, so that nothing follows from it: the same start, the same decision, the same pause, or
/// an event that has nothing to say any more.
fn is_done(asked: &Asked, kept: &Kept, run: RunId) -> HandlerResult<bool> {
    if kept.is_empty() {
        return Ok(false);
    }
    match asked {
        Asked::Start(start) => match start.differs(&kept.state(run)?, &kept.first_budget(run)?.unwrap_or_default()) {
            Some(what) => Err(refusal(&another(run, what)).into()),
            None => Ok(true),
        },
        Asked::Happened(happened) => Ok(is_past(happened, kept, run)?),
        Asked::Decide(decided) => Ok(decided.is_taken(&kept.state(run)?)),
        Asked::Pause(stop) => Ok(kept.state(run)?.paused() == Some(stop)),
        Asked::Cancel(stop) => Ok(kept.state(run)?.stopped() == Some(stop)),
        Asked::Signal(_) | Asked::Settle(_) | Asked::Extend(_) | Asked::Resume => Ok(false),
    }
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
fn is_past(happened: &Happened, kept: &Kept, run: RunId) -> stockade::Result<bool> {
    Ok(match happened {
        Happened::Due(due_ms) => kept.armed_ms != Some(*due_ms),
        Happened::Ended { intent, ending } => !kept.is_in_flight(run, ending.key(), *intent)?,
    })
}

fn another(run: RunId, what: &str) -> Fault {
    let message = format!("run {run} was started with another {what}; choose another id, or start it as before");
    Fault::new(Kind::Conflict, message).detail("start")
}

fn seq(kept: &Kept, run: RunId) -> stockade::Result<u64> {
    if kept.is_empty() { Ok(0) } else { Ok(kept.state(run)?.seq()) }
}

/// Returns the run of a key. Other spellings of its UUID would be other objects, with runs of the same id.
fn id(key: &str) -> Result<RunId, TerminalError> {
    let refused =
        |why| refusal(&Fault::invalid("run", format!("a run's key is its id, a UUID; \"{}\" {why}", quoted(key))));
    let run = Uuid::parse_str(key).map(RunId::from).map_err(|_| refused("is no UUID".to_owned()))?;
    if run.to_string() == key {
        Ok(run)
    } else {
        Err(refused(format!("is written \"{run}\", in lower case with hyphens")))
    }
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
    saved_head(ctx, kept);
}

fn saved_head(ctx: &ObjectContext<'_>, kept: &Kept) {
    let head = Kept { pages: Vec::new(), ..kept.clone() };
    ctx.set(HEAD, Json((kept.pages.len() as u64, head)));
}

fn name(number: u64) -> String {
    format!("page/{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_one_spelling_of_its_id() {
        let key = "cf3e1342-932a-4704-8504-614d75b08e06";
        assert_eq!(id(key).unwrap().to_string(), key);
        let plain = key.replace('-', "");
        for other in [key.to_uppercase(), plain, format!("{{{key}}}"), format!("urn:uuid:{key}")] {
            let refused = id(&other).unwrap_err();
            assert!(refused.code() == 400 && refused.message().contains(&format!("\\\"{key}\\\"")), "{refused}");
        }
        assert!(id(&"x".repeat(5000)).unwrap_err().message().len() < 300);
    }
}
