//! The same through WASI itself, where one can say what no library would.

use std::collections::BTreeSet;

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::clocks::wall_clock::Datetime;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags, filesystem_error_code,
};
use wasip2::io::poll::poll;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

type Answer<T> = Result<T, String>;

/// What is read of a file at once.
const BYTES: u64 = 100;

pub(crate) fn file(action: &str, at: &str, path: &str, with: &str, number: u64) -> Answer<String> {
    if action == "preopens" {
        return Ok(get_directories().into_iter().map(|(_, at)| at).collect::<Vec<_>>().join(" "));
    }
    let root = preopen(at)?;
    let place = Place { root, path: path.to_owned() };
    place.act(action, with, number)
}

fn preopen(at: &str) -> Answer<Descriptor> {
    let found = get_directories().into_iter().find(|(_, name)| name == at);
    found.map(|(root, _)| root).ok_or_else(|| "no preopen".into())
}

struct Place {
    root: Descriptor,
    path: String,
}

impl Place {
    fn act(&self, action: &str, with: &str, number: u64) -> Answer<String> {
        let Self { root, path } = self;
        match action {
            "open" => return Ok(self.open(with)?.get_type().map_err(code)?.to_text()),
            "open-many" => return self.open_many(number),
            "open-loop" => return self.open_loop(number),
            "read" => return self.open("read")?.read(BYTES, number).map_err(code).map(text),
            "read-all-of-nothing" => return self.open("read")?.read(u64::MAX, 0).map_err(code).map(text),
            "write" => {
                return self.open("write,create")?.write(with.as_bytes(), number).map_err(code).map(|n| n.to_string());
            }
            "write-to" => return self.open(with)?.write(b"changed", 0).map_err(code).map(|n| n.to_string()),
            "truncate-to" => drop(self.open(with)?),
            "set-size" => self.open("write")?.set_size(number).map_err(code)?,
            "set-times" => self.open("read")?.set_times(at(number, with), at(number, with)).map_err(code)?,
            "set-times-at" => {
                root.set_times_at(PathFlags::SYMLINK_FOLLOW, path, at(number, with), at(number, with)).map_err(code)?;
            }
            "stream-read" => {
                let file = self.open("read")?;
                let stream = file.read_via_stream(number).map_err(code)?;
                return read_all(&stream);
            }
            "stream-poll" => {
                let file = self.open("read")?;
                let stream = file.read_via_stream(number).map_err(code)?;
                return poll_all(&stream);
            }
            "stream-timer" => {
                for _ in 0..number {
                    let stream = self.open("read")?.read_via_stream(0).map_err(code)?;
                    let ready = poll(&[&stream.subscribe(), &subscribe_duration(0)]);
                    if ready != [0, 1] {
                        return Err(format!("{ready:?} are ready"));
                    }
                }
            }
            "stream-write" => {
                let file = self.open("write,create")?;
                let stream = file.write_via_stream(number).map_err(code)?;
                stream.blocking_write_and_flush(with.as_bytes()).map_err(stream_error)?;
            }
            "stream-drop" => {
                let file = self.open("write,create")?;
                let stream = file.write_via_stream(number).map_err(code)?;
                stream.check_write().map_err(stream_error)?;
                stream.write(with.as_bytes()).map_err(stream_error)?;
            }
            // Neither flushed nor dropped: the call ends while the host may still write.
            "stream-leave" => {
                let file = self.open("write,create")?;
                for n in 0..number {
                    let stream = file.write_via_stream(n * with.len() as u64).map_err(code)?;
                    stream.check_write().map_err(stream_error)?;
                    stream.write(with.as_bytes()).map_err(stream_error)?;
                    std::mem::forget(stream);
                }
            }
            "stream-forced" => {
                let file = self.open("write,create")?;
                let stream = file.write_via_stream(number).map_err(code)?;
                stream.write(with.as_bytes()).map_err(stream_error)?;
                stream.write(with.as_bytes()).map_err(stream_error)?;
            }
            "stream-zeroes" => {
                let file = self.open("write,create")?;
                let stream = file.append_via_stream().map_err(code)?;
                zeroes(&stream, number)?;
            }
            "append" => {
                let file = self.open("write,create")?;
                let stream = file.append_via_stream().map_err(code)?;
                for _ in 0..number.max(1) {
                    stream.blocking_write_and_flush(with.as_bytes()).map_err(stream_error)?;
                }
            }
            "stat" => return self.stat(PathFlags::empty()),
            "stat-follow" => return self.stat(PathFlags::SYMLINK_FOLLOW),
            "hash" => {
                let hash = root.metadata_hash_at(PathFlags::empty(), path).map_err(code)?;
                return Ok(format!("{} {}", hash.lower, hash.upper));
            }
            "same" => return Ok(self.open("read")?.is_same_object(&self.open("read")?).to_string()),
            "advise" => {
                use wasip2::filesystem::types::Advice;
                self.open("read")?.advise(number, number, Advice::WillNeed).map_err(code)?;
            }
            "sync" => self.open("write")?.sync().map_err(code)?,
            "mkdir" => root.create_directory_at(path).map_err(code)?,
            "mkdir-many" => {
                (0..number).try_for_each(|n| root.create_directory_at(&format!("{path}{n}"))).map_err(code)?
            }
            "mkdir-deep" => self.mkdir_deep(number)?,
            "make-many" => {
                let how = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
                for n in 0..number {
                    root.open_at(PathFlags::empty(), &format!("{path}{n}"), how, DescriptorFlags::WRITE)
                        .map_err(code)?;
                }
            }
            "rmdir" => root.remove_directory_at(path).map_err(code)?,
            "unlink" => root.unlink_file_at(path).map_err(code)?,
            "symlink" => root.symlink_at(with, path).map_err(code)?,
            "readlink" => return root.readlink_at(path).map_err(code),
            "link" | "rename" => self.to_elsewhere(action, with)?,
            "list" => return self.list(),
            "list-many" => return self.list_many(number),
            other => return Err(format!("no action \"{other}\"")),
        }
        Ok("done".into())
    }

