//! `wasi:filesystem` itself: what a guest may say, checked and handed on.

use std::sync::Arc;

use stockade_workflow::Capability;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, DirectoryEntryStream,
    ErrorCode, Filesize, HostDescriptor, HostDirectoryEntryStream, MetadataHashValue, NewTimestamp, OpenFlags,
    PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::file::File;
use super::folder::Folder;
use super::listing::Listing;
use super::mount::{Mount, Mounts};
use super::node::{self, Node};
use super::open::{How, open as open_node};
use super::path::{PATH_BYTES_MAX, Path, shown};
use super::refusal::{Answer, Bar, Refusal};
use super::stream::{Reader, Writer};
use super::{CHUNK_BYTES, View};
use crate::quote::beginning;

/// How much of a path a denial repeats, which is more than people write.
const SHOWN_CHARS_MAX: usize = 256;

/// What a path is looked up for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// To learn whether it is there; where nothing is granted, it is not.
    Look,
    Read,
    Write,
}

impl View<'_> {
    /// Our nodes stand in the table under the numbers of wasmtime's descriptors, whose type the bindings prescribe.
    fn node(&mut self, fd: &Resource<Descriptor>) -> FsResult<Node> {
        Ok(self.context.table.get(&Resource::<Node>::new_borrow(fd.rep()))?.clone())
    }

    fn push(&mut self, node: Node) -> FsResult<Resource<Descriptor>> {
        Ok(Resource::new_own(self.context.table.push(node)?.rep()))
    }

    /// Counts a path that comes from the guest or goes to it.
    fn carries_path(&mut self, path: &str) -> FsResult<()> {
        self.context.meter.host_bytes.grow(path.len() as u64).map_err(FsError::trap)
    }

    /// Does something to what is open.
    async fn on_node<T: Send + 'static>(
        &mut self,
        fd: &Resource<Descriptor>,
        wish: Wish,
        work: impl FnOnce(&Node) -> Answer<T> + Send + 'static,
    ) -> FsResult<T> {
        let node = self.node(fd)?;
        let (at, mount) = (node.at().to_owned(), node.mount().cloned());
        let answer = match mount {
            Some(mount) if may(&mount, wish) => mount.run(move || work(&node)).await,
            Some(_) => Err(Refusal::Barred(Bar::ReadOnly)),
            None => Err(Refusal::Barred(Bar::NotGranted)),
        };
        answer.map_err(|refusal| self.refused(&at, wish, refusal))
    }

    async fn on_file<T: Send + 'static>(
        &mut self,
        fd: &Resource<Descriptor>,
        wish: Wish,
        work: impl FnOnce(&File) -> Answer<T> + Send + 'static,
    ) -> FsResult<T> {
        self.on_node(fd, wish, move |node| match node {
            Node::File(file) if wish == Wish::Write => file.writable().and_then(|()| work(file)),
            Node::File(file) => file.readable().and_then(|()| work(file)),
            _ => Err(ErrorCode::IsDirectory.into()),
        })
        .await
    }

    /// Does something to a path below an open folder.
    async fn on_path<T: Send + 'static>(
        &mut self,
        fd: &Resource<Descriptor>,
        path: &str,
        wish: Wish,
        work: impl FnOnce(&Folder, &Path) -> Answer<T> + Send + 'static,
    ) -> FsResult<T> {
        self.carries_path(path)?;
        // First of all: what is denied is kept for the operator, and must not be of any length.
        if path.len() > PATH_BYTES_MAX {
            return Err(ErrorCode::NameTooLong.into());
        }
        let node = self.node(fd)?;
        let shown = shown(node.at(), path);
        let answer = match node {
            Node::Folder(folder) if may(&folder.mount, wish) => match folder.path(path) {
                Ok(path) => folder.mount.clone().run(move || work(&folder, &path)).await,
                Err(refusal) => Err(refusal),
            },
            Node::Folder(_) => Err(Refusal::Barred(Bar::ReadOnly)),
            Node::File(_) => Err(ErrorCode::NotDirectory.into()),
            Node::Nothing => Err(Refusal::Barred(Bar::NotGranted)),
        };
        answer.map_err(|refusal| self.refused(&shown, wish, refusal))
    }

    /// Returns the folder and the path of another operand, which must be of the same mount.
    fn operand(&mut self, fd: &Resource<Descriptor>, path: &str, mount: &Arc<Mount>) -> Answer<(Arc<Folder>, Path)> {
        let node = self.node(fd).map_err(|_| ErrorCode::BadDescriptor)?;
        match node {
            // A file that moved to another mount would come under another grant, perhaps one that may write.
            Node::Folder(folder) if !Arc::ptr_eq(&folder.mount, mount) => Err(ErrorCode::CrossDevice.into()),
            Node::Folder(folder) => folder.path(path).map(|path| (folder, path)),
            Node::File(_) => Err(ErrorCode::NotDirectory.into()),
            Node::Nothing => Err(Refusal::Barred(Bar::NotGranted)),
        }
    }

    /// Turns a refusal into what the guest is told, and remembers for the operator what he could do about it.
    fn refused(&mut self, shown: &str, wish: Wish, refusal: Refusal) -> FsError {
        match refusal {
            Refusal::Code(code) => code.into(),
            Refusal::Stop(stop) => FsError::trap(stop),
            Refusal::Barred(bar) => {
                let told = !(bar == Bar::NotGranted && wish == Wish::Look);
                let text = self.explanation(shown, bar);
                self.context.denials.note(shown.to_owned(), text, told);
                if told { bar.code().into() } else { ErrorCode::NoEntry.into() }
            }
        }
    }

    fn explanation(&self, shown: &str, bar: Bar) -> String {
        let (tool, path) = (self.context.asks.tool(), beginning(shown, SHOWN_CHARS_MAX));
        let grant = |what: &str| {
            let folder = shown.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
            let line = format!("fs = [{{ path = \"DIR\", at = \"{}\" }}]", beginning(folder, SHOWN_CHARS_MAX));
            self.context.asks.denial(Capability::Fs, what, &line)
        };
        match bar {
            Bar::NotGranted => grant(&format!("fs \"{path}\"")),
            Bar::Outside => grant(&format!("fs \"{path}\" (a way out of the granted directory)")),
            Bar::ReadOnly => format!(
                "tool \"{tool}\" asked to change fs \"{path}\", but the grant is read-only; access = \"read-write\" \
                 would allow it"
            ),
            Bar::Special => format!(
                "tool \"{tool}\" asked for fs \"{path}\", which is a pipe, a socket or a device; only files and \
                 directories are opened"
            ),
            Bar::Linked => format!(
                "tool \"{tool}\" asked for fs \"{path}\", which has a second name (a hard link), perhaps outside of \
                 the granted directory; a copy would be opened"
            ),
        }
    }
}

