//! A guest for tests: sends any request over HTTP, the wrong ones too.

use lean as _; // the allocator

wit_bindgen::generate!({ path: ["../../wit", "wit"], world: "stockade:fetch/fetch", generate_all });

use stockade::host::secrets;
use wasi::http::outgoing_handler;
use wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasi::io::streams::{OutputStream, StreamError};

/// How much is read at once.
const READ_BYTES: u64 = 64 << 10;

struct Fetch;

export!(Fetch);

impl Guest for Fetch {
    fn send(request: Request) -> Result<Response, String> {
        answer(begin(&filled(request)?, true)?)
    }

    fn repeat(request: Request, times: u32) -> u32 {
        (0..times).filter(|_| begin(&request, true).and_then(answer).is_ok()).count() as u32
    }

    fn together(request: Request, times: u32) -> Vec<String> {
        let begun: Vec<_> = (0..times).map(|_| begin(&request, true)).collect();
        let text = |answer: Result<Response, String>| answer.map_or_else(|error| error, |answer| answer.body);
        begun.into_iter().map(|begun| text(begun.and_then(answer))).collect()
    }

    fn abandon(request: Request) -> Result<u16, String> {
        let response = wait(&begin(&filled(request)?, false)?)?;
        let status = response.status();
        std::mem::forget(response);
        Ok(status)
    }

    fn placeholder(name: String) -> Result<String, String> {
        secrets::get(&name).map_err(|secrets::Error::Denied(text)| text)
    }

    fn fields(count: u32, bytes: u32) -> u32 {
        let fields = Fields::new();
        let value = vec![b'x'; bytes as usize];
        (0..count).take_while(|at| fields.append(&format!("x-{at}"), &value).is_ok()).count() as u32
    }
}

/// Puts the placeholder where the request says `{secret}`.
fn filled(mut request: Request) -> Result<Request, String> {
    let Some(name) = &request.secret else { return Ok(request) };
    let placeholder = Fetch::placeholder(name.clone())?;
    let fill = |text: &mut String| *text = text.replace("{secret}", &placeholder);
    fill(&mut request.path);
    request.headers.iter_mut().for_each(|(_, value)| fill(value));
    request.body.iter_mut().for_each(fill);
    Ok(request)
}

/// Hands a request to the host, with its body whole or left open.
fn begin(request: &Request, whole: bool) -> Result<FutureIncomingResponse, String> {
    let outgoing = OutgoingRequest::new(fields(&request.headers)?);
    let refused = |what: &str| format!("{what} refused");
    outgoing.set_method(&method(&request.method)).map_err(|()| refused("method"))?;
    outgoing.set_scheme(Some(&scheme(&request.scheme))).map_err(|()| refused("scheme"))?;
    outgoing.set_authority(Some(&request.authority)).map_err(|()| refused("authority"))?;
    outgoing.set_path_with_query(Some(&request.path)).map_err(|()| refused("path"))?;
    let has_body = !request.body.is_empty() || !request.trailers.is_empty();
    let body = if has_body { Some(outgoing.body().map_err(|()| refused("body"))?) } else { None };
    let future = outgoing_handler::handle(outgoing, options(request)).map_err(code)?;
    let Some(body) = body else { return Ok(future) };
    let sent = write(&body, &request.body);
    match (whole, sent) {
        (true, Ok(())) => {
            let trailers = if request.trailers.is_empty() { None } else { Some(fields(&request.trailers)?) };
            OutgoingBody::finish(body, trailers).map_err(code)?;
        }
        // What stopped the writing is in the answer.
        (true, Err(())) => drop(body),
        (false, _) => std::mem::forget(body),
    }
    Ok(future)
}

fn fields(list: &[(String, String)]) -> Result<Fields, String> {
    let fields = Fields::new();
    for (name, value) in list {
        fields.append(name, value.as_bytes()).map_err(|error| format!("field \"{name}\": {error:?}"))?;
    }
    Ok(fields)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "TRACE" => Method::Trace,
        other => Method::Other(other.into()),
    }
}

fn scheme(name: &str) -> Scheme {
    match name {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.into()),
    }
}

fn options(request: &Request) -> Option<RequestOptions> {
    let timeout = Some(request.timeout?);
    let options = RequestOptions::new();
    let set = [
        options.set_connect_timeout(timeout),
        options.set_first_byte_timeout(timeout),
        options.set_between_bytes_timeout(timeout),
    ];
    set.iter().all(Result::is_ok).then_some(options)
}

fn write(body: &OutgoingBody, pieces: &[String]) -> Result<(), ()> {
    let stream = body.write()?;
    pieces.iter().try_for_each(|piece| write_all(&stream, piece.as_bytes()).map_err(drop))
}

fn write_all(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let room = stream.check_write()? as usize;
        if room == 0 {
            stream.subscribe().block();
            continue;
        }
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        stream.write(now)?;
        bytes = later;
    }
    stream.flush()
}

fn wait(future: &FutureIncomingResponse) -> Result<IncomingResponse, String> {
    loop {
        match future.get() {
            Some(answer) => return answer.map_err(|()| "taken twice")?.map_err(code),
            None => future.subscribe().block(),
        }
    }
}

fn answer(future: FutureIncomingResponse) -> Result<Response, String> {
    let response = wait(&future)?;
    let entries = response.headers().entries();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = entries.into_iter().map(|(name, value)| (name, text(&value))).collect();
    Ok(Response { status: response.status(), headers, body: text(&read(&response)?) })
}

fn read(response: &IncomingResponse) -> Result<Vec<u8>, String> {
    let body = response.consume().map_err(|()| "no body")?;
    let stream = body.stream().map_err(|()| "no stream")?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(READ_BYTES) {
            Ok(more) => bytes.extend(more),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => return Err(format!("body: {}", error.to_debug_string())),
        }
    }
    drop(stream);
    IncomingBody::finish(body);
    Ok(bytes)
}

fn code(code: ErrorCode) -> String {
    format!("{code:?}")
}
