//! The other end of a connection, as requests carry it where this server listens by itself.

use std::net::IpAddr;

use axum::http::Extensions;

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// Whether it speaks TLS with this server.
    pub(crate) is_tls: bool,
}

impl Peer {
    /// Returns that of a request; none where a service of an embedder has taken the connection.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get::<Self>().copied()
    }

    /// Returns the key by which peers are told apart: one who has an IPv6 address has a network of them.
    pub(crate) fn key(self) -> String {
        match self.address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_of_ipv6_is_known_by_its_network() {
        let key = |address: &str| Peer { address: address.parse().unwrap(), is_tls: false }.key();
        assert_eq!(key("10.0.0.7"), "10.0.0.7");
        assert_eq!(key("::ffff:10.0.0.7"), "10.0.0.7");
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(key("2001:db8:1:2::9"), key("2001:db8:1:2:3:4:5:6"));
    }
}
