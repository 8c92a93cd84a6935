use reqwest::Client;
use reqwest::header::HeaderMap;
use tokio::io::AsyncWriteExt as _;
use url::Url;

use crate::door::{Asked, Door};

/// The most that a provider may answer: the vectors of a batch, of the largest that there are, written as text.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// Headers of genai's that a provider needs to see.
const PASSED: [&str; 3] = ["authorization", "content-type", "x-goog-api-key"];

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

/// Asks a provider for what genai asks at a door, and hands it no more than an answer can have.
pub(super) async fn relay(door: Door, provider: &Client, base: &Url) -> Result<(), Lost> {
    let Asked { path, headers, body, mut inside } = door.accept().await?;
    let mut url = base.clone();
    url.set_path(&path);
    let request = provider.post(url).headers(passed(headers)).body(body);
    let response = request.send().await.map_err(|_| Lost::There)?;
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

fn passed(headers: HeaderMap) -> HeaderMap {
    let headers = headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
    headers.filter(|(name, _)| PASSED.contains(&name.as_str())).collect()
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
