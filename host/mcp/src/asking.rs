//! Questions that a client takes to a person: the address at which people decide, and never a form, which the agent could fill
//! in. What a client answers decides nothing: it may only give the call up.

use std::pin::pin;

use rmcp::RoleServer;
use rmcp::model::{
    ClientResult, CustomNotification, ElicitRequest, ElicitRequestParams, ElicitationAction, InputRequest,
    InputRequests, ServerNotification, ServerRequest,
};
use rmcp::service::{PeerRequestOptions, RequestContext};
use serde_json::json;
use stockade::RunState;
use tokio::time::sleep;

use crate::Mcp;
use crate::client::Client;
use crate::refusal::Answer;

/// The name of the one question that a client is asked to take to a person.
pub(crate) const QUESTION: &str = "approval";

/// The notification that tells a client that a person has decided at the address that the client has opened.
const COMPLETE: &str = "notifications/elicitation/complete";

impl Mcp {
    /// Returns the question of a run, for a client whose call may be answered with questions.
    pub(crate) fn questions(&self, client: &Client, state: &RunState) -> Option<InputRequests> {
        let (_, asked) = self.question(client, state)?;
        Some(InputRequests::from([(QUESTION.to_owned(), InputRequest::Elicitation(ElicitRequest::new(asked)))]))
    }

    /// Returns the question of a run, and the id by which it is known.
    fn question(&self, client: &Client, state: &RunState) -> Option<(String, ElicitRequestParams)> {
        let question = state.open_approval().filter(|_| client.opens_addresses)?;
        let url = self.outcomes().address(state.run())?;
        let message = format!("A person has to decide on a call of \"{}\".", question.call.tool);
        let id = format!("{}/{}", state.run(), question.key);
        let asked = ElicitRequestParams::UrlElicitationParams { meta: None, message, url, elicitation_id: id.clone() };
        Some((id, asked))
    }

    /// Asks a client of the revision of 2025-11-25 to take the question of a run to a person, and waits until the person has
    /// decided, or the client gives the call up. A client that does not answer is told in time how the run stands.
    pub(crate) async fn taken(
        &self,
        client: &Client,
        state: RunState,
        context: &RequestContext<RoleServer>,
    ) -> Answer<RunState> {
        let question = self.question(client, &state).filter(|_| client.takes_requests);
        let Some((_, asked)) = question else { return Ok(state) };
        let request = ServerRequest::ElicitRequest(ElicitRequest::new(asked));
        let sent = context.peer.send_request_with_option(request, PeerRequestOptions::no_options()).await;
        let Ok(mut sent) = sent else { return Ok(state) };
        let run = state.run();
        let mut decided = pin!(self.decided(run));
        let answer = tokio::select! {
            answer = &mut sent.rx => answer,
            after = &mut decided => {
                // A client that has gone hears nothing.
                let _ = sent.cancel(Some("a person has decided".to_owned())).await;
                return self.tell_decided(client, &state, after?, context).await;
            }
            // Earlier than the call is answered, so that the question is taken back.
            () = sleep(self.limits.wait * 9 / 10) => {
                let _ = sent.cancel(Some("the call is answered without it".to_owned())).await;
                return Ok(self.host.state(run).await?);
            }
        };
        let Ok(Ok(ClientResult::ElicitResult(answer))) = answer else { return Ok(self.host.state(run).await?) };
        if matches!(answer.action, ElicitationAction::Decline | ElicitationAction::Cancel) {
            self.stop(client, run).await?;
            return Ok(self.host.state(run).await?);
        }
        self.tell_decided(client, &state, decided.await?, context).await
    }

    /// Tells a client that a person has decided on the question that a run had before.
    pub(crate) async fn tell_decided(
        &self,
        client: &Client,
        before: &RunState,
        after: RunState,
        context: &RequestContext<RoleServer>,
    ) -> Answer<RunState> {
        let key = |state: &RunState| state.open_approval().map(|question| question.key.clone());
        let is_decided = key(before) != key(&after);
        let question = self.question(client, before).filter(|_| client.takes_requests && is_decided);
        if let Some((id, _)) = question {
            let complete = CustomNotification::new(COMPLETE, Some(json!({"elicitationId": id})));
            // A client that has gone hears nothing.
            let _ = context.peer.send_notification(ServerNotification::CustomNotification(complete)).await;
        }
        Ok(after)
    }
}