    /// Opens with the flags of a list such as `read,create,follow`.
    fn open(&self, how: &str) -> Answer<Descriptor> {
        let (mut path_flags, mut open, mut flags) = (PathFlags::empty(), OpenFlags::empty(), DescriptorFlags::empty());
        for word in how.split(',') {
            match word {
                "follow" => path_flags |= PathFlags::SYMLINK_FOLLOW,
                "create" => open |= OpenFlags::CREATE,
                "exclusive" => open |= OpenFlags::EXCLUSIVE,
                "truncate" => open |= OpenFlags::TRUNCATE,
                "directory" => open |= OpenFlags::DIRECTORY,
                "read" => flags |= DescriptorFlags::READ,
                "write" => flags |= DescriptorFlags::WRITE,
                "mutate" => flags |= DescriptorFlags::MUTATE_DIRECTORY,
                "sync" => flags |= DescriptorFlags::FILE_INTEGRITY_SYNC,
                "all" => {
                    open = OpenFlags::all();
                    flags = DescriptorFlags::all();
                }
                _ => {}
            }
        }
        self.root.open_at(path_flags, &self.path, open, flags).map_err(code)
    }

    fn open_many(&self, number: u64) -> Answer<String> {
        let mut open = Vec::new();
        for _ in 0..number {
            open.push(self.open("read")?);
        }
        Ok(open.len().to_string())
    }

    /// Opens and reads over and over, and returns everything different that it saw.
    fn open_loop(&self, number: u64) -> Answer<String> {
        let mut seen = BTreeSet::new();
        for _ in 0..number {
            let read = self.open("read,follow").and_then(|file| file.read(BYTES, 0).map_err(code).map(text));
            seen.insert(read.unwrap_or_else(|error| format!("({error})")));
        }
        Ok(seen.into_iter().collect::<Vec<_>>().join(" "))
    }

