//! The process of a server: the one place at which this crate starts a program.
//!
//! It has an environment of its own and a process group of its own. A thread waits for it as long as it lives: the system kills a
//! process with the *thread* that started it, where the [`Launcher`] asks for that.

use std::collections::BTreeMap;
use std::io::{self, Error};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::oneshot;

use crate::lock::lock;

/// Where a program, and what it starts, is looked for unless the configuration says otherwise.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How long a process may take to end once it was told to.
const GRACE: Duration = Duration::from_secs(2);

/// A program that becomes the server's: it is started with these arguments and those of the server after them, and calls
/// [`launch`], so that the server dies with the host.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// The program, such as `/proc/self/exe`.
    pub program: PathBuf,
    /// Its first arguments.
    pub arguments: Vec<String>,
}

/// Becomes another program, which is killed as soon as the process that started this one is gone, and gets no rights by being
/// started. It returns only where that fails.
pub fn launch(program: &str, arguments: &[String]) -> Error {
    let prepared = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    match prepared.and_then(|()| rustix::thread::set_no_new_privs(true)) {
        Ok(()) => Command::new(program).args(arguments).exec(),
        Err(error) => error.into(),
    }
}

/// What is to be started. It may hold secrets, and is never printed.
pub(crate) struct Order {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// What its environment has, beside what each has.
    pub(crate) environment: BTreeMap<String, String>,
    /// Its working directory, its home, and where its temporary files go.
    pub(crate) folder: PathBuf,
}

/// A process that is told to end when this is dropped, and is killed with all of its group where it does not.
#[derive(Debug)]
pub(crate) struct Process(Arc<Mutex<Option<Pid>>>);

/// The ends of a process that the host holds.
pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

type Ends = (process::ChildStdin, process::ChildStdout, process::ChildStderr);

impl Process {
    /// Starts a process.
    ///
    /// # Errors
    ///
    /// The program cannot be started.
    pub(crate) async fn start(order: Order) -> io::Result<(Self, Pipes)> {
        let (tell, told) = oneshot::channel();
        let alive = Arc::new(Mutex::new(None));
        let watched = Arc::clone(&alive);
        thread::Builder::new().name("mcp-server".to_owned()).spawn(move || watch(&order, &watched, tell))?;
        // Dropped in the midst, it ends the process too.
        let process = Self(alive);
        let (stdin, stdout, stderr) = told.await.map_err(|_| Error::other("the thread that starts it has ended"))??;
        let pipes = Pipes {
            stdin: ChildStdin::from_std(stdin)?,
            stdout: ChildStdout::from_std(stdout)?,
            stderr: ChildStderr::from_std(stderr)?,
        };
        Ok((process, pipes))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        signal(&self.0, Signal::TERM);
        let alive = Arc::clone(&self.0);
        let later = thread::Builder::new().name("mcp-ending".to_owned()).spawn(move || {
            thread::sleep(GRACE);
            signal(&alive, Signal::KILL);
        });
        if later.is_err() {
            signal(&self.0, Signal::KILL);
        }
    }
}

/// Starts a process and waits until it has ended.
fn watch(order: &Order, alive: &Mutex<Option<Pid>>, tell: oneshot::Sender<io::Result<Ends>>) {
    let (mut child, ends) = match begin(order) {
        Ok(begun) => begun,
        // Where the caller is gone, the error is of no use.
        Err(error) => return drop(tell.send(Err(error))),
    };
    let pid = Pid::from_child(&child);
    *lock(alive) = Some(pid);
    if tell.send(Ok(ends)).is_err() {
        signal(alive, Signal::KILL);
    }
    // Until it is reaped, its number is no other process's.
    while matches!(waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT), Err(Errno::INTR)) {}
    // What it started and left behind ends too.
    signal(alive, Signal::KILL);
    *lock(alive) = None;
    // It has ended, and how is not asked.
    let _ = child.wait();
}

fn begin(order: &Order) -> io::Result<(process::Child, Ends)> {
    let Order { program, arguments, environment, folder } = order;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_clear().env("PATH", PATH).env("HOME", folder).env("TMPDIR", folder);
    command.envs(environment).process_group(0);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
        (Some(stdin), Some(stdout), Some(stderr)) => Ok((child, (stdin, stdout, stderr))),
        _ => {
            // It has no pipes, which is why it is of no use; how it ends is not asked.
            let _ = child.kill().and_then(|()| child.wait());
            Err(Error::other("its pipes are missing"))
        }
    }
}

/// Sends a signal to the process and to all of its group, if it is there.
fn signal(alive: &Mutex<Option<Pid>>, signal: Signal) {
    let alive = lock(alive);
    if let Some(pid) = *alive {
        // A group that is gone needs no signal.
        let _ = kill_process_group(pid, signal);
    }
}
