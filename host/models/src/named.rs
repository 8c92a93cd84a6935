use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stockade_workflow::{Fault, Kind, Message, Part, Question, Reply, Usage, json};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout};

use super::asking::{Asking, least};
use super::price::WRITTEN;
use super::{Failure, Model, Price, Request, Told, estimate};
use crate::Result;

/// How many questions a model is asked at once, where the configuration does not say; more wait. Most providers allow about
/// as much to a small account.
const CONCURRENCY: usize = 8;
/// As many as a machine has sockets for.
const CONCURRENCY_MAX: usize = 256;
/// The whole of an asking takes no longer than this many attempts: one may run out of time and another still be made.
const TIMEOUTS: u32 = 2;
/// An asking with less time is not begun.
const WALL_US_MIN: u64 = 1_000_000;
/// What providers take.
const IMAGE_TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/// Bytes of the arguments of all calls of one answer; the longest answers have as many. Each is kept several times, in the
/// run's state and in its journal.
const ARGUMENTS_BYTES_MAX: u64 = 1 << 20;
/// No provider takes larger ones; in base64.
const IMAGE_BYTES_MAX: usize = 12 << 20;
const MINUTE: Duration = Duration::from_secs(60);

/// A model of a host's configuration.
pub struct Named {
    name: String,
    model: Box<dyn Model>,
    settings: Settings,
    slots: Semaphore,
    /// When the next question may be asked, where their rate is limited.
    next: Mutex<Option<Instant>>,
}

/// How a model is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What it costs. A model without a price is not asked.
    pub price: Option<Price>,
    /// The most tokens of an answer.
    pub tokens_max: u32,
    /// The longest that one attempt takes.
    pub timeout: Duration,
    /// How often it is asked again where that may help.
    pub retries: u32,
    /// The names of the models that are asked instead when it does not answer, in order.
    pub fallbacks: Vec<String>,
    /// How many questions it is asked at once.
    pub concurrency: usize,
    /// The most questions in a minute, evenly spread.
    pub requests_per_minute: Option<u32>,
    /// Whether it takes pictures.
    pub images: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            price: None,
            tokens_max: 4_096,
            timeout: Duration::from_secs(60),
            retries: 2,
            fallbacks: Vec::new(),
            concurrency: CONCURRENCY,
            requests_per_minute: None,
            images: true,
        }
    }
}

impl Named {
    /// Names a model.
    pub fn new(name: impl Into<String>, model: Box<dyn Model>, settings: Settings) -> Self {
        let slots = Semaphore::new(settings.concurrency.clamp(1, CONCURRENCY_MAX));
        Self { name: name.into(), model, settings, slots, next: Mutex::new(None) }
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns how it is asked.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the most tokens that the answer to a question may have: what it says, within what this model's
    /// configuration allows.
    pub fn tokens_max(&self, question: &Question) -> u32 {
        question.tokens_max.unwrap_or(u32::MAX).min(self.settings.tokens_max)
    }

    /// Returns what to reserve for a question: what is wished for, and the least with which it is asked at all.
    ///
    /// The tokens are those of one attempt: the question's are estimated from its bytes, and all of `tokens_max` is
    /// wished for. [`Models::price`](super::Models::price) knows the fallbacks too.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](stockade_workflow::Kind::Invalid) with detail `price` where the model has none, `tokens_max` where the
    /// answer may have no tokens, or `image` where it does not take a picture.
    pub fn price(&self, request: &Request<'_>) -> Result<(Usage, Usage)> {
        let price = self.priced()?;
        self.check(request)?;
        let (question, most) = (estimate::question(request), self.wanted(request));
        let usage = |calls: u32, answer: u32, wall_us| {
            Usage::default()
                .model_calls(u64::from(calls))
                .tokens(question.saturating_add(u64::from(answer)))
                .money_micros(price.cost(question, u64::from(answer)))
                .wall_us(wall_us)
        };
        let wall_us = u64::try_from(self.settings.timeout.saturating_mul(TIMEOUTS).as_micros()).unwrap_or(u64::MAX);
        let wish = usage(self.settings.retries.saturating_add(1), most, wall_us);
        Ok((wish, usage(1, least(most), wall_us.min(WALL_US_MIN))))
    }

    /// Puts another model in the place of this one, such as one that records it.
    #[must_use]
    pub(super) fn wrap(mut self, wrap: impl FnOnce(Box<dyn Model>, &str) -> Box<dyn Model>) -> Self {
        self.model = wrap(self.model, &self.name);
        self
    }

    /// Asks until it answers or asking makes no sense.
    pub(super) async fn ask(
        &self,
        request: &Request<'_>,
        asking: &mut Asking<'_>,
        told: &Told<'_>,
    ) -> Result<Reply, Failure> {
        self.check(request)?;
        let mut attempts = 0;
        loop {
            let failure = match self.attempt(request, asking, told).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            attempts += 1;
            let is_over = !failure.is_retryable || attempts > self.settings.retries || !self.allows(request, asking);
            // The last failure says more than that there is no further attempt.
            let attempts_max = self.settings.retries.saturating_add(1);
            if is_over || !asking.pause(&self.name, attempts, attempts_max, &failure).await {
                return Err(failure);
            }
        }
    }

    async fn attempt(&self, request: &Request<'_>, asking: &mut Asking<'_>, told: &Told<'_>) -> Result<Reply, Failure> {
        let price = self.priced()?;
        let _slot = self.slot(asking.left()).await?;
        let tokens_in = estimate::question(request);
        let wanted = self.wanted(request);
        let request = Request { tokens_max: asking.attempt(tokens_in, wanted, &price)?, ..*request };
        match self.timed(&request, asking.left().min(self.settings.timeout), told).await {
            Ok(mut reply) => {
                count(&mut reply, tokens_in, estimate::question_min(&request));
                asking.book(reply.tokens_in, reply.tokens_out, &price);
                self.check_arguments(&reply)?;
                Ok(reply)
            }
            Err(failure) => {
                asking.book(failure.tokens_in, failure.tokens_out, &price);
                Err(failure)
            }
        }
    }

    /// Checks how much is said to all tools together. What one call may say, its tool limits.
    fn check_arguments(&self, reply: &Reply) -> Result<()> {
        let used = reply.calls.iter().map(|call| json::bytes(&call.arguments)).fold(0, u64::saturating_add);
        if used <= ARGUMENTS_BYTES_MAX {
            return Ok(());
        }
        let message = format!(
            "the model \"{}\" answered with {} calls whose arguments are {used} bytes together, and the host takes \
             {ARGUMENTS_BYTES_MAX} of one answer; fewer or shorter calls at a time are taken",
            self.name,
            reply.calls.len()
        );
        let fault = Fault::limit(Kind::Model, "arguments_bytes", ARGUMENTS_BYTES_MAX, used, message);
        Err(fault.detail("too_large"))
    }

    /// Asks within a time. A provider that is left in the midst of its answer has worked for it.
    async fn timed(&self, request: &Request<'_>, within: Duration, told: &Told<'_>) -> Result<Reply, Failure> {
        let streamed = AtomicU64::new(0);
        let counted = |piece: &str| {
            streamed.fetch_add(piece.len() as u64, Ordering::Relaxed);
            told(piece);
        };
        let asked = timeout(within, self.model.ask(request, &counted)).await;
        let is_late = asked.is_err();
        let late = |_| {
            let message = format!("the model \"{}\" took longer than {within:?}", self.name);
            Err(Failure::new("timeout", message).retryable())
        };
        asked.unwrap_or_else(late).map_err(|failure| match streamed.into_inner() {
            0 if !is_late => failure,
            streamed => failure.with_tokens(estimate::question(request), estimate::bytes(streamed)),
        })
    }

    /// Waits for a free slot, and for its turn where their rate is limited.
    async fn slot(&self, within: Duration) -> Result<impl Drop + '_, Failure> {
        let turn = async {
            let slot = self.slots.acquire().await;
            sleep_until(self.turn()).await;
            slot
        };
        let busy = || {
            let message = format!(
                "the model \"{}\" was not free within {within:?}; `concurrency` and `requests_per_minute` of its \
                 configuration limit it",
                self.name
            );
            Failure::new("timeout", message).retryable()
        };
        timeout(within, turn).await.map_err(|_| busy())?.map_err(|_| busy())
    }

