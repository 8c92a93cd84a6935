mod format;

use std::time::Duration;

use async_trait::async_trait;
use stockade_system::http::{self, Unread};
use stockade_workflow::{Fault, Kind};
use url::{Host, Url};

use self::format::{Format, Vectors};
use super::embedding::{Embed, Embedded};
use crate::Result;

/// How long a provider may take for one batch. A query waits for it.
const TIME_MAX: Duration = Duration::from_secs(30);

/// How many numbers a vector may have; more has no table of vectors.
const DIMENSION_MAX: usize = 8_192;

/// The most that a provider may answer: the vectors of a batch, of the largest that there are, written as text.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// How many bytes are taken for a token where a provider does not say what it charged.
const BYTES_PER_TOKEN: usize = 4;

/// Embeddings of a provider: of OpenAI and what is compatible with it, Ollama, Gemini, Cohere.
pub struct Provider {
    http: reqwest::Client,
    format: Format,
    name: String,
    service: Service,
    time_max: Duration,
}

/// Whose embeddings these are.
#[derive(Clone, Default)]
pub struct Service {
    /// The provider: `openai`, `ollama`, `gemini` or `cohere`.
    pub provider: String,
    /// Its model.
    pub model: String,
    /// Where it is; without it, where that provider is.
    pub url: Option<String>,
    /// What it is asked with; without it, nothing secret.
    pub key: Option<String>,
}

impl Provider {
    /// Makes embeddings by a client, whose connections, proxies and limits they then have. It should follow no redirects: it
    /// would show the key where it is sent.
    ///
    /// # Errors
    ///
    /// Kind [`Invalid`](stockade_workflow::Kind::Invalid) where no provider has that name, or a key would be sent for all to read.
    pub fn new(http: reqwest::Client, service: Service) -> Result<Self> {
        let Service { provider, model, url, key } = &service;
        let unknown = || {
            let message = format!("\"{provider}\" is no provider of embeddings; openai, ollama, gemini and cohere are");
            Fault::invalid("embedding", message)
        };
        let format = Format::named(provider).ok_or_else(unknown)?;
        if let Some(url) = url {
            check(url, key.is_some())?;
        }
        let name = format!("{provider}:{model}");
        Ok(Self { http, format, name, service, time_max: TIME_MAX })
    }

    async fn ask(&self, texts: &[String]) -> Result<Vectors> {
        let asked = tokio::time::timeout(self.time_max, self.converse(texts));
        let late = |_| self.failed("timeout", format!("it took more than {} seconds", self.time_max.as_secs()));
        let answer = asked.await.map_err(late)??;
        let unread = || self.failed("malformed", "its answer is not one of embeddings".to_owned());
        self.format.read(&answer).ok_or_else(unread)
    }

    async fn converse(&self, texts: &[String]) -> Result<Vec<u8>> {
        let Service { model, url, key, .. } = &self.service;
        let base = check(url.as_deref().unwrap_or(self.format.url()), false)?;
        let body = self.format.body(model, texts).to_string();
        let mut request = self.http.post(self.format.target(base, model)).header("content-type", "application/json");
        // Never the environment's: what is not configured is not there.
        if let Some(key) = key {
            let (name, value) = self.format.key(key);
            request = request.header(name, value);
        }
        let response = request.body(body).send().await.map_err(|_| self.lost())?;
        let status = response.status().as_u16();
        if status != 200 {
            // Not the answer itself: providers repeat keys in it, and anybody may write there.
            return Err(self.failed(detail(status), format!("it answered with status {status}")));
        }
        self.answer(response).await
    }

    async fn answer(&self, response: reqwest::Response) -> Result<Vec<u8>> {
        http::body(response, ANSWER_BYTES_MAX).await.map_err(|unread| match unread {
            Unread::TooLong => self.failed("too_large", "its answer is longer than vectors are".to_owned()),
            Unread::BrokenOff(_) => self.lost(),
        })
    }

    fn lost(&self) -> Fault {
        self.failed("unavailable", "it could not be reached".to_owned())
    }

    fn failed(&self, detail: &str, why: String) -> Fault {
        Fault::new(Kind::Model, format!("the embedding \"{}\" failed: {why}", self.name)).detail(detail)
    }

    fn malformed(&self, why: String) -> Fault {
        self.failed("malformed", format!("its answer {why}"))
    }

