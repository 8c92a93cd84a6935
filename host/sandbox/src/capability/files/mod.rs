//! Files: `wasi:filesystem`, served by our own code over cap-std in place of wasmtime's.
//!
//! wasmtime's has no quota, collects whole directories, and may block for ever in a named pipe. Here a directory that
//! was granted is opened once, by one function ([`directory`]); from then on every path is looked up beneath it, whatever
//! links it meets. Everything else that a guest asks for is denied at the call that asks, by name ([`crate::denials`]).
//!
//! Disk work runs on threads that may block, one bounded piece at a time (a write, a lookup, some directory entries),
//! and only on regular files and directories: no call there waits for another process. A call that ends in the middle of
//! a piece leaves it to finish; how many may be in flight for one directory is capped, so that a disk that hangs takes
//! that many threads of the host and no more ([`mount`]).

mod directory;
mod file;
mod folder;
mod host;
mod listing;
mod mount;
mod node;
mod open;
mod path;
mod refusal;
mod stream;

use std::sync::Arc;

use stockade_workflow::{Capability, Fault, Grant};
use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::p2::bindings::filesystem;

pub(crate) use mount::Mounts;

use super::Offer;
use crate::context::CallContext;
use crate::{Reserved, Result};
use directory::Directory;

pub(crate) const OFFER: Offer = Offer {
    capability: Some(Capability::Fs),
    interfaces: &[("wasi:filesystem/preopens", "0.2."), ("wasi:filesystem/types", "0.2.")],
};

/// The most bytes that one call into the host reads or writes; what a guest asks for beyond is left for its next call.
const CHUNK_BYTES: usize = 64 << 10;

/// The directories that one tool was granted, in the order of its grants.
pub(crate) struct Directories(Vec<Arc<Directory>>);

impl Directories {
    /// Opens the directories among the grants.
    ///
    /// # Errors
    ///
    /// A grant is not of a directory or reaches what is reserved, its place for the guest is not an absolute path, or two have one place.
    pub(crate) fn new(tool: &str, grants: &[Grant], reserved: &Reserved) -> Result<Self> {
        let mut directories: Vec<Arc<Directory>> = Vec::new();
        for grant in grants {
            let Grant::Fs { path, at, access, quota } = grant else { continue };
            if directories.iter().any(|directory| directory.at() == at) {
                return Err(Fault::invalid("grant", format!("fs \"{at}\" is granted twice to tool \"{tool}\"")));
            }
            directories.push(Arc::new(Directory::open(tool, path, at, *access, *quota, reserved)?));
        }
        Ok(Self(directories))
    }
}

/// The directories of a tool, as one call sees them.
pub(crate) struct View<'a> {
    pub(crate) granted: &'a Directories,
    /// Made when the guest first asks for its directories.
    pub(crate) mounts: &'a mut Option<Mounts>,
    pub(crate) is_command: bool,
    pub(crate) context: &'a mut CallContext,
}

struct Fs;

impl HasData for Fs {
    type Data<'a> = View<'a>;
}

/// Links `wasi:filesystem`.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
) -> wasmtime::Result<()> {
    filesystem::preopens::add_to_linker::<T, Fs>(linker, view)?;
    filesystem::types::add_to_linker::<T, Fs>(linker, view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::state::Rights;

    /// A component's manifest says what it asks for; what it does not ask for it does not get.
    #[test]
    fn what_is_not_asked_for_is_not_given() {
        let dir = tempfile::tempdir().unwrap();
        let grants = [Grant::fs(dir.path().display().to_string(), "/data"), Grant::Clock, Grant::Random];
        let rights = |asks: &[Capability]| {
            Rights::new("tool", asks.iter().copied().collect(), &grants, &Config::default()).unwrap()
        };
        let none = rights(&[Capability::Sql]);
        assert!(none.files.0.is_empty() && !none.clock && !none.random);
        let denial = none.asks.denial(Capability::Fs, "fs \"/data/a\"", "");
        assert!(denial.contains("its manifest does not ask for fs; fs = \"WHY\" under [asks] there"), "{denial}");
        let all = rights(&[Capability::Fs, Capability::Clock, Capability::Random]);
        assert!(all.files.0.len() == 1 && all.clock && all.random);
    }
}
