//! The sessions of clients of the older revisions over HTTP: so many at the same time, and each is its principal's.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use futures_util::Stream;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_server::session::local::{LocalSessionManager, LocalSessionManagerError};
use rmcp::transport::streamable_http_server::session::{ServerSseMessage, SessionId, SessionManager};

use crate::Limits;

/// The open sessions.
pub(crate) struct Sessions {
    open: LocalSessionManager,
    max: usize,
    each_max: usize,
    owners: Mutex<Owners>,
}

/// The principals of the sessions, with the order in which the sessions began.
#[derive(Default)]
struct Owners {
    begun: u64,
    by_session: BTreeMap<String, (String, u64)>,
}

/// Why a session is not begun or not found.
#[derive(Debug)]
pub(crate) enum NoSession {
    /// There are so many already.
    Full(usize),
    /// As the sessions themselves say.
    Failed(LocalSessionManagerError),
}

impl Sessions {
    pub(crate) fn new(limits: &Limits) -> Self {
        let mut open = LocalSessionManager::default();
        open.session_config.keep_alive = Some(limits.session_time);
        Self { open, max: limits.sessions, each_max: limits.sessions_each, owners: Mutex::default() }
    }

    /// Returns whether a session is of a principal.
    pub(crate) fn is_of(&self, session: &str, principal: &str) -> bool {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.by_session.get(session).is_some_and(|(owner, _)| owner == principal)
    }

    /// Says whose a new session is. A principal that has more than it may have loses its oldest one.
    pub(crate) async fn begun(&self, session: &str, principal: &str) {
        let alive: Vec<_> = self.open.sessions.read().await.keys().map(ToString::to_string).collect();
        let oldest = {
            let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
            owners.by_session.retain(|session, _| alive.contains(session));
            owners.add(session, principal, self.each_max)
        };
        if let Some(oldest) = oldest {
            // A session that cannot be closed ends by itself when nothing happens in it.
            let _ = self.open.close_session(&oldest.into()).await;
        }
    }
}

impl Owners {
    /// Adds a session, and returns the one that is to be closed for it.
    fn add(&mut self, session: &str, principal: &str, each_max: usize) -> Option<String> {
        self.begun = self.begun.saturating_add(1);
        self.by_session.insert(session.to_owned(), (principal.to_owned(), self.begun));
        let own = self.by_session.iter().filter(|(_, (owner, _))| owner == principal);
        let oldest = own.clone().min_by_key(|(_, (_, begun))| *begun).map(|(session, _)| session.clone());
        let oldest = oldest.filter(|_| own.count() > each_max)?;
        self.by_session.remove(&oldest);
        Some(oldest)
    }
}

impl SessionManager for Sessions {
    type Error = NoSession;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), NoSession> {
        if self.open.sessions.read().await.len() >= self.max {
            return Err(NoSession::Full(self.max));
        }
        Ok(self.open.create_session().await?)
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, NoSession> {
        Ok(self.open.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, NoSession> {
        Ok(self.open.has_session(id).await?)
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), NoSession> {
        Ok(self.open.close_session(id).await?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, NoSession> {
        Ok(self.open.create_stream(id, message).await?)
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), NoSession> {
        Ok(self.open.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, NoSession> {
        Ok(self.open.create_standalone_stream(id).await?)
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, NoSession> {
        Ok(self.open.resume(id, last_event_id).await?)
    }
}

impl From<LocalSessionManagerError> for NoSession {
    fn from(error: LocalSessionManagerError) -> Self {
        Self::Failed(error)
    }
}

impl fmt::Display for NoSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(max) => write!(f, "{max} sessions are open, and no more are allowed"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NoSession {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_loses_its_oldest_session_for_one_too_many_and_no_other_principal_does() {
        let mut owners = Owners::default();
        assert_eq!(
            [("a", "bot"), ("b", "eve"), ("c", "bot")].map(|(session, of)| owners.add(session, of, 2)),
            [None, None, None]
        );
        assert_eq!(owners.add("d", "bot", 2).as_deref(), Some("a"));
        assert_eq!(owners.by_session.keys().collect::<Vec<_>>(), ["b", "c", "d"]);
    }
}
