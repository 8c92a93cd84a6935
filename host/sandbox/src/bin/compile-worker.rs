//! The whole of a program for `stockade_sandbox::Compiler::Process`: what an embedder's own program may do in its `main`.

fn main() -> stockade_sandbox::Result<()> {
    stockade_sandbox::compile_worker()
}
