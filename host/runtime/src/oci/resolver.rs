//! The addresses of a registry's names, and of the names that it sends us to.
//!
//! A name on the internet can be given an address of this machine or its network at any time, so each look-up is checked, and
//! the addresses that were checked are the ones that are connected to. Addresses that are written out come by no look-up: what
//! follows a redirect and what wants a token check those.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use stockade_sandbox::is_public;

/// Looks names up, and refuses what is not on the internet.
#[derive(Clone, Default)]
pub(super) struct Resolver {
    /// Addresses by name, in place of asking the system.
    pub(super) hosts: BTreeMap<String, Vec<IpAddr>>,
    /// The names that may be on a private network.
    pub(super) private: BTreeSet<String>,
    /// Whether all names may be: the registry itself is written as an address of this machine or its network.
    pub(super) is_inside: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move { resolver.look_up(&spelled(name.as_str())).await })
    }
}

impl Resolver {
    async fn look_up(&self, name: &str) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
        let found: Vec<_> = match self.hosts.get(name) {
            Some(addresses) => addresses.iter().map(|address| SocketAddr::new(*address, 0)).collect(),
            None => tokio::net::lookup_host((name, 0)).await?.collect(),
        };
        let is_allowed = self.is_inside || self.private.contains(name);
        match found.iter().find(|address| !is_allowed && !is_public(address.ip())) {
            Some(address) => Err(Inside { name: name.to_owned(), address: address.ip() }.into()),
            None => Ok(Box::new(found.into_iter())),
        }
    }
}

/// The one spelling of a name.
pub(super) fn spelled(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// A name that leads to this machine or its network.
#[derive(Debug)]
pub(super) struct Inside {
    name: String,
    address: IpAddr,
}

impl Inside {
    /// Finds this refusal among the causes of an error.
    pub(super) fn among<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
    }
}

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, address } = self;
        write!(
            f,
            "\"{name}\" is at {address}, which is not on the internet; where that is meant, private_hosts = [\"{name}\"] \
             under [tools] allows it"
        )
    }
}

impl std::error::Error for Inside {}

#[cfg(test)]
mod tests {
    use super::*;

    async fn found(resolver: &Resolver, name: &str) -> Result<usize, String> {
        let found = resolver.resolve(name.parse().unwrap()).await;
        found.map(Iterator::count).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_unless_the_operator_says_so() {
        let inside =
            ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"];
        for address in inside {
            // One address of the internet beside it makes it no better: any of them may be connected to.
            let addresses = vec!["8.8.8.8".parse().unwrap(), address.parse().unwrap()];
            let mut resolver = Resolver { hosts: [("a.test".to_owned(), addresses)].into(), ..Resolver::default() };
            for name in ["a.test", "A.test", "a.test."] {
                let refused = found(&resolver, name).await.unwrap_err();
                assert!(refused.contains("\"a.test\" is at") && refused.contains("private_hosts"), "{name}: {refused}");
            }
            resolver.private.insert("a.test".to_owned());
            assert_eq!(found(&resolver, "A.test.").await, Ok(2));
        }
        assert!(found(&Resolver::default(), "localhost").await.unwrap_err().contains("is at"));
        assert!(found(&Resolver { is_inside: true, ..Resolver::default() }, "localhost").await.is_ok());
    }
}
