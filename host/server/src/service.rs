//! What all handlers share.

use std::sync::Arc;

use axum::http::HeaderMap;
use stockade::meters::HTTP_DURATION;
use stockade::{Clock, Fault, Host, Principal};
use tokio::sync::watch;

use crate::access::{self, said_token};
use crate::answered::Answered;
use crate::audit::Audit;
use crate::feed::Feed;
use crate::gate::{Each, Gate};
use crate::oidc::Oidc;
use crate::peer::Peer;
use crate::problem::{Answer, Problem, is_of_server};
use crate::rate::{Rate, held};
use crate::{Access, Limits};

/// Is told the errors of which a client is told little.
pub(crate) type Told = Arc<dyn Fn(&Fault) + Send + Sync>;

/// Is told of each request that was answered.
pub(crate) type Heard = Arc<dyn Fn(&Answered<'_>) + Send + Sync>;

/// What a server is made of.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) host: Host,
    pub(crate) access: Access,
    pub(crate) oidc: Option<Arc<Oidc>>,
    pub(crate) audit: Option<Audit>,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    pub(crate) told: Told,
    pub(crate) heard: Heard,
}

/// What all handlers share. A cheap handle.
#[derive(Clone)]
pub(crate) struct Service(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    /// How often a principal may ask.
    pub(crate) rate: Rate,
    /// How often a peer may come to a door that asks for no token.
    pub(crate) free: Rate,
    /// How often a peer may come with a token that is not known.
    pub(crate) failures: Rate,
    pub(crate) requests: Gate,
    pub(crate) streams: Gate,
    /// What the streams of all runs follow.
    pub(crate) feed: Feed,
    pub(crate) uploads: Gate,
    /// What a principal reads at the same time, streams apart.
    pub(crate) reads: Each,
    /// Whether the server is being ended: streams end then.
    pub(crate) closing: watch::Receiver<bool>,
}

impl Service {
    pub(crate) fn new(settings: Settings, closing: watch::Receiver<bool>) -> Self {
        let (limits, clock) = (&settings.limits, || settings.clock.clone());
        let of_requests =
            || Rate::new("requests_per_second", limits.requests_per_second, limits.requests_burst, clock());
        let (rate, free) = (of_requests().beside_others(), of_requests());
        let failures = Rate::new("failures_per_second", limits.failures_per_second, limits.failures_burst, clock());
        let requests = Gate::new("requests", limits.requests, limits.requests_each, limits.queue_time);
        let streams = Gate::new("streams", limits.streams, limits.streams_each, limits.queue_time);
        // Each may take as much memory as a component has bytes.
        let uploads = Gate::new("uploads", 1, 1, limits.queue_time);
        let reads =
            Each::new("reads", limits.requests_each, limits.queue_time).beside_others(limits.reads_beside_others);
        let feed = Feed::new(settings.host.clone());
        Self(Arc::new(Shared { settings, rate, free, failures, requests, streams, uploads, reads, feed, closing }))
    }

    pub(crate) fn host(&self) -> &Host {
        &self.0.settings.host
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.settings.limits
    }

    /// Returns how many things a page has, where a client asks for so many.
    pub(crate) fn page(&self, asked: Option<usize>) -> usize {
        asked.unwrap_or(usize::MAX).clamp(1, self.limits().page)
    }

    /// Returns the log of changes, if one is kept.
    pub(crate) fn audit(&self) -> Option<&Audit> {
        self.0.settings.audit.as_ref()
    }

    /// Returns whether a request needs no token.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.0.settings.access, Access::Open(_))
    }

    /// Returns who a request is of. A peer that has come too often with tokens that are not known is not looked at.
    pub(crate) async fn principal(&self, headers: &HeaderMap, peer: Option<Peer>) -> Answer<Principal> {
        match &self.0.settings.access {
            Access::Tokens => self.of_token(access::token(headers)?, peer).await,
            Access::Open(principal) => {
                access::check_own(headers)?;
                Ok(principal.clone())
            }
        }
    }

    /// Lets a peer through to a door that asks for no token, unless it has come too often.
    pub(crate) fn free(&self, peer: Option<Peer>) -> Answer<()> {
        peer.map_or(Ok(()), |peer| self.0.free.take(&peer.key()))
    }

    /// Returns whose a token is that a peer has sent.
    pub(crate) async fn of_token(&self, token: &str, peer: Option<Peer>) -> Answer<Principal> {
        self.counted(peer, self.known(token)).await
    }

    /// Waits for the answer to a peer's token or login, unless the peer was refused too often. A refusal is counted.
    pub(crate) async fn counted<T>(&self, peer: Option<Peer>, found: impl Future<Output = Answer<T>>) -> Answer<T> {
        let peer = peer.map(Peer::key);
        held(peer.as_deref().map_or(Ok(()), |peer| self.0.failures.check(peer))).await?;
        let found = found.await;
        if let (Some(peer), Err(problem)) = (peer, &found)
            && problem.is_unauthorized()
        {
            held(self.0.failures.take(&peer)).await?;
        }
        found
    }

    async fn known(&self, token: &str) -> Answer<Principal> {
        access::of_token(self.host(), self.0.settings.oidc.as_ref(), token).await
    }

    /// Returns the token under which a request is made, where there are tokens.
    pub(crate) fn token(&self, headers: &HeaderMap) -> Option<String> {
        if self.is_open() { None } else { said_token(headers).map(str::to_owned) }
    }

    /// Returns whether a token is known no more. A journal or a provider that fails now may not fail the next time.
    pub(crate) async fn is_lost(&self, token: &str) -> bool {
        self.known(token).await.as_ref().err().is_some_and(Problem::is_unauthorized)
    }

    /// Counts a request that was answered, and tells of it. A method that a client has made up is neither a label nor a line of
    /// the log, which it would make as long as a head.
    pub(crate) fn answered(&self, answered: &Answered<'_>) {
        const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"];
        let method = if METHODS.contains(&answered.method) { answered.method } else { "_OTHER" };
        let answered = &Answered { method, ..*answered };
        let labels = [method, answered.route, &answered.status.to_string()];
        self.host().meters().time(&HTTP_DURATION, &labels, answered.took);
        (self.0.settings.heard)(answered);
    }

    /// Returns the function that is told the faults that clients are not told.
    pub(crate) fn told(&self) -> Told {
        Arc::clone(&self.0.settings.told)
    }

    /// Tells the operator.
    pub(crate) fn tell(&self, fault: &Fault) {
        (self.0.settings.told)(fault);
    }

    /// Tells the operator of a failure of the server that a client is told of in an answer without its status: within a stream or
    /// a view. The guard tells of all others.
    pub(crate) fn tell_within(&self, fault: &Fault) {
        if is_of_server(fault.kind) {
            self.tell(fault);
        }
    }

    /// Waits until the server is being ended. One that is mounted in another service never is.
    pub(crate) async fn closing(self) {
        let mut closing = self.0.closing.clone();
        if closing.wait_for(|is_closing| *is_closing).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
