//! Files: `wasi:filesystem`, served by our own code over cap-std in place of wasmtime's.
//!
//! wasmtime's has no quota, collects whole directories, and may block for ever in a named pipe. Here a directory that
//! was granted is opened once, by one door ([`directory`]); from then on every path is looked up beneath it, whatever
//! links it meets. Everything else that a guest asks for is denied at the call that asks, by name ([`denials`]).
//!
//! Disk work runs on threads that may block, one bounded piece at a time (a write, a lookup, some directory entries),
//! and only on regular files and directories: nothing there waits for somebody else. A call that ends in the middle of
//! a piece leaves it to finish; how many may be under way for one directory is capped, so that a disk that hangs takes
//! that many threads of the host and no more ([`mount`]).

mod denials;
mod directory;
mod file;
mod folder;
mod host;
mod listing;
mod mount;
mod node;
mod path;
mod refusal;
mod stream;

use std::sync::Arc;

use stockade_workflow::{Fault, Grant};
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::p2::bindings::filesystem;

pub(crate) use denials::Denials;
pub(crate) use mount::Mounts;

use crate::Result;
use crate::state::State;
use directory::Directory;

/// The most bytes that one call into the host reads or writes; what a guest asks for beyond is left for its next call.
const CHUNK_BYTES: usize = 64 << 10;

/// The directories that one tool was granted, in the order of its grants.
pub(crate) struct Directories(Vec<Arc<Directory>>);

impl Directories {
    /// Opens the directories among the grants.
    ///
    /// # Errors
    ///
    /// A grant is not of a directory, its place for the guest is not an absolute path, or two have one place.
    pub(crate) fn new(tool: &str, grants: &[Grant]) -> Result<Self> {
        let mut directories: Vec<Arc<Directory>> = Vec::new();
        for grant in grants {
            let Grant::Fs { path, at, access, quota } = grant else { continue };
            if directories.iter().any(|directory| directory.at() == at) {
                return Err(Fault::invalid("grant", format!("fs \"{at}\" is granted twice to tool \"{tool}\"")));
            }
            directories.push(Arc::new(Directory::open(tool, path, at, *access, *quota)?));
        }
        Ok(Self(directories))
    }
}

/// Links `wasi:filesystem`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    filesystem::preopens::add_to_linker::<State, HasSelf<State>>(linker, State::called)?;
    filesystem::types::add_to_linker::<State, HasSelf<State>>(linker, State::called)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::rights::Rights;
    use stockade_workflow::Capability;

    /// A component's manifest says what it asks for; what it does not ask for it does not get.
    #[test]
    fn what_is_not_asked_for_is_not_given() {
        let dir = tempfile::tempdir().unwrap();
        let grants = [Grant::fs(dir.path().display().to_string(), "/data"), Grant::Clock, Grant::Random];
        let rights = |asks: &[Capability]| {
            Rights::new("tool", asks.iter().copied().collect(), &grants, &Config::default()).unwrap()
        };
        let none = rights(&[Capability::Sql]);
        assert!(none.directories.0.is_empty() && !none.real.clock && !none.real.random);
        let denial = none.denial(Capability::Fs, "fs \"/data/a\"", "");
        assert!(denial.contains("its manifest does not ask for fs; fs = \"WHY\" under [asks] there"), "{denial}");
        let all = rights(&[Capability::Fs, Capability::Clock, Capability::Random]);
        assert!(all.directories.0.len() == 1 && all.real.clock && all.real.random);
    }
}