    fn stat(&self, flags: PathFlags) -> Answer<String> {
        let stat = self.root.stat_at(flags, &self.path).map_err(code)?;
        Ok(format!("{} {}", stat.type_.to_text(), stat.size))
    }

    fn mkdir_deep(&self, number: u64) -> Answer<()> {
        let mut at = self.open("read,directory")?;
        for _ in 0..number {
            at.create_directory_at("d").map_err(code)?;
            at = at.open_at(PathFlags::empty(), "d", OpenFlags::DIRECTORY, DescriptorFlags::READ).map_err(code)?;
        }
        Ok(())
    }

    /// `with` is `path` of the same directory, or `at|path`.
    fn to_elsewhere(&self, action: &str, with: &str) -> Answer<()> {
        let other;
        let (to, path) = match with.split_once('|') {
            Some((at, path)) => {
                other = preopen(at)?;
                (&other, path)
            }
            None => (&self.root, with),
        };
        let done = match action {
            "link" => self.root.link_at(PathFlags::empty(), &self.path, to, path),
            _ => self.root.rename_at(&self.path, to, path),
        };
        done.map_err(code)
    }

    fn list(&self) -> Answer<String> {
        let entries = self.open("read,directory")?.read_directory().map_err(code)?;
        let mut names = Vec::new();
        while let Some(entry) = entries.read_directory_entry().map_err(code)? {
            names.push(format!("{}:{}", entry.name, entry.type_.to_text()));
        }
        names.sort();
        Ok(names.join(" "))
    }

    fn list_many(&self, number: u64) -> Answer<String> {
        let directory = self.open("read,directory")?;
        let mut open = Vec::new();
        for _ in 0..number {
            let entries = directory.read_directory().map_err(code)?;
            entries.read_directory_entry().map_err(code)?;
            open.push(entries);
        }
        Ok(open.len().to_string())
    }
}

trait ToText {
    fn to_text(&self) -> String;
}

impl ToText for wasip2::filesystem::types::DescriptorType {
    fn to_text(&self) -> String {
        format!("{self:?}").trim_start_matches("DescriptorType::").to_owned()
    }
}

fn at(seconds: u64, nanoseconds: &str) -> NewTimestamp {
    NewTimestamp::Timestamp(Datetime { seconds, nanoseconds: nanoseconds.parse().unwrap_or(0) })
}

fn text((bytes, at_end): (Vec<u8>, bool)) -> String {
    let end = if at_end { "<end>" } else { "" };
    String::from_utf8_lossy(&bytes).into_owned() + end
}

fn code(code: ErrorCode) -> String {
    code.name().to_owned()
}

fn stream_error(error: StreamError) -> String {
    match error {
        StreamError::Closed => "closed".into(),
        StreamError::LastOperationFailed(error) => match filesystem_error_code(&error) {
            Some(known) => format!("{} ({})", code(known), error.to_debug_string()),
            None => error.to_debug_string(),
        },
    }
}

fn read_all(stream: &InputStream) -> Answer<String> {
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(BYTES) {
            Ok(some) => bytes.extend(some),
            Err(StreamError::Closed) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => return Err(stream_error(error)),
        }
    }
}

/// Reads without ever blocking in a read.
fn poll_all(stream: &InputStream) -> Answer<String> {
    let mut bytes = Vec::new();
    loop {
        match stream.read(7) {
            Ok(some) if some.is_empty() => stream.subscribe().block(),
            Ok(some) => bytes.extend(some),
            Err(StreamError::Closed) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => return Err(stream_error(error)),
        }
    }
}

fn zeroes(stream: &OutputStream, mut left: u64) -> Answer<()> {
    while left > 0 {
        let some = left.min(4096);
        stream.blocking_write_zeroes_and_flush(some).map_err(stream_error)?;
        left -= some;
    }
    Ok(())
}