    /// Puts the vectors in the order of the texts, and refuses those that are none.
    fn in_order(&self, found: Vec<(usize, Vec<f32>)>, texts: usize) -> Result<Vec<Vec<f32>>> {
        let mut vectors = vec![Vec::new(); texts];
        for (at, vector) in found {
            let place = vectors.get_mut(at).filter(|place| place.is_empty());
            *place.ok_or_else(|| self.malformed(format!("has a vector {at} too many")))? = vector;
        }
        let dimension = vectors.first().map_or(0, Vec::len);
        if dimension == 0 || dimension > DIMENSION_MAX || vectors.iter().any(|vector| vector.len() != dimension) {
            let message = format!("has no vector of 1 to {DIMENSION_MAX} numbers, as many in each, for every text");
            return Err(self.malformed(message));
        }
        Ok(vectors)
    }
}

#[async_trait]
impl Embed for Provider {
    fn name(&self) -> &str {
        &self.name
    }

    async fn embed(&self, texts: &[String]) -> Result<Embedded> {
        let Vectors { vectors, tokens } = self.ask(texts).await?;
        let bytes = texts.iter().map(String::len).sum::<usize>();
        let guess = bytes.div_ceil(BYTES_PER_TOKEN) as u64;
        // What a provider says is less than there is does not make it free.
        let tokens = tokens.unwrap_or(guess).max(guess / 2);
        Ok(Embedded { vectors: self.in_order(vectors, texts.len())?, tokens })
    }
}

/// Reads an address, and refuses one at which a key would be sent for all to read.
fn check(url: &str, has_key: bool) -> Result<Url> {
    // It is not repeated: people write keys into addresses.
    let wrong = |why: &str| Fault::invalid("embedding", format!("the address of the provider of embeddings {why}"));
    let url: Url = url.parse().map_err(|_| wrong("is not an address; write https://HOST/PATH"))?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here || !has_key => Ok(url),
        "http" => Err(wrong("is http, which shows its key to all on the way; write https, or a loopback address")),
        _ => Err(wrong("is neither https nor http")),
    }
}

