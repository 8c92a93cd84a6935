//! The HTTP client of the host itself; guests use the sandbox's.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect};
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
