#![doc = "Empty: see `Cargo.toml`."]
