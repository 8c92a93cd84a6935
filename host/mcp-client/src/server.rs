//! A server that is asked: started when it is first called, started again with longer and longer rests, and compared with what a
//! person has accepted each time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use stockade::{Digest, Fault, Hint, Kind, Limits, Result, Scrubber};
use tokio::sync::{Mutex as AsyncMutex, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use crate::answer;
use crate::complaints::Complaints;
use crate::counts::{Counts, Unasked};
use crate::definition::Definition;
use crate::failure::Failure;
use crate::http::Http;
use crate::link::Link;
use crate::listing::Listing;
use crate::lock::lock;
use crate::offered::Offered;
use crate::pins::{Pin, Pins};
use crate::process::Order;
use crate::session::Session;
use crate::settings::Settings;
use crate::spec::{Place, Spec};
use crate::stdio::Stdio;
use crate::token::Token;

/// The rest after the second failure in a row: the first failure has no rest after it. It doubles up to the longest.
const REST: Duration = Duration::from_secs(1);
const REST_MAX: Duration = Duration::from_secs(60);

/// A server of a host.
pub(crate) struct Server {
    spec: Spec,
    settings: Settings,
    pins: Pins,
    /// The tools that are offered, with the digests that were accepted when the host started.
    offered: BTreeMap<String, Digest>,
    counts: Arc<Counts>,
    current: AsyncMutex<Option<Arc<Open>>>,
    slots: Semaphore,
    rest: Mutex<Rest>,
    /// Whether it ended when it was asked for the newer revision.
    is_old: AtomicBool,
}

/// A session whose tools were compared with what was accepted.
struct Open {
    session: Session,
    scrubber: Scrubber,
    /// The tools that are not called, each with the reason.
    unfit: Mutex<BTreeMap<String, String>>,
}

/// How long the server is left alone.
#[derive(Default)]
struct Rest {
    failed: u32,
    until: Option<Instant>,
    why: String,
}

impl Server {
    pub(crate) fn new(spec: Spec, settings: Settings, offered: BTreeMap<String, Digest>) -> Self {
        let slots = usize::try_from(spec.config.calls_at_once).unwrap_or(1).min(Semaphore::MAX_PERMITS);
        Self {
            pins: Pins::new(&settings.folder),
            spec,
            settings,
            offered,
            counts: Arc::default(),
            current: AsyncMutex::new(None),
            slots: Semaphore::new(slots),
            rest: Mutex::default(),
            is_old: AtomicBool::new(false),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.spec.name
    }

    /// Returns what the server sent that was not asked of it.
    pub(crate) fn unasked(&self) -> Unasked {
        self.counts.read()
    }

    /// Checks that the server is not left alone.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Unavailable`], with the reason of its last failure.
    pub(crate) fn check_rest(&self) -> Result<()> {
        match self.resting() {
            Some(why) => {
                Err(Fault::new(Kind::Unavailable, format!("MCP server \"{}\": {why}", self.name())).detail("mcp"))
            }
            None => Ok(()),
        }
    }

    fn resting(&self) -> Option<String> {
        let rest = lock(&self.rest);
        let left = rest.until?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        Some(format!(
            "it has failed {} times, and is left alone for {} ms: {}",
            rest.failed,
            left.as_millis(),
            rest.why
        ))
    }

    fn failed(&self, why: &str) {
        let why = self.scrubbed(why);
        let mut rest = lock(&self.rest);
        rest.failed = rest.failed.saturating_add(1);
        rest.until = wait(rest.failed).map(|wait| Instant::now() + wait);
        rest.why = why;
    }

    /// Calls a tool.
    ///
    /// # Errors
    ///
    /// Of the kinds by which the host tells that the call was not made or has ended, if that is so; else it is not known.
    pub(crate) async fn call(
        self: &Arc<Self>,
        tool: &str,
        offered: &Offered,
        arguments: &Value,
        limits: &Limits,
    ) -> Result<Value> {
        let ready = timeout(patience(limits), self.ready()).await.unwrap_or_else(|_| Err(still_starting()));
        let of_question = |failure: Failure| failure.of_question(self.name()).reworded(|said| self.scrubbed(said));
        let (_slot, open) = ready.map_err(of_question)?;
        if let Some(why) = lock(&open.unfit).get(tool) {
            return Err(self.not_accepted(tool, why));
        }
        match open.session.call(tool, &offered.input.value, arguments).await {
            Ok(mut result) => {
                *lock(&self.rest) = Rest::default();
                open.scrubber.value(&mut result);
                answer::value(self.name(), result, offered.output.as_ref(), limits.output_bytes)
            }
            Err(failure) => {
                if open.session.is_over() {
                    self.failed(&failure.message());
                }
                Err(failure.of_call(self.name()).reworded(|said| open.scrubber.text(said).into_owned()))
            }
        }
    }

    /// Waits for a turn and a session.
    async fn ready(self: &Arc<Self>) -> Result<(Option<SemaphorePermit<'_>>, Arc<Open>), Failure> {
        // It is never closed, so that there always is a turn in the end.
        let slot = self.slots.acquire().await.ok();
        Ok((slot, self.connected().await?))
    }

    fn not_accepted(&self, tool: &str, why: &str) -> Fault {
        let message = format!("MCP server \"{}\" may not be asked for \"{tool}\": {why}", self.name());
        Fault::new(Kind::Denied, message).detail("mcp").hint(Hint::AcceptServer(self.name().to_owned()))
    }

    /// Returns a session, which is begun beside the call: one that ends in the midst does not end what further calls need.
    async fn connected(self: &Arc<Self>) -> Result<Arc<Open>, Failure> {
        let server = Arc::clone(self);
        let begun = tokio::spawn(async move { server.open().await }).await;
        begun.unwrap_or_else(|error| Err(Failure::Unsent(error.to_string())))
    }

    async fn open(&self) -> Result<Arc<Open>, Failure> {
        let mut current = self.current.lock().await;
        if let Some(open) = current.take_if(|open| open.session.is_over() || open.session.take_changed())
            && !open.session.is_over()
        {
            let unfit = self.compared(&open.session).await?;
            *lock(&open.unfit) = unfit;
            *current = Some(open);
        }
        if let Some(open) = &*current {
            return Ok(Arc::clone(open));
        }
        if let Some(why) = self.resting() {
            return Err(Failure::Unsent(why));
        }
        let open = self.opened().await.inspect_err(|failure| self.failed(&failure.message()))?;
        let open = Arc::new(open);
        *current = Some(Arc::clone(&open));
        Ok(open)
    }

    async fn opened(&self) -> Result<Open, Failure> {
        let scrubber = self.scrubber()?;
        let session = self.begin().await?;
        let unfit = Mutex::new(self.compared(&session).await?);
        Ok(Open { session, scrubber, unfit })
    }

    /// Starts the server, or connects to it, and agrees with it on a revision.
    ///
    /// # Errors
    ///
    /// It does not start, or does not answer in time.
    pub(crate) async fn begin(&self) -> Result<Session, Failure> {
        let is_old = self.is_old.load(Ordering::Relaxed);
        let begun = async {
            match Session::begin(self.link().await?, is_old).await {
                // A program may end at a question that it does not know.
                Err(Failure::Lost(_)) if !is_old => {
                    let session = Session::begin(self.link().await?, true).await?;
                    self.is_old.store(true, Ordering::Relaxed);
                    Ok(session)
                }
                begun => begun,
            }
        };
        timeout(self.spec.start_timeout(), begun).await.unwrap_or_else(|_| Err(self.too_slow()))
    }

    /// Reads all that the server offers.
    ///
    /// # Errors
    ///
    /// It does not answer in time, or its list has no end.
    pub(crate) async fn list(&self, session: &Session) -> Result<Listing, Failure> {
        timeout(self.spec.start_timeout(), session.list()).await.unwrap_or_else(|_| Err(self.too_slow()))
    }

    fn too_slow(&self) -> Failure {
        let ms = self.spec.config.start_timeout_ms;
        Failure::Unsent(format!(
            "it has not said within {ms} ms what it offers; start_timeout_ms under [mcp.{}] allows more",
            self.name()
        ))
    }

    async fn link(&self) -> Result<Link, Failure> {
        match &self.spec.place {
            Place::Http(url) => {
                let client = stockade_system::http::client().map_err(|fault| Failure::Unsent(fault.message))?;
                let (token, secrets) = (Token::of(&self.spec.config), Arc::clone(&self.settings.secrets));
                Ok(Link::Http(Box::new(Http::new(client, url.clone(), token, secrets, Arc::clone(&self.counts)))))
            }
            Place::Process { program, arguments } => {
                let order = self.order(program, arguments)?;
                let (log, counts) = (Arc::clone(&self.settings.log), Arc::clone(&self.counts));
                let complaints = Complaints::new(self.name(), log, self.scrubber()?, counts);
                let started = Stdio::start(order, Arc::clone(&self.counts), complaints).await;
                let failed = |error| Failure::Unsent(format!("\"{}\" cannot be started: {error}", program.display()));
                Ok(Link::Stdio(Box::new(started.map_err(failed)?)))
            }
        }
    }

    fn order(&self, program: &std::path::Path, arguments: &[String]) -> Result<Order, Failure> {
        let folder = self.pins.home(self.name());
        let folder = folder.map_err(|error| Failure::Unsent(format!("its folder cannot be made: {error}")))?;
        let mut environment = self.spec.config.variables.clone();
        for (variable, name) in &self.spec.config.env {
            environment.insert(variable.clone(), self.secret(name)?);
        }
        Ok(match &self.settings.launcher {
            Some(launcher) => {
                let named = [program.to_string_lossy().into_owned()];
                let arguments = launcher.arguments.iter().chain(&named).chain(arguments).cloned().collect();
                Order { program: launcher.program.clone(), arguments, environment, folder }
            }
            None => Order { program: program.to_owned(), arguments: arguments.to_vec(), environment, folder },
        })
    }

    fn secret(&self, name: &str) -> Result<String, Failure> {
        (self.settings.secrets)(name).map_err(|fault| Failure::Unsent(fault.message))
    }

    /// What the server was given of secrets is nowhere in what it says.
    fn scrubber(&self) -> Result<Scrubber, Failure> {
        let values: Vec<_> = self.spec.config.secrets().map(|name| self.secret(name)).collect::<Result<_, _>>()?;
        Ok(Scrubber::redacting(values))
    }

    fn scrubbed(&self, said: &str) -> String {
        self.scrubber().map_or_else(|_| said.to_owned(), |scrubber| scrubber.text(said).into_owned())
    }

    /// Returns the tools that are not called, and notes those that a person must accept anew.
    async fn compared(&self, session: &Session) -> Result<BTreeMap<String, String>, Failure> {
        let listing = self.list(session).await?;
        let unread = |fault: Fault| Failure::Unsent(fault.message);
        let pins = self.pins.of(self.name()).map_err(unread)?;
        let offer = |tool: &String| listing.tools.get(tool);
        let changed: BTreeMap<_, _> = self
            .offered
            .iter()
            .filter_map(|(tool, digest)| Some((tool.clone(), changed(digest, offer(tool))?)))
            .collect();
        if !changed.is_empty() {
            self.pins.withdraw(self.name(), &changed).map_err(unread)?;
        }
        let mut unfit: BTreeMap<_, _> = self
            .offered
            .iter()
            .filter_map(|(tool, digest)| Some((tool.clone(), not_accepted(digest, pins.get(tool))?)))
            .collect();
        unfit.extend(changed);
        Ok(unfit)
    }
}

/// How long a call waits until it can be made: so much less than its time that it is known that it was not made.
fn patience(limits: &Limits) -> Duration {
    Duration::from_micros(limits.wall_us - limits.wall_us / 10)
}

fn still_starting() -> Failure {
    Failure::Unsent(
        "the call's time was over before the server had started or had a turn; it goes on starting".to_owned(),
    )
}

/// Why a tool is not called that was accepted with this digest, by what the server offers now.
fn changed(digest: &Digest, offered: Option<&Definition>) -> Option<String> {
    match offered {
        None => Some("the server has offered it no more since it was accepted".to_owned()),
        Some(definition) if definition.digest() != *digest => {
            Some("the server defines it otherwise than when it was accepted".to_owned())
        }
        Some(_) => None,
    }
}

/// Why a tool is not called that was accepted with this digest, by what is accepted now.
fn not_accepted(digest: &Digest, pin: Option<&Pin>) -> Option<String> {
    let Some(pin) = pin else { return Some("it is accepted no more".to_owned()) };
    if pin.withdrawn.is_some() {
        return pin.withdrawn.clone();
    }
    let is_same = pin.definition().is_some_and(|definition| definition.digest() == *digest);
    (!is_same).then(|| "another definition was accepted since this host has started; start the host again".to_owned())
}

/// How long a server rests that has failed so often in a row.
fn wait(failed: u32) -> Option<Duration> {
    let doublings = failed.checked_sub(2)?;
    Some(REST.saturating_mul(2_u32.saturating_pow(doublings)).min(REST_MAX))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rests_double_up_to_a_minute_and_begin_with_the_second_failure() {
        let waits: Vec<_> = [1, 2, 3, 4, 40, u32::MAX].map(wait).into();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(waits, [None, ms(1_000), ms(2_000), ms(4_000), ms(60_000), ms(60_000)]);
    }

    #[test]
    fn a_tool_is_called_only_as_it_was_accepted() {
        let definition =
            |text: &str| Definition::read(&json!({"name": "a", "description": text, "inputSchema": {}})).unwrap();
        let (accepted, other) = (definition("one"), definition("two"));
        let digest = accepted.digest();
        assert_eq!(changed(&digest, Some(&accepted)), None);
        assert!(changed(&digest, Some(&other)).unwrap().contains("otherwise"));
        assert!(changed(&digest, None).unwrap().contains("no more"));
        let mut pin = Pin::new(&accepted, 1);
        assert_eq!(not_accepted(&digest, Some(&pin)), None);
        assert!(not_accepted(&other.digest(), Some(&pin)).unwrap().contains("start the host again"));
        pin.withdrawn = Some("it was gone".to_owned());
        assert_eq!(not_accepted(&digest, Some(&pin)).as_deref(), Some("it was gone"), "it has come back");
        assert!(not_accepted(&digest, None).is_some());
    }
}
