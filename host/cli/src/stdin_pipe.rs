//! Standard input for a command that may be told to end while it waits for more.

use std::io::{Read as _, stdin};
use std::thread;

use tokio::io::{AsyncRead, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::runtime::Handle;

/// How much is read at once, and kept until it is asked for.
const CHUNK_BYTES: usize = 64 << 10;

/// Reads standard input on a thread of its own: a read that waits cannot be called off, and the runtime would wait for it at the
/// end.
pub(crate) fn open() -> impl AsyncRead + Send + Unpin + 'static {
    let (ours, theirs) = duplex(CHUNK_BYTES);
    let runtime = Handle::current();
    // Where the system gives no thread, there is nothing to read.
    let _ = thread::Builder::new().name("stdin".to_owned()).spawn(move || pass_on(&runtime, theirs));
    ours
}

fn pass_on(runtime: &Handle, mut writer: DuplexStream) {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut stdin = stdin().lock();
    while let Ok(count @ 1..) = stdin.read(&mut chunk) {
        let Some(read) = chunk.get(..count) else { return };
        if runtime.block_on(writer.write_all(read)).is_err() {
            return;
        }
    }
}
