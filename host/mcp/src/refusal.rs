//! Why a request is not answered with a result.

use rmcp::ErrorData;
use serde_json::json;
use stockade::Fault;

/// Why a request is not answered with a result.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The request itself is wrong: the client's program is told.
    Protocol(ErrorData),
    /// What it asks for is not done: the agent is told.
    Fault(Fault),
}

impl Refusal {
    pub(crate) fn params(message: impl Into<String>) -> Self {
        Self::Protocol(ErrorData::invalid_params(message.into(), None))
    }

    /// There is no resource of this address. The protocol wants the address beside the words.
    pub(crate) fn no_resource(address: &str) -> Self {
        let shown = shortened(address);
        let message = format!("there is no \"{}\"", shown.escape_debug());
        Self::Protocol(ErrorData::resource_not_found(message, Some(json!({"uri": shown}))))
    }

    /// There is no skill of this address.
    pub(crate) fn no_skill(address: &str) -> Self {
        Self::params(format!("there is no skill \"{}\"", shortened(address).escape_debug()))
    }
}

/// Shortens an address that a client has sent.
fn shortened(address: &str) -> String {
    address.chars().take(200).collect()
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What the parts of a request return.
pub(crate) type Answer<T> = Result<T, Refusal>;
