use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use stockade_workflow::{Fault, Grant, Kind, Quota};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use crate::Result;

/// What the guests may do to the folder: little, to be too much soon.
pub(super) const QUOTA: Quota = Quota { bytes: 100, files: 2, depth: 3 };
/// Where they find it.
pub(super) const AT: &str = "/data";

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// The guest's own request has a tenth of it.
const HEAD_BYTES_MAX: u64 = 4 << 10;
/// Any process on this machine may connect, and keeps the guest waiting for no longer.
const PATIENCE: Duration = Duration::from_millis(200);

/// What is granted to the guests that need something real: a folder and a server of the doctor's own.
pub(super) struct Grounds {
    folder: PathBuf,
    /// The server's, as a request names it.
    pub(super) authority: String,
    server: JoinHandle<()>,
}

impl Grounds {
    /// Makes a folder inside another, and listens on loopback. Both are gone when this is dropped.
    ///
    /// # Ambient Authority
    ///
    /// It writes below a folder where the host writes its journal anyway, and takes a free port of loopback.
    pub(super) async fn new(within: &Path) -> Result<Self> {
        let within = within.canonicalize().map_err(|error| failed("folder", &error))?;
        let folder = within.join(format!(".doctor-{}", Uuid::now_v7()));
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| failed("listener", &error))?;
        let address = listener.local_addr().map_err(|error| failed("listener", &error))?;
        DirBuilder::new().mode(0o700).create(&folder).map_err(|error| failed("folder", &error))?;
        Ok(Self { folder, authority: address.to_string(), server: tokio::spawn(serve(listener)) })
    }

    /// Returns the grant of the folder.
    pub(super) fn folder(&self) -> Grant {
        Grant::fs(self.folder.to_string_lossy(), AT).writable().quota(QUOTA)
    }

    /// Returns the grant of the server.
    pub(super) fn server(&self) -> Grant {
        Grant::http(format!("POST http://{}/", self.authority)).addresses(["127.0.0.1"]).headers(["x"])
    }

    /// Makes the folder as new: what is there already is not made again, and counts for nothing.
    pub(super) fn sweep(&self) -> Result<()> {
        let sweep = || {
            fs::read_dir(&self.folder)?.try_for_each(|entry| {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    fs::remove_dir_all(entry.path())
                } else {
                    fs::remove_file(entry.path())
                }
            })
        };
        sweep().map_err(|error: io::Error| failed("folder", &error))
    }
}

impl Drop for Grounds {
    fn drop(&mut self) {
        self.server.abort();
        // Where it cannot go, a folder with a telling name and at most a hundred bytes is left.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        // A client that hangs up, or says nothing, gets no answer.
        let _ = timeout(PATIENCE, answer(stream)).await;
    }
}

async fn answer(mut stream: TcpStream) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader.take(HEAD_BYTES_MAX)).lines();
    while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    writer.write_all(ANSWER).await
}

fn failed(what: &str, error: &io::Error) -> Fault {
    Fault::new(Kind::NotFound, format!("the doctor's {what} cannot be had: {error}")).detail("doctor")
}
