use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use stockade_sandbox::{Component, Config, Engine, Reserved, Tool};
use stockade_tests::root;
use stockade_workflow::{Fault, Grant};

use crate::world::{TOOL, World, typed};

/// A grant of what the host keeps for itself, under any of its names: its journal, its compiled code, the key of that, its
/// configuration, and what is above them or below.
pub(crate) async fn run(_: Arc<World>) {
    let dir = tempfile::tempdir().unwrap();
    let at = |path: &str| dir.path().join(path).display().to_string();
    ["own/cache", "own/tools", "data/deep", "other"].iter().for_each(|folder| fs::create_dir_all(at(folder)).unwrap());
    for file in ["own/journal.db", "own/cache/key", "stockade.toml", "secret.txt", "data/shop.db"] {
        fs::write(at(file), "").unwrap();
    }
    symlink(at("own"), at("link")).unwrap();
    symlink("own/journal.db", at("journal-link.db")).unwrap();
    fs::hard_link(at("own/journal.db"), at("data/journal.db")).unwrap();

    let mut reserved = Reserved::default();
    ["own", "stockade.toml", "secret.txt"].iter().for_each(|path| reserved.keep(at(path)));
    ["data/shop.db", "data/deep"].iter().for_each(|path| reserved.believe(at(path)));
    let cache_dir = Some(root().join("target/tests/hostile"));
    let config = Config { concurrency: 1, reserved: Arc::new(reserved), cache_dir, ..Config::default() };
    let engine = Engine::new(config).unwrap();
    let load = |guest: &str| engine.load(&wat::parse_file(root().join(guest)).unwrap()).unwrap();
    let files = load("guest-tools/dist/files.wasm");
    let (sql, kv) = (load("host/sandbox/tests/guests/sql.wat"), load("host/sandbox/tests/guests/kv.wat"));
    let granted = |component: &Component, grant: Grant| Tool::new(&engine, TOOL, component.clone(), &[grant]);
    let folder = |path: &str| granted(&files, Grant::fs(at(path), "/data"));
    let database = |path: &str| granted(&sql, Grant::sql("shop", format!("sqlite:{}", at(path))));
    let bucket = |path: &str| granted(&kv, Grant::kv("bucket", at(path)).writable());
    for path in ["", ".", "own", "own/", "own/../own", "data/../own/tools", "link", "link/cache", "other/.."] {
        refused(folder(path), path);
    }
    for path in ["own/journal.db", "link/journal.db", "journal-link.db", "data/journal.db", "own/./cache/../journal.db"]
    {
        refused(database(path), path);
        refused(bucket(path), path);
    }
    for path in ["own/new.kv", "own/tools/new.wasm", "link/new.kv", "stockade.toml", "secret.txt", "data/../own/new.kv"]
    {
        refused(bucket(path), path);
    }
    // What the host opens for tools may be read by others, and not written: not even the files that SQLite looks for beside it.
    for path in ["data", "data/../data", "data/deep"] {
        refused(granted(&files, Grant::fs(at(path), "/data").writable()), path);
        assert!(folder(path).is_ok(), "{path}");
    }
    assert!(!fs::exists(at("own/new.kv")).unwrap() && fs::read(at("stockade.toml")).unwrap().is_empty());
    assert!(folder("other").is_ok() && database("data/shop.db").is_ok() && bucket("data/new.kv").is_ok());
}

#[track_caller]
fn refused(tool: Result<Tool, Fault>, path: &str) {
    let fault = tool.expect_err(path);
    assert_eq!(typed(&fault), ("invalid".to_owned(), "grant".to_owned()), "{path}");
    let says = ["which the host keeps for itself", "another name, a hard link", "which the host itself opens"];
    assert!(says.iter().any(|says| fault.message.contains(says)), "{path}: {fault}");
}
