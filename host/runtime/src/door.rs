use std::io::{Error, Result};

use reqwest::Client;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::{UnixListener, UnixStream};

use crate::http::straight;

/// What genai writes before the body: some headers.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// The most that it may ask: a long conversation with pictures; providers take no more.
const BODY_BYTES_MAX: usize = 64 << 20;

/// Stands between genai and a provider: a socket in a private directory, at which genai knocks once.
///
/// genai reads an answer without an end, and the client that it is given, reqwest's, cannot be told to read less. So it is
/// connected to this socket, and behind it stands somebody who asks the provider and knows where an answer ends.
pub(crate) struct Door {
    folder: TempDir,
    listener: UnixListener,
}

/// What genai asked for, and where it waits for the answer.
pub(crate) struct Asked {
    /// The path, with the query if there is one.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) inside: UnixStream,
}

impl Door {
    pub(crate) fn open() -> Result<Self> {
        // Others of this machine cannot knock.
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("stockade-door-").permissions(private).tempdir()?;
        let listener = UnixListener::bind(folder.path().join("s"))?;
        Ok(Self { folder, listener })
    }

    /// Returns a client that knocks here, wherever it is sent.
    pub(crate) fn client(&self) -> Result<Client> {
        // Nothing is encrypted on the way here, so nobody's certificates are needed.
        let client = straight().unix_socket(self.folder.path().join("s")).tls_certs_only([]);
        client.pool_max_idle_per_host(0).build().map_err(Error::other)
    }

    /// Reads the one request that genai makes. The directory is gone before anybody else is asked, so that a host that is
    /// killed meanwhile leaves none behind.
    pub(crate) async fn accept(self) -> Result<Asked> {
        let (inside, _) = self.listener.accept().await?;
        drop(self);
        read(inside).await
    }
}

async fn read(mut inside: UnixStream) -> Result<Asked> {
    let (mut bytes, end) = (Vec::new(), b"\r\n\r\n");
    let head = loop {
        if let Some(head) = bytes.windows(end.len()).position(|window| window == end) {
            break head;
        }
        if bytes.len() > HEAD_BYTES_MAX || inside.read_buf(&mut bytes).await? == 0 {
            return Err(Error::other("genai asked for nothing"));
        }
    };
    let mut body = bytes.split_off(head.saturating_add(end.len()));
    let (path, headers) = head_of(&String::from_utf8_lossy(&bytes));
    let length = length(&headers)?;
    while body.len() < length {
        if inside.read_buf(&mut body).await? == 0 {
            return Err(Error::other("genai broke off"));
        }
    }
    Ok(Asked { path, headers, body, inside })
}

/// How long a body is; genai always says it.
fn length(headers: &HeaderMap) -> Result<usize> {
    let length = headers.get("content-length").and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0);
    if length <= BODY_BYTES_MAX {
        return Ok(length);
    }
    let message = format!("the question has {length} bytes and {BODY_BYTES_MAX} are allowed");
    Err(Error::new(std::io::ErrorKind::FileTooLarge, message))
}

fn head_of(head: &str) -> (String, HeaderMap) {
    let mut lines = head.lines();
    let path = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or("/").to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?))
    };
    (path, lines.filter_map(header).collect())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    async fn asked(request: String) -> Result<Asked> {
        let (mut genai, inside) = UnixStream::pair()?;
        let (asked, _) = tokio::join!(read(inside), async {
            // It may be refused before its end.
            let _ = genai.write_all(request.as_bytes()).await;
            genai.shutdown().await
        });
        asked
    }

    #[tokio::test]
    async fn a_request_is_read_whole_or_not_at_all() {
        let post = "POST /v1/a?b=c HTTP/1.1\r\nX-A: 1\r\ncontent-length: 2\r\n\r\nhi";
        let read = asked(post.to_owned()).await.unwrap();
        assert_eq!((read.path.as_str(), read.body.as_slice()), ("/v1/a?b=c", b"hi".as_slice()));
        assert_eq!(read.headers["x-a"], "1");
        for (request, says) in [
            (post.replace(": 2", ": 3"), "genai broke off"),
            (post.replace(": 2", ": 67108865"), "the question has 67108865 bytes and 67108864 are allowed"),
            ("POST / HTTP/1.1\r\n".to_owned(), "genai asked for nothing"),
            (format!("POST / HTTP/1.1\r\na: {}", "x".repeat(1 << 20)), "genai asked for nothing"),
        ] {
            assert_eq!(asked(request).await.err().unwrap().to_string(), says);
        }
    }

    #[tokio::test]
    async fn nothing_is_left_once_genai_has_come() {
        let door = Door::open().unwrap();
        let (folder, client) = (door.folder.path().to_owned(), door.client().unwrap());
        let mode = std::os::unix::fs::PermissionsExt::mode(&folder.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o700, "others of this machine cannot knock");
        let (asked, sent) = tokio::join!(
            async {
                let asked = door.accept().await.unwrap();
                assert!(!folder.exists());
                asked.body
            },
            client.post("http://provider/").body("hi").send()
        );
        assert_eq!(asked, b"hi");
        assert!(sent.is_err(), "nobody answered");
    }
}
