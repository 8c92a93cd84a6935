//! `wasi:http`: requests to the places that were granted, and to no other.
//!
//! Nothing is followed: a redirect is an answer like any other, and the request that a guest makes of it is checked
//! like any other. Nothing is decompressed, so a small answer stays small here; what a guest makes of it is in its own
//! memory.

mod address;
mod body;
mod change;
mod flow;
mod headers;
mod hooks;
mod refusals;
mod rule;
mod session;
mod target;
mod types;

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderName;
use ipnet::IpNet;
use stockade_workflow::{Capability, Fault, Grant};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use wasmtime::component::{HasData, Linker};
use wasmtime_wasi_http::WasiHttpCtxView;
use wasmtime_wasi_http::p2::bindings::http as wasi;

pub use self::address::is_public;
pub use self::rule::Rule;

pub(crate) use self::hooks::{FIELD_BYTES_MAX, Http};

use self::address::{Hosts, Lookups};
use self::headers::is_usual;
use self::target::Target;
use super::Offer;
use super::secrets::SecretInjector;
use crate::asks::Asks;
use crate::context::CallContext;
use crate::{Config, Result};

pub(crate) const OFFER: Offer = Offer {
    capability: Some(Capability::Http),
    interfaces: &[("wasi:http/outgoing-handler", "0.2."), ("wasi:http/types", "0.2.")],
};

/// The network as one tool was granted it.
pub(crate) struct Network {
    granted: Vec<Granted>,
    secrets: SecretInjector,
    hosts: Hosts,
    lookups: Lookups,
    /// There where any grant is of https.
    tls: Option<Arc<ClientConfig>>,
}

struct Granted {
    rule: Rule,
    addresses: Vec<IpNet>,
    headers: Vec<HeaderName>,
}

impl Network {
    /// Collects the requests and secrets among the grants.
    ///
    /// # Errors
    ///
    /// A grant cannot be read, a secret has no value, or a root certificate is not valid.
    pub(crate) fn new(tool: &str, grants: &[Grant], config: &Config) -> Result<Self> {
        let granted = grants.iter().filter_map(|grant| match grant {
            Grant::Http { allow, addresses, headers } => Some(Granted::new(tool, allow, addresses, headers)),
            _ => None,
        });
        let granted: Vec<_> = granted.collect::<Result<_>>()?;
        let is_tls = granted.iter().any(|granted| granted.rule.is_tls());
        let tls = if is_tls { Some(Arc::new(tls(&config.tls_roots)?)) } else { None };
        let secrets = SecretInjector::new(tool, grants, &config.secrets)?;
        Ok(Self { granted, secrets, hosts: config.hosts.clone(), lookups: Lookups::default(), tls })
    }

    /// Returns the secrets that its requests may carry.
    pub(crate) fn secrets(&self) -> &SecretInjector {
        &self.secrets
    }

    /// Returns whether there is any request that the tool may send.
    pub(crate) fn is_granted(&self) -> bool {
        !self.granted.is_empty()
    }

    fn allows(&self, target: &Target) -> bool {
        self.granted.iter().any(|granted| granted.rule.admits(target))
    }

    /// Returns whether a grant of this request names the address.
    fn reaches(&self, target: &Target, address: IpAddr) -> bool {
        let granted = self.granted.iter().filter(|granted| granted.rule.admits(target));
        granted.flat_map(|granted| &granted.addresses).any(|range| range.contains(&address))
    }

    /// Returns whether a request may have this header: most services take it, a grant of the request names it, or it is where
    /// a secret goes.
    fn takes(&self, target: &Target, header: &HeaderName) -> bool {
        let granted = self.granted.iter().filter(|granted| granted.rule.admits(target));
        is_usual(header)
            || self.secrets.has_place(&target.origin, header)
            || granted.flat_map(|granted| &granted.headers).any(|name| name == header)
    }

    /// Says that a request is denied for one of its headers.
    fn header_denial(&self, asks: &Asks, target: &Target, header: &HeaderName) -> String {
        let name = header.as_str();
        let line = format!("http = [{{ allow = {:?}, headers = [\"{name}\"] }}]", target.to_string());
        asks.denial(Capability::Http, &format!("header \"{name}\" in http {:?}", target.to_string()), &line)
    }

