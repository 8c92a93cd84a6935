use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use stockade_workflow::{Fault, Kind, Memory, NewMemory, Query, Remembered, RunId, Usage};

use crate::Result;
use crate::config::{self, Embedding};
use stockade_memory::{Charged, LongTerm};
use stockade_models::{Price, WRITTEN};

/// How long one look into the memory may take, a provider of embeddings included.
const WALL_US_MAX: u64 = 30_000_000;

/// Bytes of text in a token of an embedding, for what is reserved: no tokenizer makes more tokens of usual text.
const BYTES_PER_TOKEN: u64 = 2;

/// The long-term memory as runs use it: within what is reserved, and charged.
pub(crate) struct Recollection {
    pub(crate) memory: LongTerm,
    /// What tokens of the embedding cost.
    pub(crate) price: Option<Price>,
}

impl Recollection {
    /// Opens the memory that a configuration describes, `beside` being where it is if that names no file.
    ///
    /// # Errors
    ///
    /// The file or the database is not a memory of ours, has vectors of another embedding, or the embedding cannot be had.
    pub(crate) async fn open(
        beside: &Path,
        config: &config::Memory,
        secrets: &BTreeMap<String, String>,
        now_ms: u64,
    ) -> Result<Self> {
        let key = config.secret().map(|name| config::key_of(name, "the embedding of the long-term memory", secrets));
        let key = key.transpose()?;
        let memory = LongTerm::open(config.archive(beside, secrets).await?, config.embed(key)?, now_ms).await?;
        let price =
            if let Embedding::Provider(provider) = &config.embedding { provider.price } else { Some(Price::Free) };
        Ok(Self { memory, price })
    }

    /// What a text may cost, and the least without which it need not begin.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] where the embedding has no price.
    pub(crate) fn price(&self, text: &str) -> Result<(Usage, Usage)> {
        let least = Usage::default().steps(1).wall_us(1);
        let wish = least.wall_us(WALL_US_MAX);
        let price = match &self.price {
            Some(Price::Free) => return Ok((wish, least)),
            Some(price) => price,
            None => return Err(unpriced()),
        };
        let tokens = (text.len() as u64).div_ceil(BYTES_PER_TOKEN);
        let charged = |usage: Usage| usage.tokens(tokens).money_micros(price.cost(tokens, 0));
        Ok((charged(wish), charged(least)))
    }

    pub(crate) async fn remember(
        &self,
        note: &NewMemory,
        by: Option<(RunId, String)>,
        now_ms: u64,
        recalled: &[String],
        amount: &Usage,
    ) -> (Result<Remembered>, Usage) {
        self.charged(self.memory.remember(note, by, now_ms, recalled), amount).await
    }

    pub(crate) async fn recall(&self, query: &Query, now_ms: u64, amount: &Usage) -> (Result<Vec<Memory>>, Usage) {
        self.charged(self.memory.recall(query, now_ms), amount).await
    }

    async fn charged<T>(&self, work: impl Future<Output = Result<Charged<T>>>, amount: &Usage) -> (Result<T>, Usage) {
        let began = Instant::now();
        let limit = Duration::from_micros(amount.wall_us);
        let done = tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(late(limit)));
        let tokens = done.as_ref().map_or(0, |charged| charged.tokens);
        let money_micros = self.price.as_ref().map_or(0, |price| price.cost(tokens, 0));
        let wall_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        (done.map(|charged| charged.value), Usage::default().tokens(tokens).money_micros(money_micros).wall_us(wall_us))
    }
}

fn unpriced() -> Fault {
    let message = format!("the embedding of the long-term memory has no price; under [memory] embedding, {WRITTEN}");
    Fault::invalid("price", message)
}

fn late(limit: Duration) -> Fault {
    let message = format!("the long-term memory had not answered after {} ms", limit.as_millis());
    Fault::new(Kind::Model, message).detail("timeout")
}
