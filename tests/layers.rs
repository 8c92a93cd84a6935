//! The shape of the sources, as the README draws it: what may be named where.

mod imports;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use stockade_tests::root;

use self::imports::Imports;

/// Returns the files under a folder of the workspace that end so, as paths from the workspace.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<String> {
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
const HOMES: [(&[&str], &[&str]); 9] = [
    (&["axum"], &["host/server/"]),
    (&["wasmtime"], &["host/sandbox/"]),
    (&["clap"], &["host/cli/"]),
    (&["std::env::"], &["host/cli/", "host/restate/src/main.rs"]),
    (&["println!", "eprint!"], &["host/cli/"]),
    // What the command prints can fail without a panic; its `println!` is the one of this file.
    (&["anstream::print", "anstream::eprint", "anstream::std", "std::print", "std::eprint"], &["host/cli/src/out.rs"]),
    (&["std::process::exit", "ExitCode"], &["host/cli/", "host/restate/src/main.rs"]),
    (
        &["unsafe "],
        &[
            "host/cli/src/allocator.rs",
            "host/memory/src/vec.rs",
            "host/sandbox/src/cache.rs",
            "host/sandbox/src/capability/sql/heap.rs",
        ],
    ),
    // The one door to the files that guests work with; the rest of `files/` only looks beneath what it opened.
    (&["ambient"], &["host/sandbox/src/capability/files/directory.rs"]),
];

#[test]
fn each_thing_is_named_only_where_it_lives() {
    for (texts, home) in HOMES {
        assert_eq!(strays(texts, home), [""; 0], "{texts:?} is named outside of {home:?}");
        let at_home = strays(texts, &[]);
        assert!(home.iter().all(|home| at_home.iter().any(|path| path.starts_with(home))), "{texts:?}: {at_home:?}");
    }
}

/// The crates of which no files import each other in a circle.
const WITHOUT_CIRCLES: [&str; 15] = [
    "host/cli",
    "host/eval",
    "host/journal",
    "host/mcp",
    "host/mcp-client",
    "host/memory",
    "host/models",
    "host/patterns",
    "host/refund",
    "host/restate",
    "host/runtime",
    "host/sandbox",
    "host/server",
    "host/system",
    "host/workflow",
];

#[test]
fn no_files_import_each_other_in_a_circle_but_a_root_and_its_children() {
    for name in WITHOUT_CIRCLES {
        let source = format!("{name}/src/");
        let paths = sources().into_iter().filter_map(|path| path.strip_prefix(&source).map(str::to_owned));
        let files = paths.map(|path| (path.clone(), code(&format!("{source}{path}"))));
        assert_eq!(Imports::read(files).circles(), [""; 0], "circles of {name}");
    }
}

/// Which of our crates each crate may depend on, as the README draws it. Siblings are not in each other's lists.
const ARROWS: [(&str, &[&str]); 15] = [
    (
        "cli",
        &["stockade", "stockade-eval", "stockade-mcp", "stockade-mcp-client", "stockade-refund", "stockade-server"],
    ),
    ("eval", &["stockade"]),
    ("journal", &["stockade-system", "stockade-workflow"]),
    ("mcp-client", &["stockade", "stockade-system"]),
    ("mcp", &["stockade"]),
    ("memory", &["stockade-system", "stockade-workflow"]),
    ("models", &["stockade-system", "stockade-workflow"]),
    ("patterns", &["stockade-workflow"]),
    ("refund", &["stockade-workflow"]),
    ("restate", &["stockade", "stockade-refund"]),
    (
        "runtime",
        &[
            "stockade-journal",
            "stockade-memory",
            "stockade-models",
            "stockade-patterns",
            "stockade-sandbox",
            "stockade-system",
            "stockade-workflow",
        ],
    ),
    ("sandbox", &["stockade-system", "stockade-workflow"]),
    ("server", &["stockade", "stockade-mcp"]),
    ("system", &["stockade-workflow"]),
    ("workflow", &[]),
];

