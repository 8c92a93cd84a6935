//! Says where the built-in tools' components are: `guests`, which are those of `guest-tools/dist`, or the folder that
//! `STOCKADE_GUESTS` names.

fn main() {
    println!("cargo:rerun-if-env-changed=STOCKADE_GUESTS");
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/guests").to_owned();
    let guests = std::env::var("STOCKADE_GUESTS").unwrap_or(committed);
    println!("cargo:rustc-env=STOCKADE_GUESTS={guests}");
}
