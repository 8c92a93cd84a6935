//! The built-in tool "files", whose guest is "folder": it reads and changes what was granted, and nothing beside it.

use std::fs;
use std::sync::LazyLock;

use serde_json::{Value, json};
use stockade_sandbox::{Component, Limits, Tool};
use stockade_workflow::{Fault, Grant};
use tempfile::TempDir;

use crate::common::{ENGINE, built, call, tool};

static FOLDER: LazyLock<Component> = LazyLock::new(|| ENGINE.load(&built("folder")).expect("a component"));

/// A folder that is granted as `/data`, and a file beside it that is not.
struct Place {
    base: TempDir,
    tool: Tool,
}

impl Place {
    fn new(grant: impl FnOnce(Grant) -> Grant) -> Self {
        let base = tempfile::tempdir().unwrap();
        fs::create_dir_all(base.path().join("data/sub")).unwrap();
        fs::write(base.path().join("data/a.txt"), "one\ntwo\nthree\n").unwrap();
        fs::write(base.path().join("secret"), "canary").unwrap();
        std::os::unix::fs::symlink("../secret", base.path().join("data/out")).unwrap();
        std::os::unix::fs::symlink("a.txt", base.path().join("data/in")).unwrap();
        let grant = grant(Grant::fs(base.path().join("data").display().to_string(), "/data"));
        Self { tool: tool(FOLDER.clone(), &[grant]), base }
    }

    async fn call(&self, function: &str, arguments: Value) -> Result<Value, Fault> {
        let answer = call(&self.tool, function, arguments, Limits::default()).await.result;
        assert_eq!(fs::read_to_string(self.base.path().join("secret")).unwrap(), "canary");
        assert!(!format!("{answer:?}").contains("canary"), "{answer:?}");
        answer
    }

    async fn refused(&self, function: &str, arguments: Value) -> String {
        self.call(function, arguments).await.unwrap_err().message
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.base.path().join("data").join(path)).unwrap()
    }
}

#[tokio::test]
async fn files_are_read_listed_searched_written_and_edited() {
    let place = Place::new(Grant::writable);
    let piece = place.call("read", json!({"path": "/data/a.txt", "from_line": 2, "lines_max": 1})).await.unwrap();
    assert_eq!(piece, json!({"text": "two\n", "from_line": 2, "lines": 3, "truncated": true}));
    let bytes =
        place.call("write", json!({"path": "/data/new/b.txt", "text": "two lamps", "new": true})).await.unwrap();
    assert_eq!((bytes, place.text("new/b.txt")), (json!(9), "two lamps".into()));
    let listed = place.call("list", json!({"path": "/data", "deep": true})).await.unwrap();
    let paths: Vec<_> = listed.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/data/a.txt", "/data/in", "/data/new", "/data/out", "/data/sub", "/data/new/b.txt"]);
    let found = place.call("search", json!({"path": "/data", "text": "TWO", "any_case": true})).await.unwrap();
    let expected = json!([{"path": "/data/a.txt", "line": 2, "text": "two"},
                          {"path": "/data/new/b.txt", "line": 1, "text": "two lamps"}]);
    assert_eq!(found, json!({"found": expected, "truncated": false}));
    let edited = place.call("edit", json!({"path": "/data/a.txt", "old": "two", "new": "2"})).await.unwrap();
    assert_eq!((edited, place.text("a.txt")), (json!(1), "one\n2\nthree\n".into()));
    let refused = place.refused("edit", json!({"path": "/data/a.txt", "old": "e", "new": "E"})).await;
    assert!(refused.contains("\"old\" stands \"3\" times"), "{refused}");
    assert_eq!(place.text("a.txt"), "one\n2\nthree\n");
}

#[tokio::test]
async fn files_beside_the_folder_are_not_reached() {
    let place = Place::new(Grant::writable);
    for path in ["/data/../secret", "/secret", "/data/out", "secret", "/data/sub/../../secret", "/etc/passwd"] {
        place.refused("read", json!({"path": path})).await;
        place.refused("write", json!({"path": path, "text": "x"})).await;
        place.refused("edit", json!({"path": path, "old": "canary", "new": "x"})).await;
        place.refused("search", json!({"path": path, "text": "can"})).await;
    }
}

#[tokio::test]
async fn files_are_not_written_through_links_nor_under_a_grant_to_read() {
    let place = Place::new(Grant::writable);
    for (function, arguments) in [
        ("write", json!({"path": "/data/in", "text": "x"})),
        ("edit", json!({"path": "/data/in", "old": "two", "new": "x"})),
    ] {
        let refused = place.refused(function, arguments).await;
        assert!(refused.contains("is a link"), "{refused}");
    }
    let reader = Place::new(|grant| grant);
    reader.refused("write", json!({"path": "/data/a.txt", "text": "x"})).await;
    reader.refused("edit", json!({"path": "/data/a.txt", "old": "two", "new": "x"})).await;
    for place in [place, reader] {
        assert_eq!(place.text("a.txt"), "one\ntwo\nthree\n");
        assert_eq!(fs::read_dir(place.base.path().join("data")).unwrap().count(), 4);
    }
}
