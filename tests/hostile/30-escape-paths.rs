use std::sync::Arc;

use crate::files::{Place, denied, refused};
use crate::world::World;

/// Ways that lead out, by a link or by themselves.
const OUT: [&str; 18] = [
    "..",
    "../outside/secret.txt",
    "sub/../../outside/secret.txt",
    "sub/../../../../../../../../etc/passwd",
    "./../outside/secret.txt",
    "absolute",
    "relative",
    "chain",
    "folder/secret.txt",
    "folder//secret.txt",
    "folder/.",
    "up/secret.txt",
    "sub/../up/secret.txt",
    "up/../outside/secret.txt",
    "descriptors/0",
    "descriptors/3/secret.txt",
    "root/etc/passwd",
    "folder/../../outside/secret.txt",
];
/// Ways that lead nowhere, or that only WASI can say.
const NOWHERE: [&str; 8] =
    ["loop", "loop/x", "absolute/", "relative/.", "folder/", "a.txt/../../outside/secret.txt", "/etc/passwd", "//etc"];
/// Spellings that mean something elsewhere.
const NAMES: [&str; 9] =
    ["A.TXT", "a.txt.", "a.txt ", "C:\\a.txt", "\\\\?\\C:\\", "CON", "sub\\b.txt", "a\u{2024}txt", "..\\a.txt"];

/// Every spelling of a way out, by every function that takes a path.
pub(crate) async fn run(world: Arc<World>) {
    let place = Place::writer(&world);
    links(&place);
    for way in OUT.iter().chain(&NOWHERE) {
        for how in ["read,follow", "read", "write,follow", "read,directory,follow", "write,follow,truncate"] {
            refused(place.wasi("open", way, how, 0).await, way);
        }
        for action in ["read", "stream-read", "stat-follow", "set-times-at", "list", "truncate-to", "write"] {
            refused(place.wasi(action, way, "write,follow,truncate", 0).await, way);
        }
    }
    for way in OUT {
        let path = format!("/data/{way}");
        // What is not beneath "/data" even by its spelling, no preopen has; std says so itself.
        refused(place.std("read", &path, "").await, way);
        if !way.contains("..") {
            denied(place.std("read", &path, "").await);
        }
    }
    for way in NAMES {
        let fault = place.wasi("read", way, "", 0).await.unwrap_err();
        assert!(fault.message.ends_with("no-entry"), "{way}: {fault:?}");
    }
    moves(&place).await;
}

fn links(place: &Place) {
    place.link("absolute", place.outside("secret.txt"));
    place.link("folder", place.outside(""));
    let relative = [
        ("relative", "../outside/secret.txt"),
        ("chain", "relative"),
        ("loop", "loop"),
        ("up", "../outside"),
        ("descriptors", "/proc/self/fd"),
        ("root", "/proc/self/root"),
    ];
    relative.iter().for_each(|(name, target)| place.link(name, target));
}

/// A slash after a name must not make a link be followed, and no link is made that leads out.
async fn moves(place: &Place) {
    for (action, path, extra) in [
        ("rename", "folder/", "moved"),
        ("rename", "a.txt", "folder/"),
        ("rename", "a.txt", "folder/x"),
        ("rename", "a.txt", "../outside/x"),
        ("rename", "a.txt/", "x"),
        ("link", "a.txt", "folder/x"),
        ("unlink", "folder/", ""),
        ("unlink", "folder/secret.txt", ""),
        ("rmdir", "folder/", ""),
        ("stat", "folder/", ""),
        ("mkdir", "folder/new", ""),
        ("readlink", "folder", ""),
        ("symlink", "sub/link", "/etc/passwd"),
        ("symlink", "sub/link", "../outside"),
        ("symlink", "sub/link", "sub/../../outside"),
    ] {
        refused(place.wasi(action, path, extra, 0).await, path);
    }
    // What is in the directory is reached by any spelling of it.
    for way in ["a.txt", "./a.txt", "sub/../a.txt", "sub//.././a.txt"] {
        assert_eq!(place.wasi("read", way, "", 0).await.unwrap(), "hello", "{way}");
    }
}