fn may(mount: &Mount, wish: Wish) -> bool {
    wish != Wish::Write || mount.is_writable()
}

impl preopens::Host for View<'_> {
    /// Lists the granted directories, and the root of all that was not granted.
    ///
    /// Not for a command: one that is linked with wasi-libc of 2022 (Debian's) looks at its directories once more while
    /// it takes its arguments, where the component model lets no guest call the host, and traps if there are any.
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let granted = self.granted;
        let mounts = self.mounts.get_or_insert_with(|| Mounts::new(granted)).all.clone();
        let mut directories = Vec::new();
        for mount in &mounts {
            let root = Node::Folder(Arc::new(Folder::root(mount)));
            directories.push((self.push(root)?, mount.at().to_owned()));
        }
        if !self.is_command && !mounts.iter().any(|mount| mount.at() == "/") {
            directories.push((self.push(Node::Nothing)?, "/".to_owned()));
        }
        Ok(directories)
    }
}

impl types::Host for View<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn filesystem_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(self.context.table.get(&error)?.downcast_ref().copied())
    }
}

impl HostDescriptor for View<'_> {
    fn read_via_stream(&mut self, fd: Resource<Descriptor>, offset: Filesize) -> FsResult<Resource<DynInputStream>> {
        let file = self.file(&fd, Wish::Read)?;
        let reader: DynInputStream = Box::new(Reader::new(file, offset));
        Ok(self.context.table.push(reader)?)
    }

    fn write_via_stream(&mut self, fd: Resource<Descriptor>, offset: Filesize) -> FsResult<Resource<DynOutputStream>> {
        let file = self.file(&fd, Wish::Write)?;
        let writer: DynOutputStream = Box::new(Writer::new(file, Some(offset)));
        Ok(self.context.table.push(writer)?)
    }

    fn append_via_stream(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        let file = self.file(&fd, Wish::Write)?;
        let writer: DynOutputStream = Box::new(Writer::new(file, None));
        Ok(self.context.table.push(writer)?)
    }

    /// Advice is not taken: it changes nothing that a guest could see, and would let it move the host's caches about.
    async fn advise(&mut self, fd: Resource<Descriptor>, _: Filesize, _: Filesize, _: Advice) -> FsResult<()> {
        match self.node(&fd)? {
            Node::File(_) => Ok(()),
            _ => Err(ErrorCode::BadDescriptor.into()),
        }
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.on_node(&fd, Wish::Read, Node::sync).await
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.on_node(&fd, Wish::Read, Node::sync).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        Ok(match self.node(&fd)? {
            Node::Folder(folder) if folder.mount.is_writable() => {
                DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY
            }
            Node::Folder(_) | Node::Nothing => DescriptorFlags::READ,
            Node::File(file) => file.flags,
        })
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        Ok(match self.node(&fd)? {
            Node::Folder(_) | Node::Nothing => DescriptorType::Directory,
            Node::File(_) => DescriptorType::RegularFile,
        })
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        self.on_file(&fd, Wish::Write, move |file| file.set_size(size)).await
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.on_node(&fd, Wish::Write, move |node| node.set_times(accessed, modified)).await
    }

    async fn read(
        &mut self,
        fd: Resource<Descriptor>,
        length: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        let bytes = self.on_file(&fd, Wish::Read, move |file| file.read(length, offset)).await?;
        self.context.meter.host_bytes.grow(bytes.len() as u64).map_err(FsError::trap)?;
        let at_end = bytes.is_empty() && length > 0;
        Ok((bytes, at_end))
    }

    async fn write(&mut self, fd: Resource<Descriptor>, bytes: Vec<u8>, offset: Filesize) -> FsResult<Filesize> {
        let length = bytes.len() as u64;
        self.context.meter.host_bytes.grow(length).map_err(FsError::trap)?;
        self.on_file(&fd, Wish::Write, move |file| file.write(&bytes, offset)).await?;
        Ok(length)
    }

    async fn read_directory(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DirectoryEntryStream>> {
        let listing = self.on_node(&fd, Wish::Read, |node| match node {
            Node::Folder(folder) => Listing::new(folder),
            _ => Err(ErrorCode::NotDirectory.into()),
        });
        let listing = Arc::new(listing.await?);
        Ok(Resource::new_own(self.context.table.push(listing)?.rep()))
    }

    async fn create_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.on_path(&fd, &path, Wish::Write, Folder::create_directory).await
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        if let Node::Nothing = self.node(&fd)? {
            return Ok(empty());
        }
        self.on_node(&fd, Wish::Look, |node| Ok(node::stat(&node.metadata()?))).await
    }

    async fn stat_at(&mut self, fd: Resource<Descriptor>, flags: PathFlags, path: String) -> FsResult<DescriptorStat> {
        let work = move |folder: &Folder, path: &Path| Ok(node::stat(&folder.metadata(path, follows(flags))?));
        self.on_path(&fd, &path, Wish::Look, work).await
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let how = How { follow: follows(flags), open: OpenFlags::empty(), flags: DescriptorFlags::READ };
        // By way of an open file, so that what may not be opened is not touched either.
        let work = move |folder: &Folder, path: &Path| open_node(folder, path, how)?.set_times(accessed, modified);
        self.on_path(&fd, &path, Wish::Write, work).await
    }

    /// Hard links are not made: each would be a file that no longer opens; see [`Bar::Linked`].
    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        _: PathFlags,
        path: String,
        _: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.carries_path(&new_path)?;
        self.on_path(&fd, &path, Wish::Write, |_, _| Err(ErrorCode::Unsupported.into())).await
    }

    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let synced = DescriptorFlags::FILE_INTEGRITY_SYNC
            | DescriptorFlags::DATA_INTEGRITY_SYNC
            | DescriptorFlags::REQUESTED_WRITE_SYNC;
        if flags.intersects(synced) {
            // Better refused than promised: a guest that needs it can call sync.
            return Err(ErrorCode::Unsupported.into());
        }
        let how = How { follow: follows(path_flags), open, flags };
        if open.contains(OpenFlags::DIRECTORY) && how.writes() {
            return Err(ErrorCode::Invalid.into());
        }
        let wish = if how.writes() { Wish::Write } else { Wish::Read };
        let node = self.on_path(&fd, &path, wish, move |folder, path| open_node(folder, path, how)).await?;
        self.push(node)
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        let target = self.on_path(&fd, &path, Wish::Look, Folder::read_link).await?;
        self.carries_path(&target)?;
        Ok(target)
    }

    async fn remove_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.on_path(&fd, &path, Wish::Write, Folder::remove_directory).await
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.carries_path(&new_path)?;
        let mount = self.node(&fd)?.mount().cloned();
        let operand = mount.map(|mount| self.operand(&new_fd, &new_path, &mount));
        let work = move |folder: &Folder, old_path: &Path| {
            let (new, new_path) = operand.unwrap_or(Err(Refusal::Barred(Bar::NotGranted)))?;
            folder.rename(old_path, &new, &new_path)
        };
        self.on_path(&fd, &old_path, Wish::Write, work).await
    }

    async fn symlink_at(&mut self, fd: Resource<Descriptor>, target: String, path: String) -> FsResult<()> {
        self.carries_path(&target)?;
        self.on_path(&fd, &path, Wish::Write, move |folder, path| folder.symlink(&target, path)).await
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.on_path(&fd, &path, Wish::Write, Folder::remove_file).await
    }

    async fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> wasmtime::Result<bool> {
        let (a, b) = (self.metadata_hash(a).await, self.metadata_hash(b).await);
        Ok(matches!((a, b), (Ok(a), Ok(b)) if (a.lower, a.upper) == (b.lower, b.upper)))
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        if let Node::Nothing = self.node(&fd)? {
            return Ok(MetadataHashValue { lower: 0, upper: 0 });
        }
        self.on_node(&fd, Wish::Look, |node| Ok(node::identity(&node.metadata()?))).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        let work = move |folder: &Folder, path: &Path| Ok(node::identity(&folder.metadata(path, follows(flags))?));
        self.on_path(&fd, &path, Wish::Look, work).await
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.context.table.delete(Resource::<Node>::new_own(fd.rep()))?;
        Ok(())
    }
}

