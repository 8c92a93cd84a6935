//! The shape of the sources, as the README draws it: what may be named where.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use stockade_tests::root;

/// Returns the files under a folder of the workspace that end so, as paths from the workspace.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name() != Some("target".as_ref()) {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

/// The sources of the product: no tests, examples, benches or build scripts.
fn sources() -> Vec<String> {
    let is_product = |path: &String| path.split('/').nth(2) == Some("src");
    files("host", ".rs").into_iter().filter(is_product).collect()
}

/// A file's code: no comments, for they may speak of anything, and nothing of the tests at its end.
fn code(path: &str) -> String {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Returns the sources, but for those under `home`, whose code has one of these texts.
fn strays(texts: &[&str], home: &[&str]) -> Vec<String> {
    let elsewhere = |path: &String| !home.iter().any(|home| path.starts_with(home));
    let names = |path: &String| texts.iter().any(|text| code(path).contains(text));
    sources().into_iter().filter(elsewhere).filter(names).collect()
}

/// What may be named only there; each must be found there, or the rule guards nothing.
const HOMES: [(&[&str], &[&str]); 7] = [
    (&["wasmtime"], &["host/sandbox/"]),
    (&["clap"], &["host/cli/"]),
    (&["std::env::"], &["host/cli/"]),
    (&["println!", "eprint!"], &["host/cli/"]),
    (&["std::process::exit", "ExitCode"], &["host/cli/"]),
    (&["unsafe "], &["host/runtime/src/memory/vec.rs", "host/sandbox/src/cache.rs", "host/sandbox/src/sql/heap.rs"]),
    // The one door to the files that guests work with; the rest of `files/` only looks beneath what it opened.
    (&["ambient"], &["host/sandbox/src/files/directory.rs"]),
];

#[test]
fn each_thing_is_named_only_where_it_lives() {
    for (texts, home) in HOMES {
        assert_eq!(strays(texts, home), [""; 0], "{texts:?} is named outside of {home:?}");
        let at_home = strays(texts, &[]);
        assert!(home.iter().all(|home| at_home.iter().any(|path| path.starts_with(home))), "{texts:?}: {at_home:?}");
    }
    // Nobody needs these yet; when somebody does, it is there.
    assert_eq!(strays(&["axum"], &["host/server/"]), [""; 0]);
}

#[test]
fn crates_use_what_the_diagram_allows() {
    let forbidden = [
        ("host/workflow/Cargo.toml", &["tokio", "wasmtime", "rusqlite", "stockade-sandbox", "stockade ="][..]),
        ("host/sandbox/Cargo.toml", &["clap", "axum", "stockade ="]),
        ("host/runtime/Cargo.toml", &["wasmtime", "clap", "axum", "stockade-cli"]),
        ("host/cli/Cargo.toml", &["wasmtime", "rusqlite", "axum"]),
    ];
    for (manifest, names) in forbidden {
        let text = fs::read_to_string(root().join(manifest)).unwrap();
        let dependencies = text.split("[dev-dependencies]").next().unwrap_or_default();
        for name in names {
            let named = dependencies.lines().any(|line| line.starts_with(name));
            assert!(!named, "{manifest} depends on {name}");
        }
    }
    assert_eq!(strays(&["tokio", "async "], &["host/sandbox/", "host/runtime/", "host/cli/", "host/server/"]), [""; 0]);
}

/// Every place at which the product opens, reads or writes a file of the host.
const DOORS: [&str; 25] = [
    "host/cli/src/commands/agent.rs",           // reads pictures
    "host/cli/src/commands/eval.rs",            // reads cases, writes reports
    "host/cli/src/commands/exec.rs",            // reads code and its files, writes what it left
    "host/cli/src/commands/language.rs",        // builds languages
    "host/cli/src/commands/memory.rs",          // reads files to keep
    "host/cli/src/commands/tool/new.rs",        // writes a new tool
    "host/cli/src/commands/tool/pack.rs",       // reads and writes components
    "host/cli/src/commands/tool/promote.rs",    // writes a tool that was promoted
    "host/cli/src/home.rs",                     // makes the data directory
    "host/cli/src/secrets.rs",                  // reads secrets that are kept in files
    "host/runtime/src/config/mod.rs",           // reads stockade.toml
    "host/runtime/src/doctor/grounds.rs",       // what the doctor's guests trip over
    "host/runtime/src/door.rs",                 // is asked by genai
    "host/runtime/src/file.rs",                 // opens databases, reads what has an end
    "host/runtime/src/model/cassette.rs",       // records and plays what models were asked
    "host/runtime/src/oci.rs",                  // keeps components of registries
    "host/runtime/src/scratch.rs",              // makes the private directories of code
    "host/runtime/src/shop.rs",                 // makes the built-in shop
    "host/runtime/src/tools.rs",                // reads components
    "host/sandbox/src/cache.rs",                // keeps machine code
    "host/sandbox/src/http/session.rs",         // connects to what was granted
    "host/sandbox/src/kv/bucket.rs",            // keeps what was granted
    "host/sandbox/src/sql/postgres/address.rs", // connects to what was granted
    "host/sandbox/src/sql/postgres/wire.rs",    // reads the authorities of a grant
    "host/sandbox/src/sql/sqlite.rs",           // opens what was granted
];

#[test]
fn the_doors_to_files_are_few_and_known() {
    let doors = [
        "Connection::open",
        "fs::",
        "File::",
        "OpenOptions",
        "ambient_authority",
        "pem_file",
        "TcpListener",
        "TcpStream",
        "UnixListener",
    ];
    assert_eq!(strays(&doors, &["host/sandbox/src/files/", "host/sandbox/src/fuzzing/"]), DOORS);
}

#[test]
fn every_guest_of_the_tests_is_used() {
    let tests = files("tests", ".rs").iter().map(|path| code(path)).collect::<String>();
    for guest in files("tests/guests", ".wat") {
        let name = Path::new(&guest).file_stem().unwrap().to_str().unwrap();
        assert!(tests.contains(&format!("\"{name}\"")), "no test uses {guest}");
    }
}

/// What is built is tested, and what is committed was built from a folder that is there. `python-lite` is too large to be
/// committed.
#[test]
fn every_guest_tool_is_built_and_tested() {
    let tests = [files("tests", ".rs"), files("host/sandbox/tests", ".rs")].concat();
    let tests = tests.iter().map(|path| fs::read_to_string(root().join(path)).unwrap()).collect::<String>();
    let folders: BTreeSet<_> = files("guest-tools", "/Cargo.toml")
        .iter()
        .filter_map(|path| path.split('/').nth(1).map(str::to_owned))
        .filter(|folder| !["Cargo.toml", "lean", "bench-tool", "python-lite", "workdir"].contains(&folder.as_str()))
        .collect();
    let built: BTreeSet<_> = files("guest-tools/dist", ".wasm")
        .iter()
        .map(|path| Path::new(path).file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(folders, built);
    for name in built {
        assert!(tests.contains(&format!("\"{name}\"")), "no test names \"{name}\"");
    }
}

#[test]
fn every_test_file_is_listed() {
    let main = fs::read_to_string(root().join("tests/main.rs")).unwrap();
    for entry in fs::read_dir(root().join("tests")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = name.strip_suffix(".rs").filter(|name| *name != "main") {
            assert!(main.contains(&format!("mod {name};")), "tests/main.rs does not list {name}");
        }
    }
}
