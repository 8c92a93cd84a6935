use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What one call may use. Every limit is finite; zero means none, never unlimited.
///
/// Each covers a hole in the others: fuel does not see host calls, the deadline does not see memory, memory does not
/// see what a result carries out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Guest instructions, in wasmtime's fuel units. A million take 25 to 50 µs.
    pub fuel: u64,
    /// Microseconds from the request to the answer. Calls into the host and the wait for a free slot count as well.
    pub wall_us: u64,
    /// Bytes of all linear memories and tables of the call together.
    pub memory_bytes: u64,
    /// Elements of all tables together.
    pub table_elements: u64,
    /// Core instances. An ordinary `wasm32-wasip2` component has four.
    pub instances: u32,
    /// Linear memories.
    pub memories: u32,
    /// Tables.
    pub tables: u32,
    /// Calls into the host.
    pub host_calls: u64,
    /// Bytes that one call into the host, or the result, may make the host allocate. A byte in a `list<u8>` counts
    /// as the 40 bytes that its value takes there.
    pub hostcall_bytes: u64,
    /// Bytes that all calls into the host together may carry, in and out.
    pub host_bytes: u64,
    /// Microseconds that all calls into the host together may take.
    pub host_us: u64,
    /// Component handles alive at the same time.
    pub handles: u32,
    /// Host resources (streams, pollables) alive at the same time.
    pub resources: u32,
    /// Bytes of the arguments.
    pub argument_bytes: u64,
    /// Bytes of the result.
    pub output_bytes: u64,
    /// Bytes on standard output, and as many on standard error.
    pub stdio_bytes: u64,
    /// Bytes written to the log.
    pub log_bytes: u64,
    /// Requests sent over the network.
    pub egress_requests: u64,
    /// Bytes sent and received over the network.
    pub egress_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 50_000_000,
            wall_us: 5_000_000,
            memory_bytes: 64 << 20,
            table_elements: 20_000,
            instances: 64,
            memories: 4,
            tables: 16,
            host_calls: 10_000,
            hostcall_bytes: 4 << 20,
            host_bytes: 64 << 20,
            host_us: 4_000_000,
            handles: 4_096,
            resources: 1_024,
            argument_bytes: 1 << 20,
            output_bytes: 1 << 20,
            stdio_bytes: 64 << 10,
            log_bytes: 64 << 10,
            egress_requests: 100,
            egress_bytes: 16 << 20,
        }
    }
}

impl Limits {
    /// The bytes of a guest's stack, which is the same for every call: the engine makes all stacks when it starts. CPython counts
    /// its own stack, of a megabyte, and answers endless recursion with an exception: at a quarter of this, encoders and long
    /// chains of objects that are freed take more of the machine's stack before it does.
    pub const STACK_BYTES: u64 = 8 << 20;

    /// Sets the deadline.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { wall_us: deadline.as_micros().try_into().unwrap_or(u64::MAX), ..self }
    }
}

/// Gives each limit the method that sets it: the struct will grow, so other crates cannot write it out.
macro_rules! setters {
    ($($name:ident: $amount:ty),* $(,)?) => {
        impl Limits {
            $(
                #[doc = concat!("Sets `", stringify!($name), "`.")]
                #[must_use]
                pub fn $name(self, $name: $amount) -> Self {
                    Self { $name, ..self }
                }
            )*
        }
    };
}

setters! {
    fuel: u64,
    wall_us: u64,
    memory_bytes: u64,
    table_elements: u64,
    instances: u32,
    memories: u32,
    tables: u32,
    host_calls: u64,
    hostcall_bytes: u64,
    host_bytes: u64,
    host_us: u64,
    handles: u32,
    resources: u32,
    argument_bytes: u64,
    output_bytes: u64,
    stdio_bytes: u64,
    log_bytes: u64,
    egress_requests: u64,
    egress_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documentation of `hostcall_bytes` says so.
    #[test]
    fn a_value_takes_so_many_bytes() {
        assert_eq!(size_of::<wasmtime::component::Val>(), 40);
    }

    #[test]
    fn what_a_file_leaves_out_is_the_default() {
        let limits: Limits = serde_json::from_str(r#"{"fuel": 0}"#).unwrap();
        assert_eq!(limits, Limits::default().fuel(0));
        assert!(serde_json::from_str::<Limits>(r#"{"feul": 0}"#).is_err());
    }
}
