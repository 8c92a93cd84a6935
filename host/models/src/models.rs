use std::collections::BTreeMap;
use std::sync::Arc;

use stockade_workflow::{Fault, Kind, ModelOutcome, Question, Reply, Usage};

use super::asking::{Asking, is_long};
use super::{Asked, Failure, Named, Player, Recorder, Recording, Replay, Request, Retrying, Terms, Told, Tried};
use crate::Result;

/// The models of a host, by name.
#[derive(Default)]
pub struct Models {
    models: BTreeMap<String, Named>,
    default: Option<String>,
}

impl Models {
    /// Gathers models. `default` is the name of the one that questions without a name go to; an only model is it anyway.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] where the default or a fallback is no model, or a name is there twice.
    pub fn new(models: impl IntoIterator<Item = Named>, default: Option<String>) -> Result<Self> {
        let mut gathered = Self::default();
        for named in models {
            let name = named.name().to_owned();
            if gathered.models.insert(name.clone(), named).is_some() {
                return Err(Fault::invalid("model", format!("the model \"{name}\" is there twice")));
            }
        }
        let only = gathered.models.keys().next().filter(|_| gathered.models.len() == 1).cloned();
        gathered.default = default.or(only);
        gathered.check()?;
        Ok(gathered)
    }

    /// Returns the names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.models.keys().map(String::as_str)
    }

    /// Returns a model by its name, or the default.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`], with the names that there are and what would add one.
    pub fn get(&self, name: Option<&str>) -> Result<&Named> {
        let found = name.or(self.default.as_deref()).and_then(|name| self.models.get(name));
        found.ok_or_else(|| self.missing(name))
    }

    /// Returns the most tokens that the answer to a question may have.
    ///
    /// # Errors
    ///
    /// As [`Models::get`].
    pub fn tokens_max(&self, question: &Question) -> Result<u32> {
        Ok(self.get(question.model.as_deref())?.tokens_max(question))
    }

    /// Returns what to reserve for a question, so that the dearest of the model and its fallbacks can be asked, and the
    /// least with which the model itself is.
    ///
    /// # Errors
    ///
    /// As [`Models::get`] and [`Named::price`].
    pub fn price(&self, name: Option<&str>, request: &Request<'_>) -> Result<(Usage, Usage)> {
        let (mut wish, least) = self.get(name)?.price(request)?;
        for fallback in self.fallbacks(name, request)? {
            let (more, _) = fallback.price(request)?;
            wish.model_calls = wish.model_calls.saturating_add(more.model_calls);
            wish.tokens = wish.tokens.max(more.tokens);
            wish.money_micros = wish.money_micros.max(more.money_micros);
            wish.wall_us = wish.wall_us.saturating_add(more.wall_us);
        }
        Ok((wish, least))
    }

    /// Returns a model, or the default, and its fallbacks, in the order in which they are asked.
    ///
    /// # Errors
    ///
    /// As [`Models::get`].
    pub fn chain(&self, name: Option<&str>) -> Result<Vec<&str>> {
        let first = self.get(name)?;
        let fallbacks = first.settings().fallbacks.iter().map(String::as_str);
        Ok([first.name()].into_iter().chain(fallbacks).collect())
    }

    /// Asks a model, and its fallbacks where it fails in a way that may pass. Returns the outcome and what was used: no
    /// attempt is begun beyond what is reserved.
    ///
    /// After an attempt that failed in the midst of an answer, `told` gets the next one's from its beginning; `retrying` is
    /// told of each further attempt before the wait for it.
    pub async fn ask(
        &self,
        name: Option<&str>,
        request: &Request<'_>,
        terms: &Terms<'_>,
        told: &Told<'_>,
        retrying: &Retrying<'_>,
    ) -> Asked {
        let mut asking = Asking::new(&terms.reserved, terms.seed, retrying);
        let mut tried = Vec::new();
        let asked =
            self.ask_each(name, request, &mut Trial { asking: &mut asking, terms, tried: &mut tried }, told).await;
        let (outcome, retry_after) = match asked {
            Ok(reply) => (ModelOutcome::Replied(Box::new(reply)), None),
            Err(failure) => {
                let wait = failure.retry_after.filter(|wait| failure.is_retryable && is_long(*wait));
                (ModelOutcome::Failed(*failure.fault), wait)
            }
        };
        Asked { outcome, used: asking.settled(), retry_after, tried }
    }

    /// Records what the models are asked and answer.
    #[must_use]
    pub fn record(self, recording: &Arc<Recording>) -> Self {
        self.wrap(|named| named.wrap(|model, name| Box::new(Recorder::new(name, model, Arc::clone(recording)))))
    }

    /// Answers from what was recorded. No model is asked.
    #[must_use]
    pub fn replay(self, replay: &Arc<Replay>) -> Self {
        self.wrap(|named| named.wrap(|_, name| Box::new(Player::new(name, Arc::clone(replay)))))
    }

    fn wrap(self, wrap: impl Fn(Named) -> Named) -> Self {
        let models = self.models.into_iter().map(|(name, named)| (name, wrap(named))).collect();
        Self { models, ..self }
    }

    async fn ask_each(
        &self,
        name: Option<&str>,
        request: &Request<'_>,
        trial: &mut Trial<'_, '_>,
        told: &Told<'_>,
    ) -> Result<Reply, Failure> {
        let mut asked = trial.ask(self.get(name)?, request, told).await;
        for fallback in self.fallbacks(name, request)? {
            let first = match asked {
                Err(failure) if failure.is_retryable => failure,
                asked => return asked,
            };
            asked = trial.ask(fallback, request, told).await;
            if asked.as_ref().is_err_and(|failure| failure.fault.breach.is_some()) {
                // That nothing is left for the fallback says less than why it was needed.
                return Err(first);
            }
        }
        asked
    }

    /// The fallbacks of a model that take the question: not each sees pictures.
    fn fallbacks<'a>(&'a self, name: Option<&str>, request: &Request<'_>) -> Result<impl Iterator<Item = &'a Named>> {
        let fallbacks = self.get(name)?.settings().fallbacks.iter();
        let takes = |named: &&Named| named.check(request).is_ok();
        Ok(fallbacks.filter_map(|fallback| self.models.get(fallback)).filter(takes).collect::<Vec<_>>().into_iter())
    }

    fn check(&self) -> Result<()> {
        if self.default.as_ref().is_some_and(|default| !self.models.contains_key(default)) {
            return Err(self.missing(self.default.as_deref()));
        }
        for named in self.models.values() {
            for fallback in &named.settings().fallbacks {
                if fallback == named.name() || !self.models.contains_key(fallback) {
                    let there = self.there();
                    let message =
                        format!("the model \"{}\" cannot fall back on \"{fallback}\"; there are {there}", named.name());
                    return Err(Fault::invalid("model", message));
                }
            }
        }
        Ok(())
    }

    fn missing(&self, name: Option<&str>) -> Fault {
        let (there, example) = (self.there(), name.unwrap_or("main"));
        let what = match name {
            Some(name) => format!("there is no model \"{name}\""),
            None if self.models.is_empty() => "there is no model".to_owned(),
            None => "no model is the default; name one, or set default = true at one".to_owned(),
        };
        let there = if self.models.is_empty() { String::new() } else { format!("; there are {there}") };
        let add = format!("[model.{example}] with `provider` and `model` in the configuration adds one");
        Fault::new(Kind::NotFound, format!("{what}{there}; {add}")).detail("model")
    }

    fn there(&self) -> String {
        let names = self.names().map(|name| format!("\"{name}\"")).collect::<Vec<_>>();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }
}

/// One asking that goes from model to model.
struct Trial<'a, 'b> {
    asking: &'a mut Asking<'b>,
    terms: &'a Terms<'a>,
    tried: &'a mut Vec<Tried>,
}

impl Trial<'_, '_> {
    /// Asks one model, unless it is not to be asked now, and notes what came of it.
    async fn ask(&mut self, named: &Named, request: &Request<'_>, told: &Told<'_>) -> Result<Reply, Failure> {
        if let Some(fault) = self.terms.barred.get(named.name()) {
            return Err(Failure::from(fault.clone()).retryable());
        }
        let asked = named.ask(request, self.asking, told).await;
        let fault = match &asked {
            Ok(_) => Some(None),
            // Of a question that no model takes, or that was not paid for, a model is not to blame.
            Err(failure) => failure.is_retryable.then(|| Some((*failure.fault).clone())),
        };
        self.tried.extend(fault.map(|fault| Tried { model: named.name().to_owned(), fault }));
        asked
    }
}
