//! A provider that says what a test wants it to, over real sockets of this machine.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A provider. It answers the requests in the order of its answers and is gone when it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

/// What it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    /// In lower case but for the values.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

/// What it answers.
#[derive(Clone)]
pub(crate) enum Answer {
    /// This, and it closes.
    All(Vec<u8>),
    /// This, and then this again and again until the other side has enough.
    Endless(Vec<u8>, Vec<u8>),
    /// This, and then nothing until the other side has enough.
    Silent(Vec<u8>),
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

impl Answer {
    pub(crate) fn status(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::All(format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes())
    }

    /// A stream, whole.
    pub(crate) fn stream(body: &str) -> Self {
        Self::status(200, &format!("content-type: {}\r\n", media_type(body)), body)
    }

    /// A stream that says it is longer than it is.
    pub(crate) fn cut(body: &str) -> Self {
        let length = body.len() + 9;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {}\r\ncontent-length: {length}\r\n\r\n", media_type(body));
        Self::All([head.as_bytes(), body.as_bytes()].concat())
    }

    /// A stream that goes on.
    pub(crate) fn endless(body: &str, more: &str) -> Self {
        Self::Endless(begun(body), more.as_bytes().to_vec())
    }

    /// A stream that falls silent.
    pub(crate) fn silent(body: &str) -> Self {
        Self::Silent(begun(body))
    }
}

fn begun(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {}\r\n\r\n{body}", media_type(body)).into_bytes()
}

fn media_type(body: &str) -> &'static str {
    if body.starts_with('{') { "application/x-ndjson" } else { "text/event-stream; charset=utf-8" }
}

impl Server {
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers: Vec<_> = answers.into_iter().collect();
        let task = tokio::spawn(serve(listener, answers, Arc::clone(&asked)));
        Self { url, asked, task }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, answers: Vec<Answer>, asked: Arc<Mutex<Vec<Asked>>>) {
    for answer in answers {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read(&mut stream).await;
        asked.lock().unwrap().push(request);
        // The other side may have enough at any time.
        let _ = say(&mut stream, answer).await;
    }
}

async fn say(stream: &mut TcpStream, answer: Answer) -> std::io::Result<()> {
    match answer {
        Answer::All(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Answer::Endless(begin, more) => {
            stream.write_all(&begin).await?;
            loop {
                stream.write_all(&more).await?;
            }
        }
        Answer::Silent(bytes) => {
            stream.write_all(&bytes).await?;
            while stream.read(&mut [0; 64]).await? > 0 {}
            Ok(())
        }
    }
}

async fn read(stream: &mut TcpStream) -> Asked {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "no request");
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let headers: Vec<_> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.iter().find(|(name, _)| name == "content-length").unwrap().1.parse().unwrap();
    while bytes.len() < end + length {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "half a request");
    }
    let path = head.split(' ').nth(1).unwrap().to_owned();
    Asked { path, headers, body: serde_json::from_slice(&bytes[end..]).unwrap() }
}
