use std::sync::Arc;

use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, ErrorCode, OpenFlags};

use super::file::File;
use super::mount::{Mount, Open};
use super::node::Node;
use super::path::{Path, leads_down, shown};
use super::refusal::{Answer, Bar, Refusal};

/// An open directory. Every path is looked up beneath it: by the system's own `openat2`, through cap-std.
pub(super) struct Folder {
    pub(super) mount: Arc<Mount>,
    pub(super) dir: Arc<Dir>,
    /// The guest's own path of it.
    pub(super) at: String,
    /// How many levels below the granted directory that is, links not followed.
    pub(super) depth: u64,
    /// None for the granted directory itself, which all calls share.
    pub(super) _open: Option<Open>,
}

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

impl Folder {
    pub(super) fn root(mount: &Arc<Mount>) -> Self {
        Self { mount: mount.clone(), dir: mount.root().clone(), at: mount.at().to_owned(), depth: 0, _open: None }
    }

    /// Reads a guest's path.
    pub(super) fn path(&self, text: &str) -> Answer<Path> {
        let path = Path::new(text)?;
        self.mount.check_depth(self.depth.saturating_add(path.depth))?;
        Ok(path)
    }

    pub(super) fn open(&self, path: &Path, how: How) -> Answer<Node> {
        let create = how.open.contains(OpenFlags::CREATE);
        if create && how.open.contains(OpenFlags::EXCLUSIVE) {
            return self.create(path, how);
        }
        match self.open_existing(path, how) {
            Err(Refusal::Code(ErrorCode::NoEntry)) if create => self.create(path, how),
            other => other,
        }
    }

    /// Opens what is there without waiting for anybody, looks at what it is, and only then lets anything change.
    fn open_existing(&self, path: &Path, how: How) -> Answer<Node> {
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
        let open = self.mount.opened()?;
        let file = self.dir.open_with(path.as_str(), &options)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Ok(self.folder(path, file, open));
        }
        openable(&metadata)?;
        if truncate {
            file.set_len(0)?;
        }
        Ok(self.file(path, file, how, open))
    }

    fn create(&self, path: &Path, how: How) -> Answer<Node> {
        if path.is_folder {
            return Err(ErrorCode::IsDirectory.into());
        }
        let (parent, name) = self.place(path)?;
        let open = self.mount.opened()?;
        let mut options = OpenOptions::new();
        options.read(how.reads()).write(true).create_new(true);
        let file = self.mount.make(|| Ok(parent.open_with(name, &options)?))?;
        Ok(self.file(path, file, how, open))
    }

    fn file(&self, path: &Path, file: cap_std::fs::File, how: How, open: Open) -> Node {
        let reads = if how.reads() { DescriptorFlags::READ } else { DescriptorFlags::empty() };
        let flags = reads | (how.flags & DescriptorFlags::WRITE);
        let (mount, at) = (self.mount.clone(), shown(&self.at, path.as_str()));
        Node::File(Arc::new(File { mount, file, at, flags, _open: open }))
    }

    fn folder(&self, path: &Path, file: cap_std::fs::File, open: Open) -> Node {
        let dir = Arc::new(Dir::from_std_file(file.into_std()));
        let depth = self.depth.saturating_add(path.depth);
        let (mount, at) = (self.mount.clone(), shown(&self.at, path.as_str()));
        Node::Folder(Arc::new(Self { mount, dir, at, depth, _open: Some(open) }))
    }

    /// Opens the folder in which a path's last name is to be made, if it may be made there.
    fn place<'a>(&self, path: &'a Path) -> Answer<(Dir, &'a str)> {
        let (parent, name) = self.parent(path)?;
        let depth = self.mount.depth_of(&parent)?;
        self.mount.check_depth(depth.saturating_add(1))?;
        Ok((parent, name))
    }

    fn parent<'a>(&self, path: &'a Path) -> Answer<(Dir, &'a str)> {
        let (parent, name) = path.split();
        let parent = match parent {
            Some(parent) => self.dir.open_dir(parent)?,
            None => self.dir.try_clone()?,
        };
        Ok((parent, name))
    }

    pub(super) fn metadata(&self, path: &Path, follow: bool) -> Answer<Metadata> {
        if !follow && !path.is_folder {
            return Ok(self.dir.symlink_metadata(path.as_str())?);
        }
        let metadata = self.dir.metadata(path.as_str())?;
        if path.is_folder && !metadata.is_dir() {
            return Err(ErrorCode::NotDirectory.into());
        }
        Ok(metadata)
    }

    /// Returns where a link leads. Absolute ones are refused: they name directories of the host.
    pub(super) fn read_link(&self, path: &Path) -> Answer<String> {
        let target = self.dir.read_link(path.as_str())?;
        target.into_os_string().into_string().map_err(|_| ErrorCode::IllegalByteSequence.into())
    }

    pub(super) fn create_directory(&self, path: &Path) -> Answer<()> {
        let (parent, name) = self.place(path)?;
        self.mount.make(|| Ok(parent.create_dir(name)?))
    }

    pub(super) fn symlink(&self, target: &str, path: &Path) -> Answer<()> {
        if !leads_down(target) {
            return Err(Refusal::Barred(Bar::Outside));
        }
        if path.is_folder {
            return Err(ErrorCode::NoEntry.into());
        }
        // The target must be a path that could be followed.
        Path::new(target)?;
        let (parent, name) = self.place(path)?;
        self.mount.make(|| Ok(parent.symlink(target, name)?))
    }

    pub(super) fn remove_directory(&self, path: &Path) -> Answer<()> {
        Ok(self.dir.remove_dir(path.as_str())?)
    }

    pub(super) fn remove_file(&self, path: &Path) -> Answer<()> {
        if path.is_folder {
            return Err(ErrorCode::NotDirectory.into());
        }
        Ok(self.dir.remove_file(path.as_str())?)
    }

    /// Moves something within the granted directory.
    pub(super) fn rename(&self, old_path: &Path, new: &Self, new_path: &Path) -> Answer<()> {
        let (old_parent, old_name) = self.parent(old_path)?;
        let (new_parent, new_name) = new.place(new_path)?;
        let moved = old_parent.symlink_metadata(old_name)?;
        if (old_path.is_folder || new_path.is_folder) && !moved.is_dir() {
            return Err(ErrorCode::NotDirectory.into());
        }
        if moved.is_dir() {
            let above = self.mount.depth_of(&new_parent)?;
            if above > self.mount.depth_of(&old_parent)? {
                let room = self.mount.levels_below(above);
                let height = self.mount.height_of(&old_parent.open_dir(old_name)?, room)?;
                self.mount.check_depth(above.saturating_add(height))?;
            }
        }
        Ok(old_parent.rename(old_name, &new_parent, new_name)?)
    }
}

/// Refuses what is not an ordinary file of this directory alone.
fn openable(metadata: &Metadata) -> Answer<()> {
    match metadata {
        metadata if !metadata.is_file() => Err(Refusal::Barred(Bar::Special)),
        metadata if metadata.nlink() > 1 => Err(Refusal::Barred(Bar::Linked)),
        _ => Ok(()),
    }
}
