//! An OCI registry of the test's own, which answers what it is told to, lies included.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stockade::Digest;

/// A registry on loopback. Its thread ends with the test process.
pub struct Registry {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    answers: BTreeMap<String, Answer>,
    requests: Vec<Request>,
    token: Option<&'static str>,
    realm: Option<String>,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its path and query.
    pub path: String,
    /// Its `authorization` header.
    pub authorization: Option<String>,
    /// What it sends.
    pub body: String,
}

/// What is answered to a path.
#[derive(Clone)]
pub enum Answer {
    /// The whole of it.
    Bytes(Vec<u8>),
    /// So many bytes of it, with the length of all.
    CutAfter(usize, Vec<u8>),
    /// Zeroes, until the other side has enough.
    Endless,
    /// Only a status.
    Status(u16),
    /// A status and a text.
    Says(u16, String),
    /// A redirect.
    Elsewhere(String),
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Registry {
    /// Starts an empty registry.
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::<Mutex<State>>::default());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A client that hangs up early is what some tests are about.
                std::thread::spawn(move || drop(serve(stream, address, &shared)));
            }
        });
        Self { address, state }
    }

    /// Returns `oci://HOST:PORT/REST`.
    pub fn reference(&self, rest: &str) -> String {
        format!("oci://{}/{rest}", self.address)
    }

    /// Returns `http://HOST:PORT/PATH`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// Wants this token of everybody, and gives it to everybody who asks.
    pub fn wants(&self, token: &'static str) {
        self.state.lock().unwrap().token = Some(token);
    }

    /// Sends everybody there for a token, and not to its own `/token`.
    pub fn sends_for_tokens_to(&self, realm: &str) {
        self.state.lock().unwrap().realm = Some(realm.to_owned());
    }

    /// Answers this to a path.
    pub fn answer(&self, path: &str, answer: Answer) {
        self.state.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    /// Publishes a component as `acme/tool:TAG`; returns the digests of its manifest and of itself.
    pub fn publish(&self, tag: &str, component: &[u8]) -> (Digest, Digest) {
        let digest = Digest::of(component);
        self.answer(&blob(&digest), Answer::Bytes(component.to_vec()));
        (self.describe(tag, &manifest(&digest, component.len() as u64)), digest)
    }

    /// Publishes a manifest as `acme/tool:TAG`, and returns its digest.
    pub fn describe(&self, tag: &str, manifest: &Value) -> Digest {
        let bytes = manifest.to_string().into_bytes();
        let digest = Digest::of(&bytes);
        for name in [tag, digest.as_str()] {
            self.answer(&format!("/v2/acme/tool/manifests/{name}"), Answer::Bytes(bytes.clone()));
        }
        digest
    }

    /// Returns the requests that have come so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    /// Returns how many blobs were asked for.
    pub fn downloads(&self) -> usize {
        self.requests().iter().filter(|request| request.path.contains("/blobs/")).count()
    }
}

/// Returns the path of a component's bytes.
pub fn blob(component: &Digest) -> String {
    format!("/v2/acme/tool/blobs/{component}")
}

/// Returns a manifest as the CNCF lays it out.
pub fn manifest(component: &Digest, size: u64) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.wasm.config.v0+json", "digest": Digest::of(b"{}"), "size": 2},
        "layers": [{"mediaType": "application/wasm", "digest": component, "size": size}],
    })
}

fn serve(mut stream: TcpStream, address: SocketAddr, state: &Mutex<State>) -> std::io::Result<()> {
    let request = read(&mut stream)?;
    let path = request.path.split('?').next().unwrap_or_default();
    let (answer, token, realm) = {
        let mut state = state.lock().unwrap();
        state.requests.push(request.clone());
        (state.answers.get(path).cloned(), state.token, state.realm.clone())
    };
    let head = |status: u16, more: &str| format!("HTTP/1.1 {status} Whatever\r\nconnection: close\r\n{more}\r\n");
    if path == "/token" && answer.is_none() {
        let body = json!({"token": token}).to_string();
        return write!(stream, "{}{body}", head(200, &format!("content-length: {}\r\n", body.len())));
    }
    if path != "/token" && token.is_some_and(|token| request.authorization != Some(format!("Bearer {token}"))) {
        let realm = realm.unwrap_or_else(|| format!("http://{address}/token"));
        let challenge = format!("www-authenticate: Bearer realm=\"{realm}\",service=\"test\"\r\n");
        return write!(stream, "{}", head(401, &format!("{challenge}content-length: 0\r\n")));
    }
    let empty = "content-length: 0\r\n";
    match answer {
        None if request.path == "/v2/" => write!(stream, "{}", head(200, empty)),
        None => write!(stream, "{}", head(404, empty)),
        Some(Answer::Status(status)) => write!(stream, "{}", head(status, empty)),
        Some(Answer::Says(status, text)) => write!(stream, "{}{text}", head(status, &length(text.as_bytes()))),
        Some(Answer::Elsewhere(url)) => write!(stream, "{}", head(307, &format!("location: {url}\r\n{empty}"))),
        Some(Answer::Bytes(bytes)) => send(&mut stream, &head(200, &length(&bytes)), &bytes),
        Some(Answer::CutAfter(some, bytes)) => send(&mut stream, &head(200, &length(&bytes)), &bytes[..some]),
        Some(Answer::Endless) => {
            write!(stream, "{}", head(200, ""))?;
            loop {
                stream.write_all(&[0; 64 << 10])?;
            }
        }
    }
}

fn length(bytes: &[u8]) -> String {
    format!("content-length: {}\r\n", bytes.len())
}

fn send(stream: &mut TcpStream, head: &str, body: &[u8]) -> std::io::Result<()> {
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

fn read(stream: &mut TcpStream) -> std::io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = reader.by_ref().lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut authorization, mut length) = (None, 0);
    for line in lines {
        let line = line?;
        match line.split_once(": ") {
            _ if line.is_empty() => break,
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => authorization = Some(value.to_owned()),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
            Some(_) | None => {}
        }
    }
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body)?;
    Ok(Request { path, authorization, body })
}
