use std::sync::Arc;

use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, ErrorCode, OpenFlags};

use super::file::File;
use super::folder::Folder;
use super::mount::Open;
use super::node::Node;
use super::path::{Path, shown};
use super::refusal::{Answer, Bar, Refusal};

/// How a guest wants something opened.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) follow: bool,
    pub(super) open: OpenFlags,
    pub(super) flags: DescriptorFlags,
}

impl How {
    fn reads(self) -> bool {
        self.flags.contains(DescriptorFlags::READ) || !self.flags.contains(DescriptorFlags::WRITE)
    }

    /// Returns whether something could change by it. That a folder's descriptor is asked for changes (libraries ask
    /// for all they might need) changes nothing yet: each change asks the grant again.
    pub(super) fn writes(self) -> bool {
        let truncates = self.open.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE);
        truncates || self.flags.contains(DescriptorFlags::WRITE)
    }
}

/// Opens what is at a path below a folder, or makes it.
pub(super) fn open(folder: &Folder, path: &Path, how: How) -> Answer<Node> {
    let creates = how.open.contains(OpenFlags::CREATE);
    if creates && how.open.contains(OpenFlags::EXCLUSIVE) {
        return create(folder, path, how);
    }
    match open_existing(folder, path, how) {
        Err(Refusal::Code(ErrorCode::NoEntry)) if creates => create(folder, path, how),
        other => other,
    }
}

/// Opens what is there without waiting for anybody, looks at what it is, and only then lets anything change.
fn open_existing(folder: &Folder, path: &Path, how: How) -> Answer<Node> {
    let mut extra = OFlags::NONBLOCK | OFlags::NOCTTY;
    if !how.follow && !path.is_folder {
        extra |= OFlags::NOFOLLOW;
    }
    if how.open.contains(OpenFlags::DIRECTORY) || path.is_folder {
        extra |= OFlags::DIRECTORY;
    }
    let truncate = how.open.contains(OpenFlags::TRUNCATE);
    let writes = truncate || how.flags.contains(DescriptorFlags::WRITE);
    let mut options = OpenOptions::new();
    options.read(how.reads()).write(writes).custom_flags(extra.bits().cast_signed());
    let open = folder.mount.opened()?;
    let file = folder.dir.open_with(path.as_str(), &options)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Ok(inner_folder(folder, path, file, open));
    }
    openable(&metadata)?;
    if truncate {
        file.set_len(0)?;
    }
    Ok(inner_file(folder, path, file, how, open))
}

fn create(folder: &Folder, path: &Path, how: How) -> Answer<Node> {
    if path.is_folder {
        return Err(ErrorCode::IsDirectory.into());
    }
    let (parent, name) = folder.place(path)?;
    let open = folder.mount.opened()?;
    let mut options = OpenOptions::new();
    options.read(how.reads()).write(true).create_new(true);
    let file = folder.mount.make(|| Ok(parent.open_with(name, &options)?))?;
    Ok(inner_file(folder, path, file, how, open))
}

fn inner_file(folder: &Folder, path: &Path, file: cap_std::fs::File, how: How, open: Open) -> Node {
    let reads = if how.reads() { DescriptorFlags::READ } else { DescriptorFlags::empty() };
    let flags = reads | (how.flags & DescriptorFlags::WRITE);
    let (mount, at) = (folder.mount.clone(), shown(&folder.at, path.as_str()));
    Node::File(Arc::new(File { mount, file, at, flags, _open: open }))
}

fn inner_folder(folder: &Folder, path: &Path, file: cap_std::fs::File, open: Open) -> Node {
    let dir = Arc::new(Dir::from_std_file(file.into_std()));
    let depth = folder.depth.saturating_add(path.depth);
    let (mount, at) = (folder.mount.clone(), shown(&folder.at, path.as_str()));
    Node::Folder(Arc::new(Folder { mount, dir, at, depth, _open: Some(open) }))
}

/// Refuses what is not an ordinary file of this directory alone.
fn openable(metadata: &Metadata) -> Answer<()> {
    match metadata {
        metadata if !metadata.is_file() => Err(Refusal::Barred(Bar::Special)),
        metadata if metadata.nlink() > 1 => Err(Refusal::Barred(Bar::Linked)),
        _ => Ok(()),
    }
}
