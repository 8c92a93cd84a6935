//! `wasi:cli` with nothing in it: no environment, captured outputs; but for a command no arguments and a closed input.

mod capture;
mod input;

use std::sync::Arc;

use wasmtime::component::Linker;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::cli::{WasiCli, WasiCliCtxView};
use wasmtime_wasi::p2::bindings::cli;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;

pub(crate) use self::input::Input;

use self::capture::Capture;
use super::Offer;
use super::tools::ToolHandler;
use crate::Stdio;

/// Needs no grant: what a guest writes is captured, and there is nothing to read.
pub(crate) const OFFER: Offer = Offer {
    capability: None,
    interfaces: &[
        ("wasi:cli/environment", "0.2."),
        ("wasi:cli/exit", "0.2."),
        ("wasi:cli/stderr", "0.2."),
        ("wasi:cli/stdin", "0.2."),
        ("wasi:cli/stdout", "0.2."),
        ("wasi:cli/terminal-input", "0.2."),
        ("wasi:cli/terminal-output", "0.2."),
        ("wasi:cli/terminal-stderr", "0.2."),
        ("wasi:cli/terminal-stdin", "0.2."),
        ("wasi:cli/terminal-stdout", "0.2."),
    ],
};

/// What a guest has written to its standard output and error.
pub(crate) struct Outputs {
    stdout: Capture,
    stderr: Capture,
}

impl Outputs {
    /// Captures the outputs of a guest, and gives a command its input.
    pub(crate) fn install(wasi: &mut WasiCtxBuilder, stdio_bytes: u64, input: Option<Input>) -> Self {
        let output_bytes = input.as_ref().map(|input| input.output_bytes);
        let stdout =
            output_bytes.map_or(Capture::new("stdio_bytes", stdio_bytes), |bytes| Capture::new("output_bytes", bytes));
        let stderr = Capture::new("stdio_bytes", stdio_bytes);
        if let Some(Input { args, stdin, .. }) = input {
            wasi.args(&args).stdin(MemoryInputPipe::new(stdin));
        }
        wasi.stdout(stdout.clone()).stderr(stderr.clone());
        Self { stdout, stderr }
    }

    /// Tells what the guest writes from now on, line by line.
    pub(crate) fn tell(&self, follower: &Arc<dyn ToolHandler>) {
        self.stdout.tell(Stdio::Out, follower);
        self.stderr.tell(Stdio::Err, follower);
    }

    pub(crate) fn take_stdout(&self) -> String {
        self.stdout.take()
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    pub(crate) fn take(&self) -> (String, String) {
        (self.stdout.take(), self.stderr.take())
    }
}

/// Links `wasi:cli`, interface by interface, so that a new one in wasmtime does not become one of ours.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> WasiCliCtxView<'_>,
) -> wasmtime::Result<()> {
    cli::environment::add_to_linker::<T, WasiCli>(linker, view)?;
    cli::exit::add_to_linker::<T, WasiCli>(linker, view)?;
    cli::stdin::add_to_linker::<T, WasiCli>(linker, view)?;
    cli::stdout::add_to_linker::<T, WasiCli>(linker, view)?;
    cli::stderr::add_to_linker::<T, WasiCli>(linker, view)?;
    cli::terminal_input::add_to_linker::<T, WasiCli>(linker, view)?;
    cli::terminal_output::add_to_linker::<T, WasiCli>(linker, view)?;
    cli::terminal_stdin::add_to_linker::<T, WasiCli>(linker, view)?;
    cli::terminal_stdout::add_to_linker::<T, WasiCli>(linker, view)?;
    cli::terminal_stderr::add_to_linker::<T, WasiCli>(linker, view)
}