/// Returns the names of what a crate of `host/` depends on, but for its tests.
fn dependencies(folder: &str) -> Vec<String> {
    let manifest = root().join("host").join(folder).join("Cargo.toml");
    let text = fs::read_to_string(manifest).unwrap();
    let text = text.split_once("[dependencies]").unwrap().1;
    let lines = text.lines().skip(1).take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn crates_use_each_other_as_the_diagram_allows() {
    let is_crate = |path: &String| path.matches('/').count() == 2;
    let manifests = files("host", "/Cargo.toml").into_iter().filter(is_crate);
    let folders: Vec<_> = manifests.filter_map(|path| path.split('/').nth(1).map(str::to_owned)).collect();
    assert_eq!(folders, ARROWS.map(|(folder, _)| folder));
    for (folder, allowed) in ARROWS {
        let ours = dependencies(folder).into_iter().filter(|name| name.starts_with("stockade"));
        let forbidden: Vec<_> = ours.filter(|name| !allowed.contains(&name.as_str())).collect();
        assert_eq!(forbidden, [""; 0], "host/{folder} may depend on {allowed:?}");
    }
}

#[test]
fn crates_use_of_others_what_the_diagram_allows() {
    let pure = ["tokio", "wasmtime", "rusqlite"];
    let forbidden = [
        ("workflow", &pure[..]),
        ("patterns", &pure),
        ("refund", &["tokio", "wasmtime"]),
        ("system", &["wasmtime"]),
        ("journal", &["wasmtime", "clap", "axum"]),
        ("mcp-client", &["wasmtime", "rusqlite", "clap", "axum"]),
        ("memory", &["wasmtime", "clap", "axum"]),
        ("models", &["wasmtime", "rusqlite", "clap", "axum"]),
        ("sandbox", &["clap", "axum"]),
        ("runtime", &["wasmtime", "rusqlite", "clap", "axum"]),
        ("restate", &["wasmtime", "rusqlite", "clap", "axum"]),
        ("eval", &["tokio", "wasmtime", "rusqlite"]),
        ("mcp", &["wasmtime", "rusqlite", "clap", "axum"]),
        ("server", &["wasmtime", "rusqlite", "clap"]),
        ("cli", &["wasmtime", "rusqlite", "axum"]),
    ];
    for (folder, names) in forbidden {
        for name in dependencies(folder) {
            assert!(!names.iter().any(|other| name.starts_with(other)), "host/{folder} depends on {name}");
        }
    }
    let homes = [
        "host/sandbox/",
        "host/journal/",
        "host/mcp/",
        "host/mcp-client/",
        "host/memory/",
        "host/models/",
        "host/system/src/http.rs",
        "host/system/src/postgres",
        "host/runtime/",
        "host/restate/",
        "host/cli/",
        "host/server/",
    ];
    assert_eq!(strays(&["tokio", "async "], &homes), [""; 0]);
}

/// Every place at which the product opens, reads or writes a file of the host.
const DOORS: [&str; 45] = [
    "host/cli/src/commands/eval.rs",                       // writes reports
    "host/cli/src/commands/exec/watch.rs",                 // looks whether the code has changed
    "host/cli/src/commands/export.rs",                     // writes the entries of a run
    "host/cli/src/commands/language.rs",                   // builds languages
    "host/cli/src/commands/serve.rs",                      // listens where a person said
    "host/cli/src/commands/tool/new.rs",                   // writes a new tool
    "host/cli/src/commands/tool/pack.rs",                  // writes components
    "host/cli/src/commands/tool/test.rs",                  // reads cases
    "host/cli/src/open_host.rs",                           // looks for promoted tools
    "host/cli/src/out_dir.rs",                             // writes what code left
    "host/cli/src/places.rs",                              // makes the data directory
    "host/cli/src/resources.rs",                           // counts the threads of this process
    "host/journal/src/sqlite/room.rs",                     // looks how long the journal's file is
    "host/mcp-client/src/pins.rs",                         // keeps what a person has accepted of servers
    "host/models/src/cassette.rs",                         // records and plays what models were asked
    "host/refund/src/shop.rs",                             // makes the built-in shop
    "host/restate/src/lib.rs",                             // listens for Restate
    "host/runtime/src/backup.rs",                          // names backups
    "host/runtime/src/backup/copying.rs",                  // copies what the host keeps
    "host/runtime/src/backup/manifest.rs",                 // writes what a backup has
    "host/runtime/src/backup/restoring.rs",                // puts a backup back
    "host/runtime/src/config/apply.rs",                    // looks into the folder of tools
    "host/runtime/src/doctor/grounds.rs",                  // what the doctor's guests trip over
    "host/runtime/src/oci.rs",                             // keeps components of registries
    "host/runtime/src/scratch.rs",                         // makes the private directories of code
    "host/runtime/src/skills/folder.rs",                   // looks into the folders of skills
    "host/runtime/src/uploads.rs",                         // keeps components that were uploaded
    "host/sandbox/src/cache.rs",                           // keeps machine code
    "host/sandbox/src/capability/http/session.rs",         // connects to what was granted
    "host/sandbox/src/capability/kv/bucket.rs",            // keeps what was granted
    "host/sandbox/src/capability/sql/postgres/address.rs", // connects to what was granted
    "host/sandbox/src/capability/sql/sqlite.rs",           // opens what was granted
    "host/sandbox/src/key.rs",                             // keeps the key of what we wrote
    "host/sandbox/src/mounts.rs",                          // reads where file systems are mounted
    "host/sandbox/src/named_file.rs",                      // opens what a grant names
    "host/sandbox/src/private.rs",                         // opens what is this user's alone
    "host/sandbox/src/reserved.rs",                        // compares places, and opens none for reading
    "host/sandbox/src/wit.rs",                             // looks at what WIT a person named
    "host/server/src/listening.rs",                        // answers who connects
    "host/server/src/patient.rs",                          // is given a connection
    "host/server/src/server.rs",                           // is given a listener
    "host/system/src/access.rs",                           // looks whose a path is
    "host/system/src/append_log.rs",                       // appends to logs of ours
    "host/system/src/database.rs",                         // opens databases of ours
    "host/system/src/file.rs",                             // reads what a person named, writes files of ours whole
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
    assert_eq!(strays(&doors, &["host/sandbox/src/capability/files/", "host/sandbox/src/fuzzing/"]), DOORS);
}

/// What a person named may be a pipe without a writer, or a device without an end: one reader knows.
#[test]
fn what_a_person_named_is_read_in_one_place() {
    let readers = ["fs::read(", "fs::read_to_string(", "File::open(", "io::read_to_string(", ".read_to_end("];
    // What the host itself has written, and a folder that is synced.
    let ours = ["host/runtime/src/backup.rs", "host/runtime/src/oci.rs", "host/runtime/src/scratch.rs"];
    let home = ["host/sandbox/", "host/system/src/file.rs"];
    assert_eq!(strays(&readers, &home), ours);
}

/// Every place at which the product reads JSON, and why a small text cannot take much memory there. A guest, a model or a
/// server that chose the text is read by `json::parse`, `json::read` or `Json::parse`, which know the memory first.
const JSON_READERS: [(&str, &str); 14] = [
    ("host/journal/src/deep.rs", "entries of an old format, which were bounded when they were written"),
    ("host/journal/src/index.rs", "a row that the host wrote"),
    ("host/journal/src/sqlite.rs", "labels and waits of a summary that the host wrote"),
    ("host/memory/src/provider/format.rs", "lists of numbers, within the bytes of an answer"),
    ("host/memory/src/rows.rs", "a list of labels that the host wrote"),
    ("host/models/src/provider/events.rs", "measured in the line before"),
    ("host/models/src/provider/guard.rs", "the first kilobytes of an error"),
    ("host/restate/src/page.rs", "a text that the host wrote"),
    ("host/runtime/src/code/cell.rs", "an exception of our own component: five short members, others are passed over"),
    ("host/runtime/src/oci.rs", "a manifest of at most 256 KiB"),
    ("host/runtime/src/oci/token.rs", "within the bytes of a token's answer"),
    ("host/workflow/src/entry/read.rs", "entries that the host wrote: the values of others stay text"),
    ("host/workflow/src/json.rs", "the reader that measures"),
    ("host/workflow/src/json/text.rs", "makes no value, and the value only when code looks inside"),
];

#[test]
fn json_of_others_is_read_by_a_reader_that_knows_the_memory_first() {
    assert!(JSON_READERS.iter().all(|(_, why)| !why.is_empty()));
    let readers = ["serde_json::from_str", "serde_json::from_slice", "serde_json::from_reader", "Deserializer::from_"];
    let apart = ["host/sandbox/src/fuzzing/", "host/sandbox/src/values/tests.rs"];
    assert_eq!(strays(&readers, &apart), JSON_READERS.map(|(path, _)| path));
}

#[test]
fn every_guest_of_the_tests_is_used() {
    let tests = files("tests", ".rs").iter().map(|path| code(path)).collect::<String>();
    for guest in files("tests/guests", ".wat") {
        let name = Path::new(&guest).file_stem().unwrap().to_str().unwrap();
        assert!(tests.contains(&format!("\"{name}\"")), "no test uses {guest}");
    }
}

/// What is built is tested, and what is committed was built from a folder that is there.
#[test]
fn every_guest_tool_is_built_and_tested() {
    let tests = [files("tests", ".rs"), files("host/sandbox/tests", ".rs")].concat();
    let tests = tests.iter().map(|path| fs::read_to_string(root().join(path)).unwrap()).collect::<String>();
    let folders: BTreeSet<_> = files("guest-tools", "/Cargo.toml")
        .iter()
        .filter_map(|path| path.split('/').nth(1).map(str::to_owned))
        .filter(|folder| !["Cargo.toml", "lean", "bench-tool", "workdir"].contains(&folder.as_str()))
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

/// A file that is not listed is not compiled, and its tests pass by not being there.
#[test]
fn every_test_file_is_listed() {
    let mains = [
        "tests/main.rs",
        "host/workflow/tests/main.rs",
        "host/memory/tests/main.rs",
        "host/models/tests/main.rs",
        "host/patterns/tests/main.rs",
        "host/refund/tests/main.rs",
        "host/sandbox/tests/sandbox/main.rs",
    ];
    for main in mains {
        let folder = main.strip_suffix("/main.rs").unwrap();
        let text = fs::read_to_string(root().join(main)).unwrap();
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if let Some(name) = name.strip_suffix(".rs").filter(|name| *name != "main") {
                assert!(text.contains(&format!("mod {name};")), "{main} does not list {name}");
            }
        }
    }
}

/// Each program of tests is linked with all that it uses, which takes longer than most tests.
#[test]
fn each_crate_has_one_program_of_tests() {
    for folder in ARROWS.map(|(folder, _)| root().join("host").join(folder)) {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let found_by_cargo = folder.join("tests").exists() && !manifest.contains("autotests = false");
        assert!(!found_by_cargo && manifest.matches("[[test]]").count() <= 1, "{} has several", folder.display());
    }
}