/// How a provider failed, in the words of [`Kind::Model`].
fn detail(status: u16) -> &'static str {
    match status {
        401 | 403 => "auth",
        408 | 504 => "timeout",
        413 => "too_large",
        429 => "rate_limit",
        400..500 => "refused",
        _ => "unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;

    /// Answers one request, and returns it.
    async fn serve(status: u16, body: &str) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let head = format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}", body.len());
        let answer = format!("{head}\r\nconnection: close\r\n\r\n{body}");
        let served = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                assert_ne!(connection.read_buf(&mut request).await.unwrap(), 0);
            }
            connection.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(request).unwrap()
        });
        (url, served)
    }

    fn provider(name: &str, url: String) -> Result<Provider> {
        let client = http::builder().no_proxy().build().unwrap();
        let (provider, model, key) = (name.to_owned(), "small".to_owned(), Some("sk_live".to_owned()));
        Provider::new(client, Service { provider, model, url: Some(url), key })
    }

    fn texts() -> Vec<String> {
        vec!["one".to_owned(), "two".to_owned()]
    }

    async fn embed(status: u16, body: &str) -> Result<Embedded> {
        let (url, _served) = serve(status, body).await;
        provider("openai", url).unwrap().embed(&texts()).await
    }

    fn answer(vectors: &str) -> String {
        format!(r#"{{"model": "small", "usage": {{"prompt_tokens": 3, "total_tokens": 4}}, "data": {vectors}}}"#)
    }

    #[tokio::test]
    async fn vectors_come_in_the_order_of_the_texts_with_what_they_cost() {
        let body = answer(r#"[{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": [1, 2]}]"#);
        let (url, served) = serve(200, &body).await;
        let provider = provider("openai", url).unwrap();
        let embedded = provider.embed(&texts()).await.unwrap();
        assert_eq!(embedded, Embedded { vectors: vec![vec![1.0, 2.0], vec![3.0, 4.0]], tokens: 4 });
        assert_eq!(provider.name(), "openai:small");
        let request = served.await.unwrap();
        assert!(request.starts_with("POST /v1/embeddings HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("Bearer sk_live") && request.contains(r#""input":["one","two"]"#), "{request}");
    }

    #[tokio::test]
    async fn each_provider_is_asked_in_its_own_way() {
        for (name, body, path, tokens) in [
            ("ollama", r#"{"embeddings": [[1], [2]], "prompt_eval_count": 9}"#, "/v1/api/embed", 9),
            (
                "gemini",
                r#"{"embeddings": [{"values": [1]}, {"values": [2]}]}"#,
                "/v1/models/small:batchEmbedContents",
                2,
            ),
            (
                "cohere",
                r#"{"embeddings": {"float": [[1], [2]]}, "meta": {"billed_units": {"input_tokens": 7}}}"#,
                "/v2/embed",
                7,
            ),
        ] {
            let (url, served) = serve(200, body).await;
            let embedded = provider(name, url).unwrap().embed(&texts()).await.unwrap();
            assert_eq!(embedded, Embedded { vectors: vec![vec![1.0], vec![2.0]], tokens }, "{name}");
            let request = served.await.unwrap();
            assert!(request.starts_with(&format!("POST {path} ")), "{request}");
        }
    }

    #[tokio::test]
    async fn what_went_wrong_is_said_and_no_key_is() {
        for (status, body, detail) in [
            (401, r#"{"error": "wrong key sk_live"}"#.to_owned(), "auth"),
            (400, "{}".to_owned(), "refused"),
            (413, "{}".to_owned(), "too_large"),
            (429, "{}".to_owned(), "rate_limit"),
            (503, "{}".to_owned(), "unavailable"),
            (504, "{}".to_owned(), "timeout"),
            (200, "sk_live".to_owned(), "malformed"),
            (200, "[]".to_owned(), "malformed"),
            (200, answer("[]"), "malformed"),
            (200, answer(r#"[{"index": 0, "embedding": [1]}]"#), "malformed"),
            (200, answer(r#"[{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]"#), "malformed"),
            (200, answer(r#"[{"index": 0, "embedding": [1]}, {"index": 2, "embedding": [1]}]"#), "malformed"),
            (200, answer(r#"[{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}]"#), "malformed"),
            (200, answer(r#"[{"index": 0, "embedding": []}, {"index": 1, "embedding": []}]"#), "malformed"),
        ] {
            let fault = embed(status, &body).await.unwrap_err();
            assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Model, Some(detail)), "{status} {body}: {fault}");
            assert!(!fault.message.contains("sk_live") && fault.message.contains("\"openai:small\""), "{fault}");
        }
        let many = vec!["1"; DIMENSION_MAX + 1].join(",");
        let many =
            answer(&format!(r#"[{{"index": 0, "embedding": [{many}]}}, {{"index": 1, "embedding": [{many}]}}]"#));
        assert_eq!(embed(200, &many).await.unwrap_err().detail.as_deref(), Some("malformed"));
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_not_read() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let flood = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            assert_ne!(connection.read(&mut [0; 16 << 10]).await.unwrap(), 0);
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
            connection.write_all(head.as_bytes()).await.unwrap();
            let mut sent = 0_u64;
            while connection.write_all(&[b' '; 1 << 16]).await.is_ok() {
                sent += 1 << 16;
            }
            sent
        });
        let fault = provider("openai", url).unwrap().embed(&texts()).await.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Model, Some("too_large")));
        // What the sockets between hold comes on top.
        assert!(flood.await.unwrap() < 64 << 20);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_provider_that_is_not_there_or_says_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/", listener.local_addr().unwrap());
        let silent = Provider { time_max: Duration::ZERO, ..provider("openai", url.clone()).unwrap() };
        assert_eq!(silent.embed(&texts()).await.unwrap_err().detail.as_deref(), Some("timeout"));
        drop(listener);
        let gone = provider("openai", url.clone()).unwrap();
        assert_eq!(gone.embed(&texts()).await.unwrap_err().detail.as_deref(), Some("unavailable"));
        for (url, says) in [
            ("http://models.example/v1", "shows its key"),
            ("ftp://127.0.0.1/", "neither"),
            ("sk_live", "is not an address"),
        ] {
            let fault = provider("openai", url.to_owned()).err().unwrap();
            assert!(fault.message.contains(says) && !fault.message.contains("sk_live"), "{fault}");
        }
        let fault = provider("acme", url).err().unwrap();
        assert!(fault.message.contains("\"acme\" is no provider"), "{fault}");
    }
}
