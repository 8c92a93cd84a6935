//! How a driver hears of an order while effects are in flight.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use stockade_workflow::RunId;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep};

use crate::Result;
use crate::orders::{self, Order};
use crate::services::Services;

/// How often a driver looks for an order of another process while effects are in flight.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Waits for an order to the driver of a run.
pub(super) struct Watch {
    host: Arc<Services>,
    run: RunId,
    /// What is ordered in this process.
    told: watch::Receiver<Option<Order>>,
    /// When it looks for one of another process. One timer for all effects: to set one for each wakes a thread each time.
    look: Pin<Box<Sleep>>,
}

impl Watch {
    pub(super) fn new(host: Arc<Services>, run: RunId, told: watch::Receiver<Option<Order>>) -> Self {
        Self { host, run, told, look: Box::pin(sleep(LOOK_EVERY)) }
    }

    /// Returns the order that was given, if one was.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    async fn given(&self) -> Result<Option<Order>> {
        let told = self.told();
        if told.is_some() { Ok(told) } else { orders::left(&*self.host.journal, self.run).await }
    }

    /// Returns the order that was given in this process, if one was.
    pub(super) fn told(&self) -> Option<Order> {
        self.told.borrow().clone()
    }

    /// Returns an order once one is given. A journal that fails is asked again: the next commit tells.
    pub(super) async fn order(&mut self) -> Order {
        loop {
            self.next().await;
            if let Ok(Some(order)) = self.given().await {
                return order;
            }
        }
    }

    /// Returns when an order is given in this process, or it is time to look for one.
    async fn next(&mut self) {
        let Self { told, look, .. } = self;
        let told = async {
            if told.changed().await.is_err() {
                std::future::pending().await
            }
        };
        tokio::select! {
            biased;
            () = told => {}
            () = look.as_mut() => look.as_mut().reset(Instant::now() + LOOK_EVERY),
        }
    }

    /// Returns when an order is given and its grace is over.
    pub(super) async fn late(mut self) {
        let order = self.order().await;
        sleep(order.grace()).await;
    }
}
