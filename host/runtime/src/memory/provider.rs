use std::time::Duration;

use async_trait::async_trait;
use genai::adapter::AdapterKind;
use genai::embed::EmbedResponse;
use genai::resolver::{AuthData, Endpoint};
use genai::{Client, ModelIden, ServiceTarget};
use stockade_workflow::{Fault, Kind};
use url::{Host, Url};

use super::embedding::{Embed, Embedded};
use super::relay::{Lost, relay};
use crate::Result;
use crate::door::Door;

/// How long a provider may take for one batch. A query waits for it.
const TIME_MAX: Duration = Duration::from_secs(30);

/// How many numbers a vector may have; more has no table of vectors.
const DIMENSION_MAX: usize = 8_192;

/// How many bytes are taken for a token where a provider does not say what it charged.
const BYTES_PER_TOKEN: usize = 4;

/// Embeddings of a provider: of OpenAI and what is compatible with it, Ollama, Gemini, Cohere.
pub struct Provider {
    http: reqwest::Client,
    kind: AdapterKind,
    name: String,
    service: Service,
    time_max: Duration,
}

/// Whose embeddings these are.
#[derive(Clone, Default)]
pub struct Service {
    /// The provider, as genai calls it: `openai`, `ollama`, `gemini`.
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
    /// Kind [`Invalid`](crate::Kind::Invalid) where no provider has that name, or a key would be sent for all to read.
    pub fn new(http: reqwest::Client, service: Service) -> Result<Self> {
        let Service { provider, model, url, key } = &service;
        let unknown = || {
            let message = format!("\"{provider}\" is no provider of embeddings; openai, ollama, gemini and cohere are");
            Fault::invalid("embedding", message)
        };
        let kind = AdapterKind::from_lower_str(provider).ok_or_else(unknown)?;
        if let Some(url) = url {
            check(url, key.is_some())?;
        }
        let name = format!("{provider}:{model}");
        Ok(Self { http, kind, name, service, time_max: TIME_MAX })
    }

    async fn ask(&self, texts: Vec<String>) -> Result<EmbedResponse> {
        let asked = tokio::time::timeout(self.time_max, self.ask_genai(texts));
        let late = |_| self.failed("timeout", format!("it took more than {} seconds", self.time_max.as_secs()));
        asked.await.map_err(late)?
    }

    /// Asks through genai, while the door serves it.
    async fn ask_genai(&self, texts: Vec<String>) -> Result<EmbedResponse> {
        let unread = |error| self.failed(detail(&error), said(&error));
        let here = |error: std::io::Error| self.lost(&error.into());
        let door = Door::open().map_err(here)?;
        let inside = door.client().map_err(here)?;
        let client = Client::builder().with_reqwest(inside).build().map_err(unread)?;
        let (target, base) = self.target(&client).await?;
        let (served, asked) = (relay(door, &self.http, &base), client.embed_batch(target, texts, None));
        tokio::pin!(served, asked);
        tokio::select! {
            // What happened there is why genai then fails.
            biased;
            served = &mut served => served.map_err(|lost| self.lost(&lost))?,
            asked = &mut asked => return asked.map_err(unread),
        }
        asked.await.map_err(unread)
    }

    /// Returns what genai is to ask, and where that is.
    async fn target(&self, client: &Client) -> Result<(ServiceTarget, Url)> {
        let model = ModelIden::new(self.kind, self.service.model.clone());
        let target = client.resolve_service_target(model).await;
        let mut target = target.map_err(|error| self.failed(detail(&error), said(&error)))?;
        let base = check(self.service.url.as_deref().unwrap_or(target.endpoint.base_url()), false)?;
        // genai appends to an address as one does to a folder.
        target.endpoint = Endpoint::from_owned(format!("http://provider{}/", base.path().trim_end_matches('/')));
        // Never the environment's: what is not configured is not there.
        target.auth = AuthData::from_single(self.service.key.clone().unwrap_or_default());
        Ok((target, base))
    }

    fn lost(&self, lost: &Lost) -> Fault {
        match lost {
            Lost::Here(error) => self.failed("unavailable", format!("it could not be asked: {error}")),
            Lost::There => self.failed("unavailable", "it could not be reached".to_owned()),
            Lost::TooMuch => self.failed("too_large", "its answer is longer than vectors are".to_owned()),
        }
    }

    fn failed(&self, detail: &str, why: String) -> Fault {
        Fault::new(Kind::Model, format!("the embedding \"{}\" failed: {why}", self.name)).detail(detail)
    }

    fn malformed(&self, why: String) -> Fault {
        self.failed("malformed", format!("its answer {why}"))
    }

    /// Puts the vectors in the order of the texts, and refuses those that are none.
    fn in_order(&self, response: EmbedResponse, texts: usize) -> Result<Vec<Vec<f32>>> {
        let mut vectors = vec![Vec::new(); texts];
        for embedding in response.embeddings {
            let place = vectors.get_mut(embedding.index).filter(|place| place.is_empty());
            let place = place.ok_or_else(|| self.malformed(format!("has a vector {} too many", embedding.index)))?;
            *place = embedding.vector;
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
        let response = self.ask(texts.to_vec()).await?;
        let said = response.usage.total_tokens.or(response.usage.prompt_tokens);
        let guess = texts.iter().map(String::len).sum::<usize>().div_ceil(BYTES_PER_TOKEN) as u64;
        let tokens = said.and_then(|tokens| u64::try_from(tokens).ok()).unwrap_or(guess);
        Ok(Embedded { vectors: self.in_order(response, texts.len())?, tokens })
    }
}

/// Reads an address, and refuses one at which a key would be sent for all to read.
fn check(url: &str, has_key: bool) -> Result<Url> {
    // It is not repeated: people write keys into addresses.
    let wrong = |why: &str| Fault::invalid("embedding", format!("the address of the provider of embeddings {why}"));
    let url: Url = url.parse().map_err(|_| wrong("is none; write https://HOST/PATH"))?;
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
fn detail(error: &genai::Error) -> &'static str {
    match status(error) {
        Some(401 | 403) => "auth",
        Some(408 | 504) => "timeout",
        Some(413) => "too_large",
        Some(429) => "rate_limit",
        Some(400..500) => "refused",
        Some(_) => "unavailable",
        None => "malformed",
    }
}

/// What is said of an error. Not the answer itself: providers repeat keys in it, and anybody may write there.
fn said(error: &genai::Error) -> String {
    match status(error) {
        Some(status) => format!("it answered with status {status}"),
        None => "its answer is not one of embeddings, or it has none".to_owned(),
    }
}

fn status(error: &genai::Error) -> Option<u16> {
    match error {
        genai::Error::HttpError { status, .. } => Some(status.as_u16()),
        genai::Error::WebModelCall { webc_error, .. } | genai::Error::WebAdapterCall { webc_error, .. } => {
            webc_error.status().map(|status| status.as_u16())
        }
        _ => None,
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
        // A client cannot be built without one, even where it uses none.
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
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
        for (url, says) in
            [("http://models.example/v1", "shows its key"), ("ftp://127.0.0.1/", "neither"), ("sk_live", "is none")]
        {
            let fault = provider("openai", url.to_owned()).err().unwrap();
            assert!(fault.message.contains(says) && !fault.message.contains("sk_live"), "{fault}");
        }
        let fault = provider("acme", url).err().unwrap();
        assert!(fault.message.contains("\"acme\" is no provider"), "{fault}");
    }
}
