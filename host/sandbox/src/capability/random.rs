use rand::SeedableRng;
use rand::rngs::StdRng;
use stockade_workflow::{Capability, Kind};
use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::random::WasiRandomCtx;

use super::Offer;
use crate::context::CallContext;
use crate::stop::Stop;

/// The most random bytes of one request.
const RANDOM_BYTES_MAX: u64 = 64 << 10;

pub(crate) const OFFER: Offer = Offer {
    capability: Some(Capability::Random),
    interfaces: &[
        ("wasi:random/insecure", "0.2."),
        ("wasi:random/insecure-seed", "0.2."),
        ("wasi:random/random", "0.2."),
    ],
};

/// Sets where a guest's random numbers come from.
///
/// Unless the machine's were granted, they follow from the call's seed, so that the same call gives the same answer. They
/// are not secret then: anyone who knows the seed knows them.
pub(crate) fn install(wasi: &mut WasiCtxBuilder, granted: bool, seed: u64) {
    wasi.max_random_size(RANDOM_BYTES_MAX);
    if granted {
        // As many generators as there are interfaces, so that none tells anything about another.
        wasi.secure_random(machine_random()).insecure_random(machine_random());
        wasi.insecure_random_seed(rand::RngExt::random(&mut machine_random()));
    } else {
        wasi.secure_random(StdRng::seed_from_u64(seed))
            .insecure_random(StdRng::seed_from_u64(!seed))
            .insecure_random_seed(u128::from(seed));
    }
}

/// A generator that is seeded by the machine.
fn machine_random() -> StdRng {
    rand::make_rng()
}

/// The random numbers of one call.
pub(crate) struct View<'a> {
    pub(crate) random: &'a mut WasiRandomCtx,
    pub(crate) context: &'a mut CallContext,
}

struct Random;

impl HasData for Random {
    type Data<'a> = View<'a>;
}

/// Links `wasi:random`.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
) -> wasmtime::Result<()> {
    random::add_to_linker::<T, Random>(linker, view)?;
    insecure::add_to_linker::<T, Random>(linker, view)?;
    insecure_seed::add_to_linker::<T, Random>(linker, view)
}

impl View<'_> {
    /// wasmtime refuses too, but without a type.
    fn count(&mut self, bytes: u64) -> wasmtime::Result<()> {
        if bytes > RANDOM_BYTES_MAX {
            return Err(Stop::limit(Kind::HostcallBytes, "random_bytes", RANDOM_BYTES_MAX, bytes));
        }
        self.context.meter.host_bytes.grow(bytes)
    }
}

impl random::Host for View<'_> {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.count(len)?;
        self.random.get_random_bytes(len)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.random.get_random_u64()
    }
}

impl insecure::Host for View<'_> {
    fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.count(len)?;
        self.random.get_insecure_random_bytes(len)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.random.get_insecure_random_u64()
    }
}

impl insecure_seed::Host for View<'_> {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        self.random.insecure_seed()
    }
}
