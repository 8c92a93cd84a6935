//! A PostgreSQL server of a test's own, which the test has end, begin again, fail over and fail. `tests/postgres` says where its
//! programs are.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::geteuid;
use tempfile::TempDir;

use crate::database::{self, OwnDatabase};
use crate::faults;

/// A server, which is gone when it is dropped.
pub struct Server {
    dir: TempDir,
    port: u16,
}

impl Server {
    /// Starts one.
    pub fn new() -> Self {
        // Its user must get there.
        let dir = tempfile::Builder::new().prefix("stockade-server.").tempdir_in("/tmp").unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let server = Self { dir, port: free_port() };
        if geteuid().is_root() {
            done(Command::new("chown").arg("postgres").arg(server.dir.path()));
        }
        let library = server.path("faults.so");
        fs::copy(faults::library(), &library).unwrap();
        fs::set_permissions(&library, fs::Permissions::from_mode(0o755)).unwrap();
        server.copy(Path::new(&variable("EMPTY")), &server.path("data"));
        server.start();
        server
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A program, about to be called as the user that the server runs as: it refuses to run as root.
    fn command(&self, program: impl AsRef<Path>) -> Command {
        let program = program.as_ref();
        let mut command = if geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.dir.path());
        command
    }

    fn copy(&self, from: &Path, to: &Path) {
        done(self.command("cp").arg("-a").arg(from).arg(to));
    }

    fn control(&self) -> Command {
        let mut control = self.command(Path::new(&variable("PROGRAMS")).join("pg_ctl"));
        control.arg("-D").arg(self.path("data")).arg("-w");
        control
    }

    /// Starts it, with a disk that is full while the test says so.
    fn start(&self) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=60",
            self.port,
            self.dir.path().display()
        );
        let mut control = self.control();
        control.env("LD_PRELOAD", self.path("faults.so")).env("STOCKADE_FAULT_WHILE", self.path("full"));
        control.env("STOCKADE_FAULT", format!("full 1 {} /base/", i32::MAX));
        done(control.arg("-l").arg(self.path("log")).arg("-o").arg(options).arg("start"));
    }

    /// Ends it in the middle of what it does.
    fn stop(&self) {
        done(self.control().args(["-m", "immediate", "stop"]));
    }

    /// Ends it in the middle of what it does, and starts it again.
    pub fn restart(&self) {
        self.stop();
        self.start();
    }

    /// Keeps what it has at this moment, as a standby has that is not waited for.
    pub fn keep(&self) {
        self.stop();
        self.copy(&self.path("data"), &self.path("standby"));
        self.start();
    }

    /// Puts what was kept in its place: what was written since is lost.
    pub fn fail_over(&self) {
        self.stop();
        fs::rename(self.path("data"), self.path("lost")).unwrap();
        fs::rename(self.path("standby"), self.path("data")).unwrap();
        self.start();
    }

    /// Has its tables find no room on the disk, or find it again.
    pub fn set_full(&self, is_full: bool) {
        let file = self.path("full");
        if is_full { fs::write(file, "").unwrap() } else { fs::remove_file(file).unwrap() }
    }

    /// Returns how often its log has a text.
    pub fn said(&self, text: &str) -> usize {
        String::from_utf8_lossy(&fs::read(self.path("log")).unwrap()).matches(text).count()
    }

    /// Makes an empty database in it.
    pub async fn database(&self) -> OwnDatabase {
        OwnDatabase::on(&format!("127.0.0.1:{}", self.port), &database::password()).await
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that failed may have ended it.
        let _ = self.control().args(["-m", "immediate", "stop"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// Returns a free port below those that the system chooses by itself, so that the server can come back to it.
fn free_port() -> u16 {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id().wrapping_mul(16).wrapping_add(NUMBER.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(12_000 + number % 8_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// What `tests/postgres` says.
fn variable(name: &str) -> String {
    let name = format!("STOCKADE_TEST_POSTGRES_{name}");
    std::env::var(&name).unwrap_or_else(|_| panic!("{name} is not set; run the tests by tests/postgres"))
}

fn done(command: &mut Command) {
    // A server that is started must not hold a pipe to this process.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
