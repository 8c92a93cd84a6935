//! `wasi:http`: requests to the places that were granted, and to no other.
//!
//! Nothing is followed: a redirect is an answer like any other, and the request that a guest makes of it is checked
//! like any other. Nothing is decompressed, so a small answer stays small here; what a guest makes of it is in its own
//! memory.

mod address;
mod body;
mod flow;
mod hooks;
mod rule;
mod session;
mod target;
mod types;

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use stockade_workflow::{Capability, Fault, Grant};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi_http::p2::bindings::http as wasi;
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};

pub use self::rule::Rule;

pub(crate) use self::address::Hosts;
pub(crate) use self::hooks::{FIELD_BYTES_MAX, Http};
pub(crate) use self::target::{Origin, host_and_port};

use self::address::Lookups;
use self::target::Target;
use crate::rights::Rights;
use crate::state::State;
use crate::vault::Vault;
use crate::{Config, Result};

/// The network as one tool was granted it.
pub(crate) struct Network {
    granted: Vec<Granted>,
    pub(crate) vault: Vault,
    hosts: Hosts,
    lookups: Lookups,
    /// There where any grant is of https.
    tls: Option<Arc<ClientConfig>>,
}

struct Granted {
    rule: Rule,
    addresses: Vec<IpNet>,
}

impl Network {
    /// Collects the requests and secrets among the grants.
    ///
    /// # Errors
    ///
    /// A grant cannot be read, a secret has no value, or a root certificate is none.
    pub(crate) fn new(tool: &str, grants: &[Grant], config: &Config) -> Result<Self> {
        let granted = grants.iter().filter_map(|grant| match grant {
            Grant::Http { allow, addresses } => Some(Granted::new(tool, allow, addresses)),
            _ => None,
        });
        let granted: Vec<_> = granted.collect::<Result<_>>()?;
        let is_tls = granted.iter().any(|granted| granted.rule.is_tls());
        let tls = if is_tls { Some(Arc::new(tls(&config.tls_roots)?)) } else { None };
        let vault = Vault::new(tool, grants, &config.secrets)?;
        Ok(Self { granted, vault, hosts: config.hosts.clone(), lookups: Lookups::default(), tls })
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

    /// Says that a request is denied, because of the address where that is the reason.
    fn denial(&self, rights: &Rights, target: &Target, address: Option<IpAddr>) -> String {
        let addresses = address.map(|address| format!(", addresses = [\"{address}\"]")).unwrap_or_default();
        let at = address.map(|address| format!(" at {address}, which is not on the internet")).unwrap_or_default();
        // A path may have quotation marks. It has no other letter that TOML or a terminal would read as more than itself.
        let target = format!("{:?}", target.to_string());
        let line = format!("http = [{{ allow = {target}{addresses} }}]");
        rights.denial(Capability::Http, &format!("http {target}{at}"), &line)
    }
}

impl Granted {
    fn new(tool: &str, allow: &str, addresses: &[String]) -> Result<Self> {
        let named = |fault: Fault| Fault { message: format!("grant to tool \"{tool}\": {fault}"), ..fault };
        let range = |text: &String| {
            let none = || named(Fault::invalid("grant", format!("{text:?} is not an address or a range of them")));
            address::range(text).ok_or_else(none)
        };
        let addresses = addresses.iter().map(range).collect::<Result<_>>()?;
        Ok(Self { rule: allow.parse().map_err(named)?, addresses })
    }
}

/// Trusts the roots that browsers trust, and those that the operator adds.
fn tls(roots: &[Vec<u8>]) -> Result<ClientConfig> {
    let mut trusted = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    for root in roots {
        let none = |error| Fault::invalid("tls_roots", format!("a root certificate is none: {error}"));
        trusted.add(CertificateDer::from_slice(root)).map_err(none)?;
    }
    let unusable = |error| Fault::invalid("engine", format!("tls cannot be used: {error}"));
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(unusable)?;
    Ok(config.with_root_certificates(trusted).with_no_client_auth())
}

/// Links `wasi:http`, of which a guest may only send.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let options = wasi::types::LinkOptions::default();
    wasi::types::add_to_linker::<State, HasSelf<State>>(linker, &options, State::called)?;
    wasi::outgoing_handler::add_to_linker::<State, WasiHttp>(linker, |state| state.called().http())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A component may import what its manifest does not ask for. Then no grant helps it.
    #[test]
    fn what_is_granted_and_not_asked_for_is_denied() {
        let grants = [Grant::http("GET https://example.com/"), Grant::secret("none", "example.com", "x")];
        let rights = |asks: &[Capability]| {
            Rights::new("test", asks.iter().copied().collect::<BTreeSet<_>>(), &grants, &Config::default())
        };
        let target = Target::new("GET", "https", "example.com", "/a").unwrap();
        let (asked, silent) = (rights(&[Capability::Http]).unwrap(), rights(&[]).unwrap());
        assert!(asked.network.allows(&target) && !silent.network.allows(&target));
        assert_eq!(
            silent.network.denial(&silent, &target, None),
            "tool \"test\" asked for http \"GET https://example.com/a\", but its manifest does not ask for http; \
             http = \"WHY\" under [asks] there, and a grant, would allow it"
        );
        let target = Target::new("GET", "https", "example.com", "/\"},{x=\"").unwrap();
        let line = asked.network.denial(&asked, &target, None);
        assert!(line.contains(r#"allow = "GET https://example.com/\"},{x=\"" }]"#), "{line}");
        assert!(rights(&[Capability::Secrets]).is_err(), "the secret has no value");
    }
}
