use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::{Reserved, Secrets};

/// The settings of an [`Engine`](crate::Engine).
#[derive(Clone, Debug)]
pub struct Config {
    /// How many calls run at one time; the rest wait.
    pub concurrency: u32,
    /// Where machine code is kept between runs of the program. Without one everything is compiled at each start.
    pub cache_dir: Option<PathBuf>,
    /// Where the key is by which machine code is known again; without one, beside the machine code.
    pub key_dir: Option<PathBuf>,
    /// What no grant may reach.
    pub reserved: Arc<Reserved>,
    /// The most that one linear memory can ever hold, whatever a call's limits say.
    pub memory_bytes_max: u64,
    /// Whether every bit that floats compute is the same on every machine. Without it, the sign and the payload of a NaN are
    /// the processor's, and only a guest that looks at the bits of a NaN can tell. Arithmetic of floats is slower with it.
    pub portable_floats: bool,
    /// The values of the secrets that grants name.
    pub secrets: Secrets,
    /// Addresses by name, in lower case, in place of what the system's resolver says. They are checked like any others.
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
    /// Root certificates, in DER, that are trusted beside those of the browsers.
    pub tls_roots: Vec<Vec<u8>>,
    /// What compiles.
    pub compiler: Compiler,
    /// Microseconds that one component may take to be compiled: of the clock, and of the processor.
    pub compile_us: u64,
    /// Bytes of memory that the compilation of one component may take, and bytes of machine code that it may make. Holds
    /// where a process of its own compiles.
    pub compile_bytes: u64,
    /// Bytes of machine code that are kept in `cache_dir`; beyond them, what was not used for longest goes.
    pub cache_bytes: u64,
    /// Bytes of the host's memory that the values of all calls and runs may take together.
    pub host_memory_bytes: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            concurrency: 64,
            cache_dir: None,
            key_dir: None,
            reserved: Arc::default(),
            memory_bytes_max: 64 << 20,
            portable_floats: false,
            secrets: Secrets::default(),
            hosts: BTreeMap::new(),
            tls_roots: Vec::new(),
            compiler: Compiler::default(),
            // StarlingMonkey takes 12 s of one core on a machine that does nothing else, and took 60 s on one with eight
            // builds at once, to which a worker yields.
            compile_us: 120_000_000,
            // CPython takes 423 MiB, on two cores.
            compile_bytes: 1 << 30,
            // CPython has 48 MB of machine code.
            cache_bytes: 1 << 30,
            // Eight of the largest values.
            host_memory_bytes: 1 << 30,
        }
    }
}

/// Who makes machine code of a component.
///
/// A compiler is a large program that reads what an enemy wrote. Admission bounds its input, and this bounds its time and
/// its memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Compiler {
    /// A thread of this process, one component at a time.
    ///
    /// For a program that has no second one beside it. A component that takes too long is refused when its time is over,
    /// but a thread cannot be ended: it goes on, takes one core and whatever memory it wants, and until it is done nothing
    /// else is compiled.
    #[default]
    Thread,
    /// A process for each component, two at a time, which is killed when its time is over, and cannot have more memory
    /// than it may.
    ///
    /// The program must do nothing but to call [`compile_worker`](crate::compile_worker). It has no environment, and is given the component on
    /// its standard input. What it answers is trusted as this process trusts itself: the isolation of it is against
    /// components that take too much, not against one that takes over the compiler: an attacker who can choose the machine code
    /// needs no more.
    Process {
        /// The path of the program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<OsString>,
    },
}
