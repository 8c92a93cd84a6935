use std::time::Duration;

/// A request that was answered, for a log: [`Server::on_answer`](crate::Server::on_answer).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answered<'a> {
    /// The method, as in `GET`; `_OTHER` for one that no door has.
    pub method: &'a str,
    /// The door, as in `/v1/runs/{id}`: not what stands in the request, which may have names in it.
    pub route: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// How long it took until the answer began.
    pub took: Duration,
    /// Whose request it was, where that is known.
    pub principal: Option<&'a str>,
}
