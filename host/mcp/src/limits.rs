use std::time::Duration;

/// What clients may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest message on stdin, in bytes: arguments of a call have up to a MiB. A longer one is left out.
    pub message_bytes: usize,
    /// The longest text of a result, in bytes; of a longer one, its beginning and its end are told, and where the rest is.
    pub result_bytes: usize,
    /// How long a call is waited for. One that takes longer is answered with its run, which goes on.
    pub wait: Duration,
    /// How long what is in flight of a run may take to end when the client cancels it.
    pub grace: Duration,
    /// How many calls are waited for at the same time.
    pub calls: usize,
    /// How many functions of tools are listed. Where there are more, they are found by searching.
    pub listed: usize,
    /// How many sessions of the older revisions are open at the same time over HTTP.
    pub sessions: usize,
    /// How many of them may be of one principal; its oldest one is closed for a further one.
    pub sessions_each: usize,
    /// After how long a session is closed in which nothing happens.
    pub session_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 4 << 20,
            result_bytes: 48 << 10,
            // Less than clients wait by default, and than an answer of the server may take.
            wait: Duration::from_secs(20),
            grace: Duration::from_secs(5),
            calls: 64,
            listed: 64,
            sessions: 1_024,
            sessions_each: 16,
            session_time: Duration::from_secs(1_800),
        }
    }
}
