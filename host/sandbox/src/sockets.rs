use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::sockets;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsCtxView, WasiSocketsView};

use crate::state::State;

/// Links `wasi:sockets`, all of it and none of it: components of Python and JavaScript import it whether they use it
/// or not. Each is refused before a socket of the host's is made, so there is never one to bind, connect or send from.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let options = sockets::network::LinkOptions::default();
    sockets::network::add_to_linker::<State, WasiSockets>(linker, &options, |state| state.called().sockets())?;
    sockets::instance_network::add_to_linker::<State, WasiSockets>(linker, |state| state.called().sockets())?;
    sockets::tcp::add_to_linker::<State, WasiSockets>(linker, |state| state.called().sockets())?;
    sockets::udp::add_to_linker::<State, WasiSockets>(linker, |state| state.called().sockets())?;
    sockets::tcp_create_socket::add_to_linker::<State, WasiSockets>(linker, |state| denied(state, "a TCP socket"))?;
    sockets::udp_create_socket::add_to_linker::<State, WasiSockets>(linker, |state| denied(state, "a UDP socket"))?;
    sockets::ip_name_lookup::add_to_linker::<State, WasiSockets>(linker, |state| denied(state, "a name's addresses"))
}

/// Whatever is asked of these three interfaces is refused, so asking is what is noted.
fn denied<'a>(state: &'a mut State, what: &str) -> WasiSocketsCtxView<'a> {
    let denial = state.rights.refusal(what, "the way to the network is wasi:http, with a grant of http");
    state.called().deny(&denial);
    state.sockets()
}
