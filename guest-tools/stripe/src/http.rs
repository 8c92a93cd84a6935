use crate::wasi::http::outgoing_handler;
use crate::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use crate::wasi::io::streams::StreamError;

/// The longest answer that is read; a refund has about 500 bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What `blocking-write-and-flush` takes at once.
const WRITE_BYTES_MAX: usize = 4096;

/// A request.
pub struct Post<'a> {
    /// Scheme and authority.
    pub endpoint: &'a str,
    /// The path.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

/// Why there is no answer.
pub enum Error {
    /// The host does not allow it.
    Denied,
    /// Something went wrong on the way.
    Failed(String),
}

/// Sends a request and returns the status and the body of the answer.
pub fn send(post: &Post) -> Result<(u16, Vec<u8>), Error> {
    let request = request(post)?;
    let body = request.body().map_err(|()| failed("no body"))?;
    let future = outgoing_handler::handle(request, None).map_err(error)?;
    match write(&body, post.body) {
        Ok(()) => OutgoingBody::finish(body, None).map_err(error)?,
        // What stopped the writing is in the answer.
        Err(_) => drop(body),
    }
    let response = wait(&future)?;
    Ok((response.status(), read(&response)?))
}

fn request(post: &Post) -> Result<OutgoingRequest, Error> {
    let (scheme, authority) = match post.endpoint.split_once("://") {
        Some(("https", authority)) => (Scheme::Https, authority),
        Some(("http", authority)) => (Scheme::Http, authority),
        _ => return Err(Error::Failed(format!("\"endpoint\" is \"{}\", not https://HOST", post.endpoint))),
    };
    let length = post.body.len().to_string();
    let fields = Fields::new();
    for (name, value) in post.headers.iter().copied().chain([("content-length", length.as_str())]) {
        fields.append(name, value.as_bytes()).map_err(|_| failed(name))?;
    }
    let request = OutgoingRequest::new(fields);
    request
        .set_method(&Method::Post)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(post.path)))
        .map_err(|()| failed("\"endpoint\" is no address"))?;
    Ok(request)
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

fn read(response: &IncomingResponse) -> Result<Vec<u8>, Error> {
    let body = response.consume().map_err(|()| failed("no body"))?;
    let stream = body.stream().map_err(|()| failed("no stream"))?;
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_BYTES_MAX {
        match stream.blocking_read(ANSWER_BYTES_MAX as u64) {
            Ok(more) => bytes.extend(more),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(_)) => return Err(failed("the answer broke off")),
        }
    }
    Err(failed("the answer is too long"))
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
