//! Why a request to a server has no result, and what that means for a call.

use stockade::{Fault, Kind};

use crate::message::Refused;

/// Why a request has no result.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// It was not sent, or the server has not begun with it.
    Unsent(String),
    /// It was sent, and what has become of it is not known.
    Lost(String),
    /// The server answered with an error.
    Refused(Refused),
}

impl Failure {
    /// Returns what it says.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Unsent(why) | Self::Lost(why) => why.clone(),
            Self::Refused(Refused { code, message, .. }) => format!("it answered with error {code}: {message}"),
        }
    }

    /// Returns the error of a call.
    ///
    /// A tool of the host tells by the kind whether a call may have happened: one that a server answered with an error, or that it
    /// never got, has ended.
    pub(crate) fn of_call(&self, server: &str) -> Fault {
        let kind = match self {
            Self::Unsent(_) | Self::Refused(_) => Kind::GuestError,
            Self::Lost(_) => Kind::UnknownOutcome,
        };
        Fault::new(kind, format!("MCP server \"{server}\": {}", self.message()))
    }

    /// Returns the error of what changes nothing on the server: the handshake, a list.
    pub(crate) fn of_question(&self, server: &str) -> Fault {
        Fault::new(Kind::GuestError, format!("MCP server \"{server}\": {}", self.message())).detail("mcp")
    }
}
