use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::sync::Arc;

use tokio::sync::Semaphore;
use url::Host;
use wasmtime_wasi_http::Error;

/// A name with more addresses than this is cut: one is connected to, and each must be checked.
const ADDRESSES_MAX: usize = 16;
/// A look-up takes a thread for as long as the system's resolver likes, even if the call has ended. So many at a time.
static LOOKUPS: Semaphore = Semaphore::const_new(16);
/// Of these, so many for one tool, so that names without an answer do not keep the other tools from theirs.
const TOOL_LOOKUPS_MAX: usize = 4;

/// The look-ups of one tool.
pub(crate) struct Lookups(Arc<Semaphore>);

impl Default for Lookups {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(TOOL_LOOKUPS_MAX)))
    }
}

/// Addresses by name, which the operator sets in place of asking the resolver.
pub(crate) type Hosts = BTreeMap<String, Vec<IpAddr>>;

/// Looks a host up: once, for what is connected to must be what was checked.
pub(crate) async fn resolve(
    hosts: &Hosts,
    lookups: &Lookups,
    host: &Host<String>,
    port: u16,
) -> Result<Vec<SocketAddr>, Error> {
    let addresses = match host {
        Host::Ipv4(address) => vec![IpAddr::V4(*address)],
        Host::Ipv6(address) => vec![IpAddr::V6(*address)],
        Host::Domain(name) => match hosts.get(name) {
            Some(addresses) => addresses.clone(),
            None => look_up(lookups, name.clone()).await?,
        },
    };
    if addresses.is_empty() {
        return Err(Error::DestinationNotFound);
    }
    let addresses = addresses.into_iter().take(ADDRESSES_MAX);
    Ok(addresses.map(|address| SocketAddr::new(address.to_canonical(), port)).collect())
}

async fn look_up(lookups: &Lookups, name: String) -> Result<Vec<IpAddr>, Error> {
    let failed = || Error::DnsError { rcode: None, info_code: None };
    let own = Arc::clone(&lookups.0).acquire_owned().await.map_err(|_| failed())?;
    let turn = LOOKUPS.acquire().await.map_err(|_| failed())?;
    let found = tokio::task::spawn_blocking(move || {
        let _turns = (own, turn);
        (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect())
    });
    found.await.map_err(|_| failed())?.map_err(|_| failed())
}

/// Returns whether an address is out on the internet, and not of a private network or a way around to one.
///
/// An address on the internet may be this machine's own, and what listens there is reached by each tool that was granted it.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|range| range.contains(&address)),
        IpAddr::V6(address) => {
            PUBLIC_V6.contains(&address) && !NOT_PUBLIC_V6.iter().any(|range| range.contains(&address))
        }
    }
}

/// Reads an address or a range, as a grant's `addresses` has them.
pub(crate) fn range(text: &str) -> Option<IpNet> {
    let range: Option<IpNet> = text.parse().ok();
    range.or_else(|| text.parse().ok().map(|address: IpAddr| address.into())).map(canonical)
}

/// What is connected to is IPv4 where it is IPv4 in IPv6, so that is what a range of the latter means.
fn canonical(range: IpNet) -> IpNet {
    let IpNet::V6(mapped) = range else { return range };
    let inner = mapped.prefix_len().checked_sub(MAPPED_BITS).zip(mapped.addr().to_ipv4_mapped());
    let inner = inner.and_then(|(bits, address)| Ipv4Net::new(address, bits).ok());
    inner.map_or(range, IpNet::V4)
}

/// The bits of `::ffff:0:0`, below which all of IPv4 is in IPv6.
const MAPPED_BITS: u8 = 96;

/// IANA's special-purpose registry, multicast, and what a cloud keeps for itself.
const NOT_PUBLIC_V4: [Ipv4Net; 16] = [
    v4([0, 0, 0, 0], 8),        // this network; 0.0.0.0 connects to this machine
    v4([10, 0, 0, 0], 8),       // private
    v4([100, 64, 0, 0], 10),    // carriers' own
    v4([127, 0, 0, 0], 8),      // loopback
    v4([168, 63, 129, 16], 32), // Azure's host, with credentials of the machine
    v4([169, 254, 0, 0], 16),   // link-local; the metadata of clouds
    v4([172, 16, 0, 0], 12),    // private
    v4([192, 0, 0, 0], 24),     // protocol assignments
    v4([192, 0, 2, 0], 24),     // documentation
    v4([192, 88, 99, 0], 24),   // 6to4 relays
    v4([192, 168, 0, 0], 16),   // private
    v4([198, 18, 0, 0], 15),    // benchmarks
    v4([198, 51, 100, 0], 24),  // documentation
    v4([203, 0, 113, 0], 24),   // documentation
    v4([224, 0, 0, 0], 4),      // multicast
    v4([240, 0, 0, 0], 4),      // reserved; broadcast
];
/// All that is assigned to the internet. Outside of it are loopback, link-local, local and multicast addresses, NAT64
/// and IPv4 in IPv6.
const PUBLIC_V6: Ipv6Net = v6([0x2000, 0], 3);
const NOT_PUBLIC_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0], 23),     // protocol assignments; Teredo, which carries IPv4
    v6([0x2001, 0xdb8], 32), // documentation
    v6([0x2002, 0], 16),     // 6to4, which carries IPv4
    v6([0x3fff, 0], 20),     // documentation
];

const fn v4([a, b, c, d]: [u8; 4], bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6([a, b]: [u16; 2], bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn only_the_internet_is_public() {
        for address in ["1.1.1.1", "8.8.8.8", "54.187.174.169", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"] {
            assert!(public(address), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:4136:e378::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!public(address), "{address}");
        }
        assert!(public("100.63.255.255") && public("172.32.0.1") && public("2001:200::1"));
    }

    #[test]
    fn a_range_is_an_address_or_a_prefix() {
        let holds = |text: &str, address: &str| range(text).unwrap().contains(&address.parse::<IpAddr>().unwrap());
        assert!(holds("127.0.0.1", "127.0.0.1") && holds("10.1.0.0/16", "10.1.255.1") && holds("::1", "::1"));
        assert!(!holds("127.0.0.1", "127.0.0.2") && !holds("10.1.0.0/16", "10.2.0.1"));
        // IPv4 in IPv6 is what it is connected to as.
        assert!(holds("::ffff:10.0.0.1", "10.0.0.1") && !holds("::ffff:10.0.0.1", "10.0.0.2"));
        assert!(holds("::ffff:10.1.0.0/112", "10.1.255.1") && !holds("::ffff:10.1.0.0/112", "10.2.0.1"));
        assert!(holds("::ffff:0:0/96", "192.168.0.1") && holds("::ffff:a00:1/128", "10.0.0.1"));
        assert!(!holds("::/0", "10.0.0.1") && !holds("::ffff:0:0/95", "10.0.0.1") && holds("::/0", "fc00::1"));
        for text in ["", "localhost", "127.0.0.1:80", "10.0.0.0/33", "10.1", "::ffff:10.0.0.0/129"] {
            assert!(range(text).is_none(), "{text}");
        }
    }
}
