use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect};
use stockade_workflow::{Fault, Kind};

use crate::Result;

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How this program calls itself.
const AGENT: &str = concat!("stockade/", env!("CARGO_PKG_VERSION"));

/// A client that goes where it is sent and nowhere else: it follows no redirect and asks the environment for no proxy.
pub(crate) fn client() -> Result<Client> {
    straight()
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
        .map_err(|error| Fault::new(Kind::HostBug, format!("a client for HTTP cannot be made: {error}")))
}

/// A client that follows no redirect, asks the environment for no proxy and unpacks nothing.
pub(crate) fn straight() -> ClientBuilder {
    let client = builder().no_gzip().no_brotli().no_zstd().no_deflate().user_agent(AGENT);
    client.no_proxy().redirect(redirect::Policy::none())
}

/// A client with the one implementation of cryptography that this program has.
pub(crate) fn builder() -> ClientBuilder {
    // It fails where the program has chosen another provider already, which is as good.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    Client::builder()
}
