//! An Extism plugin stays the core module that it is.

fn main() {
    println!("cargo::rustc-link-arg-cdylib=--skip-wit-component");
}
