use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets;
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{self, ResolveAddressStream};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, IpAddress, IpAddressFamily, Network};
use wasmtime_wasi::p2::bindings::sockets::tcp::TcpSocket;
use wasmtime_wasi::p2::bindings::sockets::udp::UdpSocket;
use wasmtime_wasi::p2::bindings::sockets::{tcp_create_socket, udp_create_socket};
use wasmtime_wasi::p2::{DynPollable, SocketError, SocketResult};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsCtx, WasiSocketsCtxView};

use super::Offer;
use crate::context::CallContext;

/// No grant gives it.
pub(crate) const OFFER: Offer = Offer {
    capability: None,
    interfaces: &[
        ("wasi:sockets/instance-network", "0.2."),
        ("wasi:sockets/ip-name-lookup", "0.2."),
        ("wasi:sockets/network", "0.2."),
        ("wasi:sockets/tcp", "0.2."),
        ("wasi:sockets/tcp-create-socket", "0.2."),
        ("wasi:sockets/udp", "0.2."),
        ("wasi:sockets/udp-create-socket", "0.2."),
    ],
};

/// What a guest that asks for a socket is refused with.
pub(crate) struct View<'a> {
    pub(crate) sockets: &'a mut WasiSocketsCtx,
    pub(crate) context: &'a mut CallContext,
}

struct Sockets;

impl HasData for Sockets {
    type Data<'a> = View<'a>;
}

/// Links all of `wasi:sockets` and gives nothing of it: components of Python and JavaScript import it whether they use it
/// or not. Each is refused before a socket of the host's is made, so there is never one to bind, connect or send from.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
    wasi: fn(&mut T) -> WasiSocketsCtxView<'_>,
) -> wasmtime::Result<()> {
    let options = network::LinkOptions::default();
    network::add_to_linker::<T, WasiSockets>(linker, &options, wasi)?;
    sockets::instance_network::add_to_linker::<T, WasiSockets>(linker, wasi)?;
    sockets::tcp::add_to_linker::<T, WasiSockets>(linker, wasi)?;
    sockets::udp::add_to_linker::<T, WasiSockets>(linker, wasi)?;
    tcp_create_socket::add_to_linker::<T, Sockets>(linker, view)?;
    udp_create_socket::add_to_linker::<T, Sockets>(linker, view)?;
    ip_name_lookup::add_to_linker::<T, Sockets>(linker, view)
}

impl View<'_> {
    /// Notes what was asked for, and returns what refuses it.
    fn denied(&mut self, what: &str) -> WasiSocketsCtxView<'_> {
        let why = "the way to the network is wasi:http, with a grant of http";
        let denial = self.context.asks.refusal(what, why);
        self.context.deny(&denial);
        self.wasi()
    }

    /// Returns what wasmtime's own half of the interface works on.
    fn wasi(&mut self) -> WasiSocketsCtxView<'_> {
        WasiSocketsCtxView { ctx: self.sockets, table: &mut self.context.table }
    }

    fn name_denied(&mut self) -> WasiSocketsCtxView<'_> {
        self.denied("a name's addresses")
    }
}

impl network::Host for View<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        self.wasi().convert_error_code(error)
    }

    fn network_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        self.wasi().network_error_code(error)
    }
}

impl network::HostNetwork for View<'_> {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        network::HostNetwork::drop(&mut self.wasi(), network)
    }
}

impl tcp_create_socket::Host for View<'_> {
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        self.denied("a TCP socket").create_tcp_socket(family)
    }
}

impl udp_create_socket::Host for View<'_> {
    async fn create_udp_socket(&mut self, family: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        self.denied("a UDP socket").create_udp_socket(family).await
    }
}

impl ip_name_lookup::Host for View<'_> {
    fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> SocketResult<Resource<ResolveAddressStream>> {
        self.name_denied().resolve_addresses(network, name)
    }
}

impl ip_name_lookup::HostResolveAddressStream for View<'_> {
    fn resolve_next_address(&mut self, names: Resource<ResolveAddressStream>) -> SocketResult<Option<IpAddress>> {
        self.name_denied().resolve_next_address(names)
    }

    fn subscribe(&mut self, names: Resource<ResolveAddressStream>) -> wasmtime::Result<Resource<DynPollable>> {
        self.name_denied().subscribe(names)
    }

    fn drop(&mut self, names: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        ip_name_lookup::HostResolveAddressStream::drop(&mut self.name_denied(), names)
    }
}
