use std::sync::Arc;

use cap_std::fs::{Dir, Metadata};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::mount::{Mount, Open};
use super::path::{Path, leads_down};
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

    /// Opens the folder in which a path's last name is to be made, if it may be made there.
    pub(super) fn place<'a>(&self, path: &'a Path) -> Answer<(Dir, &'a str)> {
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