    /// Says that a request is denied, because of the address where that is the reason.
    fn denial(&self, asks: &Asks, target: &Target, address: Option<IpAddr>) -> String {
        let addresses = address.map(|address| format!(", addresses = [\"{address}\"]")).unwrap_or_default();
        let at = address.map(|address| format!(" at {address}, which is not on the internet")).unwrap_or_default();
        // A path may have quotation marks. It has no other letter that TOML or a terminal would read as more than itself.
        let target = format!("{:?}", target.to_string());
        let line = format!("http = [{{ allow = {target}{addresses} }}]");
        asks.denial(Capability::Http, &format!("http {target}{at}"), &line)
    }
}

impl Granted {
    fn new(tool: &str, allow: &str, addresses: &[String], headers: &[String]) -> Result<Self> {
        let named = |fault: Fault| fault.reworded(|why| format!("grant to tool \"{tool}\": {why}"));
        let range = |text: &String| {
            let none = || named(Fault::invalid("grant", format!("{text:?} is not an address or a range of them")));
            address::range(text).ok_or_else(none)
        };
        let addresses = addresses.iter().map(range).collect::<Result<_>>()?;
        let name = |text: &String| {
            let none = |_| named(Fault::invalid("grant", format!("{text:?} is not the name of a header")));
            text.parse().map_err(none)
        };
        let headers = headers.iter().map(name).collect::<Result<_>>()?;
        Ok(Self { rule: allow.parse().map_err(named)?, addresses, headers })
    }
}

/// Trusts the roots that browsers trust, and those that the operator adds.
fn tls(roots: &[Vec<u8>]) -> Result<ClientConfig> {
    let mut trusted = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    for root in roots {
        let none = |error| Fault::invalid("tls_roots", format!("a root certificate is not valid: {error}"));
        trusted.add(CertificateDer::from_slice(root)).map_err(none)?;
    }
    let unusable = |error| Fault::invalid("engine", format!("tls cannot be used: {error}"));
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(unusable)?;
    Ok(config.with_root_certificates(trusted).with_no_client_auth())
}

/// The requests of one call.
pub(crate) struct View<'a> {
    pub(crate) requests: &'a mut Http,
    pub(crate) context: &'a mut CallContext,
}

impl View<'_> {
    /// Returns what wasmtime's own half of the interface works on.
    fn wasi(&mut self) -> WasiHttpCtxView<'_> {
        self.requests.view(&mut self.context.table)
    }
}

struct Room;

impl HasData for Room {
    type Data<'a> = View<'a>;
}

/// Links `wasi:http`, of which a guest may only send.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
) -> wasmtime::Result<()> {
    let options = wasi::types::LinkOptions::default();
    wasi::types::add_to_linker::<T, Room>(linker, &options, view)?;
    wasi::outgoing_handler::add_to_linker::<T, Room>(linker, view)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::state::Rights;

    /// A component may import what its manifest does not ask for. Then no grant helps it.
    #[test]
    fn what_is_granted_and_not_asked_for_is_denied() {
        let grants = [Grant::http("GET https://example.com/"), Grant::secret("none", "example.com", "x")];
        let rights = |asks: &[Capability]| {
            Rights::new("test", asks.iter().copied().collect::<BTreeSet<_>>(), &grants, &Config::default())
        };
        let target = Target::new("GET", "https", "example.com", "/a").unwrap();
        let (asked, silent) = (rights(&[Capability::Http]).unwrap(), rights(&[]).unwrap());
        assert!(asked.http.allows(&target) && !silent.http.allows(&target));
        assert_eq!(
            silent.http.denial(&silent.asks, &target, None),
            "tool \"test\" asked for http \"GET https://example.com/a\", but its manifest does not ask for http; \
             http = \"WHY\" under [asks] there, and a grant, would allow it"
        );
        let target = Target::new("GET", "https", "example.com", "/\"},{x=\"").unwrap();
        let line = asked.http.denial(&asked.asks, &target, None);
        assert!(line.contains(r#"allow = "GET https://example.com/\"},{x=\"" }]"#), "{line}");
        assert!(rights(&[Capability::Secrets]).is_err(), "the secret has no value");
    }
}
