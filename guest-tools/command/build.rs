//! Links the start of a program where the toolchain does not: `guest-tools/build` names the object then.

fn main() {
    println!("cargo:rerun-if-env-changed=STOCKADE_PROGRAM_START");
    if let Ok(object) = std::env::var("STOCKADE_PROGRAM_START") {
        println!("cargo:rustc-link-arg-bins={object}");
    }
}
