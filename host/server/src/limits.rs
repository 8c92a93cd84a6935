use std::time::Duration;

/// What clients may take of a server. Every door has all of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest body of a request, in bytes: an input of a run has up to a MiB.
    pub body_bytes: usize,
    /// How long a client may take to send a body.
    pub body_time: Duration,
    /// The longest component that is uploaded, in bytes. One upload is read at a time.
    pub component_bytes: usize,
    /// How long a client may take to send a component.
    pub component_time: Duration,
    /// How long a client may take to send the head of a request.
    pub head_time: Duration,
    /// How long a client may take less than 64 KiB of what is written to it, while more waits; then its connection is closed.
    pub write_time: Duration,
    /// How long an answer may take; what was asked for goes on all the same. A decision waits up to ten seconds for the
    /// process that drives the run.
    pub answer_time: Duration,
    /// How many requests are worked on at the same time.
    pub requests: usize,
    /// How many of them may be of one principal.
    pub requests_each: usize,
    /// How many of them of one principal may read at the same time while others come, too; further ones wait. Runs are
    /// [begun](stockade::Host::start_run) one at a time of each principal then. So a flood of one leaves room for another.
    pub reads_beside_others: usize,
    /// How long a request waits for room among those.
    pub queue_time: Duration,
    /// How many requests a second may be of one principal, and, where this server listens by itself, may come from one address
    /// (of IPv6: from one /64) to doors that ask for no token; at least one.
    pub requests_per_second: u32,
    /// How many such requests may come at once before that holds. Of a principal beside which others ask within a second: as many
    /// as a tenth of a second has of the rate, and no more than this.
    pub requests_burst: u32,
    /// How many requests a second may come from one address (of IPv6: from one /64) with a token that is not known; beyond it,
    /// no request with a token is looked at. At least one. Only where this server listens by itself.
    pub failures_per_second: u32,
    /// How many of those may come at once before that holds.
    pub failures_burst: u32,
    /// How many streams of events are open at the same time.
    pub streams: usize,
    /// How many of them may be of one principal.
    pub streams_each: usize,
    /// How long a stream lasts; its client goes on from where it was cut off.
    pub stream_time: Duration,
    /// How often a stream without events says that it lives.
    pub heartbeat: Duration,
    /// How many connections are open at the same time; further ones wait in the system's queue.
    pub connections: usize,
    /// The most runs of one page.
    pub page: usize,
    /// How long what is in flight may take to end when the server is ended.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 2 << 20,
            body_time: Duration::from_secs(10),
            component_bytes: 32 << 20,
            component_time: Duration::from_secs(60),
            head_time: Duration::from_secs(10),
            write_time: Duration::from_secs(30),
            answer_time: Duration::from_secs(30),
            requests: 64,
            requests_each: 32,
            reads_beside_others: 2,
            requests_per_second: 500,
            requests_burst: 1_000,
            failures_per_second: 10,
            failures_burst: 100,
            queue_time: Duration::from_secs(5),
            streams: 1_024,
            streams_each: 512,
            stream_time: Duration::from_secs(3_600),
            heartbeat: Duration::from_secs(15),
            connections: 2_048,
            page: 100,
            grace: Duration::from_secs(10),
        }
    }
}
