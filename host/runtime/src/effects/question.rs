//! A question to a model.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt as _;
use stockade_models::{Asked, Retry, Terms, Tried};
use stockade_workflow::{
    Change, Currency, Effect, EffectOutcome, Fault, FinishReason, Kind, ModelOutcome, Question, Reply, RunId, Usage,
    check_depth,
};

use super::{Ended, Handler, Work};
use crate::Result;
use crate::asking::Asking;
use crate::breakers::Of;
use crate::calls::seed;
use crate::run_log::RunLog;
use crate::services::Services;

pub(super) struct AskModel<'a> {
    pub(super) effect: &'a Effect,
    pub(super) question: &'a Question,
}

impl Handler for AskModel<'_> {
    fn price(&self, host: &Services) -> Result<(Usage, Usage)> {
        let (wish, least) = Asking::new(host, self.effect.key(), self.question)?.price()?;
        Ok((wish.steps(1), least.steps(1)))
    }

    fn permit(&self, _: &RunLog) -> Result<()> {
        Ok(())
    }

    fn intent(&self, run: &RunLog, amount: Usage) -> Result<Change> {
        Ok(run.reserved(self.effect, amount, None))
    }

    fn is_alone(&self, _: &Services) -> bool {
        false
    }

    fn begin<'a>(&'a self, run: &RunLog) -> Work<'a> {
        let (key, question, host) = (self.effect.key.clone(), self.question.clone(), Arc::clone(&run.host));
        let (id, amount) = (run.state().run(), untried(run, &key));
        Work::Beside(async move { ask(&host, id, &key, &question, &amount).await }.boxed())
    }

    fn failed(&self, fault: Fault) -> EffectOutcome {
        ModelOutcome::Failed(fault).into()
    }
}

/// What is reserved, without the attempts that were made before the provider wanted to be left alone.
fn untried(run: &RunLog, key: &str) -> Usage {
    let amount = run.in_time(key);
    let before = run.state().deferred(key).map_or(0, |deferred| deferred.used.model_calls);
    amount.model_calls(amount.model_calls.saturating_sub(before))
}

async fn ask(host: &Services, run: RunId, key: &str, question: &Question, amount: &Usage) -> (Ended, Usage) {
    match asked(host, run, key, question, amount).await {
        Ok(Asked { outcome, used, retry_after: Some(wait), .. }) => (Ended::Later(wait, outcome.into()), used),
        Ok(Asked { outcome, used, .. }) => (ended(outcome), used),
        Err(fault) => (Ended::As(ModelOutcome::Failed(fault).into()), Usage::default()),
    }
}

async fn asked(host: &Services, run: RunId, key: &str, question: &Question, amount: &Usage) -> Result<Asked> {
    let asking = Asking::new(host, key, question)?;
    let barred = barred(host, &asking.chain()?).await;
    let terms = Terms { reserved: *amount, seed: seed(&format!("{run}/{key}")), barred: &barred };
    let told = |piece: &str| host.hooks.piece(run, key, piece);
    let retrying = |retry: &Retry<'_>| host.hooks.retrying(run, key, retry);
    let asked = asking.ask(&terms, &told, &retrying).await?;
    for Tried { model, fault } in &asked.tried {
        host.note(Of::Model(model), fault.as_ref()).await;
    }
    Ok(asked)
}

/// The models that are left alone now. Where the first one answers, the rest of a fallback is not over for it.
async fn barred(host: &Services, chain: &[&str]) -> BTreeMap<String, Fault> {
    let mut barred = BTreeMap::new();
    for name in chain {
        if let Err(fault) = host.check_breaker(Of::Model(name)).await {
            barred.insert((*name).to_owned(), fault);
        }
    }
    barred
}

/// An answer that was cut off because the run had too few tokens or too little money for it is asked for again once it
/// has more.
fn ended(outcome: ModelOutcome) -> Ended {
    let ModelOutcome::Replied(reply) = outcome else { return Ended::asked(outcome) };
    let is_cut_off = reply.stop == FinishReason::Length;
    match readable(reply) {
        outcome @ ModelOutcome::Replied(_) if is_cut_off => {
            Ended::Short(Cow::Borrowed(&[Currency::Tokens, Currency::Money]), outcome.into())
        }
        outcome => Ended::As(outcome.into()),
    }
}

/// Takes what a model answered as the journal can read it back: arguments that nest too deep are a text that says so,
/// which no function takes.
fn readable(mut reply: Box<Reply>) -> ModelOutcome {
    for call in &mut reply.calls {
        if let Err(fault) = check_depth(Kind::Model, "the JSON object", &call.arguments) {
            call.arguments = fault.message.into();
        }
    }
    let carried = check_depth(Kind::Model, "what the provider wants carried", &reply.carried);
    carried.map_or_else(|fault| ModelOutcome::Failed(fault.detail("malformed")), |()| ModelOutcome::Replied(reply))
}