impl View<'_> {
    /// Returns the file to make a stream of.
    fn file(&mut self, fd: &Resource<Descriptor>, wish: Wish) -> FsResult<Arc<File>> {
        let Node::File(file) = self.node(fd)? else { return Err(ErrorCode::IsDirectory.into()) };
        let open = if wish == Wish::Write { file.writable() } else { file.readable() };
        open.map_err(|refusal| self.refused(&file.at, wish, refusal))?;
        Ok(file)
    }
}

fn follows(flags: PathFlags) -> bool {
    flags.contains(PathFlags::SYMLINK_FOLLOW)
}

/// What a guest sees of the root of all that was not granted.
fn empty() -> DescriptorStat {
    DescriptorStat {
        type_: DescriptorType::Directory,
        link_count: 1,
        size: 0,
        data_access_timestamp: None,
        data_modification_timestamp: None,
        status_change_timestamp: None,
    }
}

impl HostDirectoryEntryStream for View<'_> {
    async fn read_directory_entry(&mut self, fd: Resource<DirectoryEntryStream>) -> FsResult<Option<DirectoryEntry>> {
        let listing = listing(&self.context.table, &fd)?;
        let entry = match listing.take() {
            Some(entry) => Some(entry),
            None => {
                let read = listing.clone();
                let entry = listing.mount.clone().run(move || Ok(read.read())).await;
                entry.map_err(|refusal| self.refused(listing.mount.at(), Wish::Read, refusal))?
            }
        };
        let entry = entry.transpose().map_err(|refusal| self.refused(listing.mount.at(), Wish::Read, refusal))?;
        let bytes = entry.as_ref().map_or(0, |entry| entry.name.len());
        self.context.meter.host_bytes.grow(bytes as u64).map_err(FsError::trap)?;
        Ok(entry)
    }

    fn drop(&mut self, fd: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.context.table.delete(Resource::<Arc<Listing>>::new_own(fd.rep()))?;
        Ok(())
    }
}

fn listing(table: &ResourceTable, fd: &Resource<DirectoryEntryStream>) -> FsResult<Arc<Listing>> {
    Ok(table.get(&Resource::<Arc<Listing>>::new_borrow(fd.rep()))?.clone())
}