    fn turn(&self) -> Instant {
        let now = Instant::now();
        let Some(rate) = self.settings.requests_per_minute else { return now };
        // A thread that panicked with it left a whole time.
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let turn = next.unwrap_or(now).max(now);
        *next = Some(turn + MINUTE / rate.max(1));
        turn
    }

    fn allows(&self, request: &Request<'_>, asking: &Asking<'_>) -> bool {
        let price = self.settings.price.unwrap_or(Price::Free);
        asking.allows(estimate::question(request), self.wanted(request), &price)
    }

    fn wanted(&self, request: &Request<'_>) -> u32 {
        request.tokens_max.min(self.settings.tokens_max)
    }

    fn priced(&self) -> Result<Price> {
        let missing = || Fault::invalid("price", format!("the model \"{}\" has no price; {WRITTEN}", self.name));
        self.settings.price.ok_or_else(missing)
    }

    /// Checks that it takes a question.
    pub(super) fn check(&self, request: &Request<'_>) -> Result<()> {
        if request.tokens_max == 0 || self.settings.tokens_max == 0 {
            let message = format!("the model \"{}\" may answer with 0 tokens; allow more", self.name);
            return Err(Fault::invalid("tokens_max", message));
        }
        let parts = request.question.messages.iter().flat_map(|message| match message {
            Message::User { content } => content.as_slice(),
            Message::Assistant { .. } | Message::Tool { .. } => &[],
        });
        for part in parts {
            if let Part::Image { media_type, data } = part {
                self.check_image(media_type, data)?;
            }
        }
        Ok(())
    }

    fn check_image(&self, media_type: &str, data: &str) -> Result<()> {
        let invalid = |why: String| Err(Fault::invalid("image", why));
        if !self.settings.images {
            invalid(format!("the model \"{}\" takes no pictures; ask one that does, or set images = true", self.name))
        } else if !IMAGE_TYPES.contains(&media_type) {
            invalid(format!("\"{media_type}\" is not the type of a picture; models take {}", IMAGE_TYPES.join(", ")))
        } else if data.len() > IMAGE_BYTES_MAX {
            invalid(format!("a picture has {} bytes in base64 and {IMAGE_BYTES_MAX} are allowed", data.len()))
        } else if STANDARD.decode(data).is_err() {
            invalid("a picture is not in base64".to_owned())
        } else {
            Ok(())
        }
    }
}

/// Not every server counts, and some count less than there is: an answer is not free because its provider says so.
fn count(reply: &mut Reply, tokens_in: u64, tokens_in_min: u64) {
    let calls = reply.calls.iter().map(|call| call.name.len() + call.arguments.to_string().len()).sum::<usize>();
    let bytes = reply.text.len() + reply.reasoning.len() + calls;
    if reply.tokens_in == 0 && reply.tokens_out == 0 {
        (reply.tokens_in, reply.tokens_out) = (tokens_in, estimate::bytes(bytes as u64));
    }
    reply.tokens_in = reply.tokens_in.max(tokens_in_min);
    reply.tokens_out = reply.tokens_out.max(estimate::bytes_min(bytes));
}
