//! The HTTP client of the host itself; guests use the sandbox's.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Response, Url, redirect};
use stockade_workflow::{Fault, Kind};

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The name that this program gives servers.
const AGENT: &str = concat!("stockade/", env!("CARGO_PKG_VERSION"));

/// Makes a client that connects to the given address and to no other: it follows no redirect, takes no proxy from the
/// environment and decompresses nothing.
///
/// # Errors
///
/// Kind [`Kind::HostBug`] if the client cannot be made.
pub fn client() -> Result<Client, Fault> {
    let client = builder().no_gzip().no_brotli().no_zstd().no_deflate().user_agent(AGENT);
    let client = client.no_proxy().redirect(redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT);
    client.build().map_err(|error| Fault::new(Kind::HostBug, format!("a client for HTTP cannot be made: {error}")))
}

/// Makes a builder with the one implementation of cryptography that this program has.
pub fn builder() -> ClientBuilder {
    // This fails if the program has chosen another provider already, which is as good.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    Client::builder()
}

/// Returns whether what an address answers cannot be changed on its way: it is encrypted, or of this machine. One with a
/// password in it is neither.
pub fn is_safe(url: &Url) -> bool {
    let has_password = !url.username().is_empty() || url.password().is_some();
    !has_password && (url.scheme() == "https" || (url.scheme() == "http" && is_of_this_machine(url)))
}

/// Returns whether an address leads to this machine: its host is `localhost` or a loopback address.
pub fn is_of_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Why an answer was not read to its end.
#[derive(Debug)]
pub enum Unread {
    /// It is longer than it may be.
    TooLong,
    /// It broke off.
    BrokenOff(reqwest::Error),
}

/// Reads the body of an answer, which may have up to `bytes_max` bytes.
///
/// # Errors
///
/// It is longer, or breaks off.
pub async fn body(mut answer: Response, bytes_max: usize) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(Unread::BrokenOff)? {
        if body.len().saturating_add(chunk.len()) > bytes_max {
            return Err(Unread::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Returns what lies behind an error, which says more than the error itself, and does not have the address.
pub fn cause(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_safe_that_is_encrypted_or_of_this_machine() {
        let is_safe = |text: &str| Url::parse(text).is_ok_and(|url| is_safe(&url));
        for text in ["https://a.example/b?c", "http://127.0.0.1:8080/", "http://[::1]/", "http://localhost"] {
            assert!(is_safe(text), "{text}");
        }
        for text in ["http://a.example/", "https://me:pw@a.example/", "file:///a", "http://127.0.0.1.example/", ""] {
            assert!(!is_safe(text), "{text}");
        }
    }
}
