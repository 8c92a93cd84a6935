use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use stockade_sandbox::{Limits, Tool};

use crate::cache::{entries, load, put};
use crate::world::{TOOL, World, call};

/// What was done to the cache is noticed, costs a compilation, and is over with it; and what then runs is the guest.
pub(crate) async fn run(_: Arc<World>) {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let dir = dir.path();
    healed(dir, "it was empty").await;
    let entry = entries(dir).remove(0);
    let (whole, key) = (fs::read(&entry).unwrap(), fs::read(dir.join("key")).unwrap());
    for at in (0..whole.len()).step_by(whole.len() / 8).chain([whole.len() - 1]) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        put(&entry, &flipped);
        healed(dir, &format!("byte {at} was flipped")).await;
    }
    for torn in [vec![], whole[..whole.len() / 2].to_vec(), [&whole[..], &[0]].concat(), vec![0; whole.len()]] {
        put(&entry, &torn);
        healed(dir, "a write was torn").await;
    }
    load(dir, "01-tight-loop.wat");
    let other = entries(dir).into_iter().find(|path| *path != entry).unwrap();
    put(&entry, &fs::read(other).unwrap());
    healed(dir, "an entry was swapped").await;
    load(elsewhere.path(), "neighbour.wat");
    put(&entry, &fs::read(&entries(elsewhere.path())[0]).unwrap());
    healed(dir, "an entry was of another machine").await;
    put(&elsewhere.path().join("code"), &whole);
    fs::remove_file(&entry).unwrap();
    symlink(elsewhere.path().join("code"), &entry).unwrap();
    healed(dir, "an entry was a link").await;
    put(&dir.join("key"), &[&[key[0] ^ 1], &key[1..]].concat());
    healed(dir, "the key was another").await;
    writers(dir);
    assert!(is_right(dir).await, "with many writers");
}

async fn healed(dir: &Path, what: &str) {
    assert!(!is_right(dir).await, "{what}, and the host did not see it");
    assert!(is_right(dir).await, "{what}, and it was not made good");
}

/// Says whether the neighbour came from the cache, after it has given the right answer.
async fn is_right(dir: &Path) -> bool {
    let (engine, component) = load(dir, "neighbour.wat");
    let was_cached = component.was_cached();
    let tool = Tool::new(&engine, TOOL, component, &[]).unwrap();
    assert_eq!(call(&tool, "double", json!({"number": 21}), Limits::default()).await.result, Ok(json!(42)));
    was_cached
}

fn writers(dir: &Path) {
    entries(dir).iter().for_each(|entry| fs::remove_file(entry).unwrap());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| load(dir, "neighbour.wat"));
        }
    });
}
