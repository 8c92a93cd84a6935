use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, redirect};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use url::Url;

/// What genai writes before the body: some headers.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// The most that a provider may answer: the vectors of a batch, of the largest that there are, written as text.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// Headers of genai's that a provider needs to see.
const PASSED: [&str; 3] = ["authorization", "content-type", "x-goog-api-key"];

/// Stands between genai and a provider: a socket in a private directory, behind which there is whatever is asked.
///
/// genai reads an answer without an end, and the client that it is given, reqwest's, cannot be told to read less. So what
/// it asks for is asked from here, and it is handed no more than an answer can have.
pub(super) struct Door {
    folder: TempDir,
    listener: UnixListener,
}

/// Why an answer did not come.
#[derive(Debug)]
pub(super) enum Lost {
    /// This machine did not do its part.
    Here(std::io::Error),
    /// The provider is not there, or went away.
    There,
    /// It answered too much.
    TooMuch,
}

impl From<std::io::Error> for Lost {
    fn from(error: std::io::Error) -> Self {
        Self::Here(error)
    }
}

impl Door {
    pub(super) fn open() -> Result<Self, Lost> {
        let folder = tempfile::Builder::new().prefix("embed-").tempdir()?;
        let listener = UnixListener::bind(folder.path().join("s"))?;
        Ok(Self { folder, listener })
    }

    /// Returns a client that knocks here, wherever it is sent.
    pub(super) fn client(&self) -> Result<Client, Lost> {
        // It fails where the program has chosen another provider already, which is as good.
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        // Nothing is encrypted on the way here, so nobody's certificates are needed.
        let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).tls_certs_only([]);
        let client = client.unix_socket(self.folder.path().join("s")).pool_max_idle_per_host(0).build();
        client.map_err(|error| Lost::Here(std::io::Error::other(error)))
    }

    /// Serves the one request that genai makes.
    pub(super) async fn serve(&self, provider: &Client, base: &Url) -> Result<(), Lost> {
        let (mut inside, _) = self.listener.accept().await?;
        let (path, headers, body) = read(&mut inside).await?;
        let mut url = base.clone();
        url.set_path(&path);
        let response = provider.post(url).headers(headers).body(body).send().await.map_err(|_| Lost::There)?;
        let status = response.status().as_u16();
        let body = answer(response).await?;
        let head = format!(
            "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        inside.write_all(head.as_bytes()).await?;
        inside.write_all(&body).await?;
        Ok(inside.shutdown().await?)
    }
}

async fn answer(mut response: reqwest::Response) -> Result<Vec<u8>, Lost> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Lost::There)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Lost::TooMuch);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads what genai asks for: the path, the headers that go on, and the body.
async fn read(inside: &mut UnixStream) -> Result<(String, HeaderMap, Vec<u8>), Lost> {
    let broken = || std::io::Error::other("genai's request is none");
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > HEAD_BYTES_MAX || inside.read_buf(&mut bytes).await? == 0 {
            return Err(broken().into());
        }
    };
    let mut body = bytes.split_off(head + 4);
    let text = String::from_utf8(bytes).map_err(|_| broken())?;
    let mut lines = text.lines();
    let path = lines.next().and_then(|line| line.split(' ').nth(1)).ok_or_else(broken)?.to_owned();
    let headers: HeaderMap = lines.filter_map(header).collect();
    let length = text.lines().filter_map(header).find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.to_str().ok()?.parse::<u64>().ok()).ok_or_else(broken)?;
    let left = length.saturating_sub(body.len() as u64);
    inside.take(left).read_to_end(&mut body).await?;
    let passed = headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
    Ok((path, passed.filter(|(name, _)| PASSED.contains(&name.as_str())).collect(), body))
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
}
