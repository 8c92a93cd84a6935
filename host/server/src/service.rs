//! What all handlers share.

use std::sync::Arc;

use stockade::meters::HTTP_DURATION;
use stockade::{Fault, Host};
use tokio::sync::watch;

use crate::answered::Answered;
use crate::feed::Feed;
use crate::gate::Gate;
use crate::problem::is_of_server;
use crate::{Access, Limits};

/// Is told the errors of which a client is told little.
pub(crate) type Told = Arc<dyn Fn(&Fault) + Send + Sync>;

/// Is told of each request that was answered.
pub(crate) type Heard = Arc<dyn Fn(&Answered<'_>) + Send + Sync>;

/// What all handlers share. A cheap handle.
#[derive(Clone)]
pub(crate) struct Service(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) host: Host,
    pub(crate) access: Access,
    pub(crate) limits: Limits,
    pub(crate) requests: Gate,
    pub(crate) streams: Gate,
    /// What the streams of all runs follow.
    pub(crate) feed: Feed,
    pub(crate) uploads: Gate,
    /// Whether the server is being ended: streams end then.
    pub(crate) closing: watch::Receiver<bool>,
    pub(crate) told: Told,
    pub(crate) heard: Heard,
}

impl Service {
    pub(crate) fn new(
        host: Host,
        access: Access,
        limits: Limits,
        (told, heard): (Told, Heard),
        closing: watch::Receiver<bool>,
    ) -> Self {
        let Limits { requests, requests_each, streams, streams_each, queue_time, .. } = limits;
        let requests = Gate::new("requests", requests, requests_each, queue_time);
        let streams = Gate::new("streams", streams, streams_each, queue_time);
        // Each may take as much memory as a component has bytes.
        let uploads = Gate::new("uploads", 1, 1, queue_time);
        let feed = Feed::new(host.clone());
        Self(Arc::new(Shared { host, access, limits, requests, streams, uploads, feed, closing, told, heard }))
    }

    pub(crate) fn host(&self) -> &Host {
        &self.0.host
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Counts a request that was answered, and tells of it. A method that a client has made up is not a label.
    pub(crate) fn answered(&self, answered: &Answered<'_>) {
        const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"];
        let method = if METHODS.contains(&answered.method) { answered.method } else { "_OTHER" };
        let labels = [method, answered.route, &answered.status.to_string()];
        self.host().meters().time(&HTTP_DURATION, &labels, answered.took);
        (self.0.heard)(answered);
    }

    /// Tells the operator.
    pub(crate) fn tell(&self, fault: &Fault) {
        (self.0.told)(fault);
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
