use http::HeaderName;

/// Headers that a tool may send with any request that it was granted: they say what it wants, what it sends and who it is.
///
/// All else may mean something to a server or a proxy that stands between: another path or method, who asks and from
/// where, what was checked already. There are hundreds of such names, so that a list of them is never whole.
const USUAL: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "accept-language",
    "anthropic-beta",
    "anthropic-version",
    "api-key",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-type",
    "cookie",
    "date",
    "depth",
    "digest",
    "dnt",
    // It is what was asked for: the host sets it, and no guest can.
    "host",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "notion-version",
    "openai-organization",
    "openai-project",
    "origin",
    "pragma",
    "prefer",
    "range",
    "referer",
    "repr-digest",
    "soapaction",
    "stripe-account",
    "stripe-version",
    "tracestate",
    "traceparent",
    "user-agent",
    "x-api-key",
    "x-api-version",
    "x-auth-token",
    "x-client-version",
    "x-correlation-id",
    "x-csrf-token",
    "x-github-api-version",
    "x-request-id",
    "x-requested-with",
];

/// Returns whether a header may be sent without a grant that names it.
pub(super) fn is_usual(name: &HeaderName) -> bool {
    USUAL.contains(&name.as_str())
}
