//! One request over `wasi:http`, and its answer. A crate that takes this file in has made bindings of the interface.

use crate::wasi::http::outgoing_handler;
use crate::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use crate::wasi::io::streams::StreamError;

/// What `blocking-write-and-flush` takes at once.
const WRITE_BYTES_MAX: usize = 4096;

/// How much is read at once.
const READ_BYTES: u64 = 64 << 10;

/// A request.
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// Whether it goes over TLS.
    pub is_tls: bool,
    /// The host, and its port where that is not the usual one.
    pub authority: &'a str,
    /// The path with the query.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a [(String, String)],
    /// The body; none where the request has none.
    pub body: Option<&'a [u8]>,
    /// How much of the answer's body is read at most.
    pub bytes_max: usize,
}

/// An answer.
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
    /// Whether there was more.
    pub is_truncated: bool,
}

impl Response {
    /// Returns the first header of a name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer.
pub enum Error {
    /// The host does not allow it; what the host says of that stands beside the error of this call.
    Denied,
    /// Something went wrong on the way.
    Failed(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Denied => f.write_str("the host denied the request"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// Sends a request and reads its answer.
pub fn send(request: &Request) -> Result<Response, Error> {
    let outgoing = outgoing(request)?;
    let body = if request.body.is_some() { Some(outgoing.body().map_err(|()| failed("no body"))?) } else { None };
    let future = outgoing_handler::handle(outgoing, None).map_err(error)?;
    if let Some((body, bytes)) = body.zip(request.body) {
        match write(&body, bytes) {
            Ok(()) => OutgoingBody::finish(body, None).map_err(error)?,
            // What stopped the writing is in the answer.
            Err(_) => drop(body),
        }
    }
    let response = wait(&future)?;
    let entries = response.headers().entries();
    let headers =
        entries.into_iter().map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned())).collect();
    let (body, is_truncated) = read(&response, request.bytes_max)?;
    Ok(Response { status: response.status(), headers, body, is_truncated })
}

fn outgoing(request: &Request) -> Result<OutgoingRequest, Error> {
    let fields = Fields::new();
    for (name, value) in request.headers {
        fields
            .append(name, value.as_bytes())
            .map_err(|_| Error::Failed(format!("the header \"{name}\" is not allowed")))?;
    }
    if let Some(body) = request.body {
        let length = body.len().to_string();
        fields.append("content-length", length.as_bytes()).map_err(|_| failed("the header \"content-length\""))?;
    }
    let outgoing = OutgoingRequest::new(fields);
    let scheme = if request.is_tls { Scheme::Https } else { Scheme::Http };
    outgoing
        .set_method(&method(request.method))
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(request.authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(request.path)))
        .map_err(|()| failed("the method or the address cannot be sent"))?;
    Ok(outgoing)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.into()),
    }
}

fn write(body: &OutgoingBody, bytes: &[u8]) -> Result<(), Error> {
    let stream = body.write().map_err(|()| failed("no stream"))?;
    let mut pieces = bytes.chunks(WRITE_BYTES_MAX);
    pieces.try_for_each(|piece| stream.blocking_write_and_flush(piece)).map_err(|_| failed("the request was cut short"))
}

fn wait(future: &FutureIncomingResponse) -> Result<IncomingResponse, Error> {
    loop {
        match future.get() {
            Some(answer) => return answer.map_err(|()| failed("taken twice"))?.map_err(error),
            None => future.subscribe().block(),
        }
    }
}

/// Reads until the end, or until there is more than enough.
fn read(response: &IncomingResponse, bytes_max: usize) -> Result<(Vec<u8>, bool), Error> {
    let body = response.consume().map_err(|()| failed("no body"))?;
    let stream = body.stream().map_err(|()| failed("no stream"))?;
    let mut bytes = Vec::new();
    while bytes.len() <= bytes_max {
        match stream.blocking_read(READ_BYTES) {
            Ok(more) => bytes.extend(more),
            Err(StreamError::Closed) => return Ok((bytes, false)),
            Err(StreamError::LastOperationFailed(_)) => return Err(failed("the answer broke off")),
        }
    }
    bytes.truncate(bytes_max);
    Ok((bytes, true))
}

fn failed(what: &str) -> Error {
    Error::Failed(what.into())
}

fn error(code: ErrorCode) -> Error {
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => Error::Denied,
        code => Error::Failed(format!("{code:?}")),
    }
}
