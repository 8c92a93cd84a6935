//! Bytes, files, depth and open files, counted before they are taken: cases 32 and 33.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use stockade_sandbox::Limits;
use stockade_workflow::{Kind, Quota};

use super::{Place, breach, patient, reader, writer};

fn quota(bytes: u64, files: u64, depth: u64) -> Place {
    Place::new(|grant| grant.writable().quota(Quota { bytes, files, depth }))
}

/// Case 32: bytes are counted before they are written, and holes are bytes.
#[tokio::test]
async fn a_disk_is_not_filled() {
    let place = quota(100_000, 10, 4);
    for (action, with) in [("sparse", 1u64 << 40), ("sparse", (1 << 63) - 2), ("fill", 1 << 30)] {
        let (kind, limit, allowed, used) = breach(place.std(action, "/data/big", &with.to_string()).await);
        assert_eq!((kind, limit.as_str(), allowed), (Kind::FsQuota, "fs_bytes", 100_000));
        assert!(used > allowed);
        let left = fs::metadata(place.data("big")).unwrap();
        assert!(left.len() <= 100_000 && left.blocks() * 512 <= 200_000, "{action}: {}", left.len());
    }
    for (action, with, number) in [
        ("write", "x", 1 << 40),
        ("stream-write", "x", 1 << 40),
        ("set-size", "", 1 << 40),
        ("stream-zeroes", "", 1 << 30),
    ] {
        let (kind, limit, ..) = breach(place.wasi(action, "a.txt", with, number).await);
        assert_eq!((kind, limit.as_str()), (Kind::FsQuota, "fs_bytes"), "{action}");
        assert!(fs::metadata(place.data("a.txt")).unwrap().len() <= 100_005, "{action}");
        fs::write(place.data("a.txt"), "hello").unwrap();
    }
    let fault = place.std("sparse", "/data/big", "1000000").await.unwrap_err();
    assert_eq!(
        fault.message,
        "the call may use 100000 of \"fs_bytes\" in fs \"/data\" and asked for 1000001; \"bytes\" in the quota of that \
         grant would allow more"
    );
    // Only the host sees the error of a stream that the guest drops.
    let (kind, limit, ..) = breach(place.wasi("stream-drop", "dropped", &"x".repeat(60_000), 60_000).await);
    assert_eq!((kind, limit.as_str()), (Kind::FsQuota, "fs_bytes"));
    assert_eq!(fs::metadata(place.data("dropped")).unwrap().len(), 0);
    let (kind, limit, ..) = breach(place.wasi("stream-leave", "left", &"x".repeat(60_000), 2).await);
    assert_eq!((kind, limit.as_str()), (Kind::FsQuota, "fs_bytes"));
    // What is written over counts too, or a loop could keep a disk busy for ever.
    let (_, limit, ..) = breach(place.wasi_within("append", "a.txt", &"x".repeat(1000), 101, patient()).await);
    assert_eq!(limit, "fs_bytes");
    assert_eq!(place.wasi("append", "a.txt", &"x".repeat(1000), 100).await.unwrap(), "done");
}

/// Case 32: a quota of zero allows nothing.
#[tokio::test]
async fn a_quota_of_zero_is_none() {
    let place = quota(0, 0, 1);
    assert_eq!(breach(place.std("append", "/data/a.txt", "x").await).1, "fs_bytes");
    assert_eq!(breach(place.std("write", "/data/new.txt", "").await).1, "fs_files");
    assert_eq!(breach(place.std("read", "/data/sub/b.txt", "").await).1, "fs_depth");
    assert_eq!(place.std("read", "/data/a.txt", "").await.unwrap(), "hello");
    assert!(!place.data("new.txt").exists());
}

/// Case 33: neither many files, nor deep folders, nor long names.
#[tokio::test]
async fn inodes_are_counted() {
    let place = quota(1000, 20, 6);
    for (action, path) in [("make-many", "sub/f"), ("mkdir-many", "sub/d")] {
        let (kind, limit, allowed, used) = breach(place.wasi_within(action, path, "", 1_000_000, patient()).await);
        assert_eq!((kind, limit.as_str(), allowed, used), (Kind::FsQuota, "fs_files", 20, 21));
    }
    assert_eq!(fs::read_dir(place.data("sub")).unwrap().count(), 41);
    // What was not made is not counted.
    let again = place.wasi_within("open-loop", "missing", "", 1_000, patient()).await.unwrap();
    assert_eq!(again, "(no-entry)");
    let (kind, limit, allowed, used) = breach(place.wasi("mkdir-deep", ".", "", 4_000).await);
    assert_eq!((kind, limit.as_str(), allowed, used), (Kind::FsQuota, "fs_depth", 6, 7));
    assert_eq!(breach(place.std("mkdir-all", "/data/1/2/3/4/5/6/7", "").await).1, "fs_depth");
    let (name, long) = ("n".repeat(255), "n".repeat(256));
    assert_eq!(place.wasi("mkdir", &name, "", 0).await.unwrap(), "done");
    assert_eq!(place.code("mkdir", &long, "", 0).await, "name-too-long");
    assert_eq!(place.code("mkdir", &"a/".repeat(3000), "", 0).await, "name-too-long");
    assert_eq!(place.code("mkdir", "a\0b", "", 0).await, "invalid");
    assert_eq!(place.code("mkdir", "", "", 0).await, "no-entry");
}

/// Case 33: deep folders by way of links, and by moving one into another.
#[tokio::test]
async fn depth_is_what_it_really_is() {
    let place = quota(1000, 100, 6);
    fs::create_dir_all(place.data("1/2/3/4/5")).unwrap();
    fs::create_dir_all(place.data("x/y")).unwrap();
    symlink("1/2/3/4/5", place.data("short")).unwrap();
    assert_eq!(place.wasi("mkdir", "short/6", "", 0).await.unwrap(), "done");
    assert_eq!(breach(place.wasi("mkdir", "short/6/7", "", 0).await).1, "fs_depth");
    assert_eq!(breach(place.wasi("open", "short/6/7", "create,write", 0).await).1, "fs_depth");
    assert_eq!(breach(place.wasi("symlink", "short/6/7", "x", 0).await).1, "fs_depth");
    assert_eq!(breach(place.wasi("rename", "a.txt", "short/6/a.txt", 0).await).1, "fs_depth");
    assert_eq!(breach(place.wasi("rename", "x", "short/x", 0).await).1, "fs_depth");
    assert_eq!(place.wasi("rename", "x", "1/2/3/4/x", 0).await.unwrap(), "done");
    assert_eq!(place.wasi("rename", "1/2/3/4/x", "x", 0).await.unwrap(), "done");
}

#[tokio::test]
async fn a_large_directory_is_read_a_little_at_a_time() {
    let place = reader();
    for n in 0..3_000 {
        fs::write(place.data(&format!("sub/{n}")), "").unwrap();
    }
    let names = place.wasi_within("list", "sub", "", 0, patient()).await.unwrap();
    assert_eq!(names.split(' ').count(), 3_001);
    assert!(names.contains("2999:RegularFile"));
    let few = patient().host_calls(1_000);
    assert_eq!(breach(place.wasi_within("list", "sub", "", 0, few).await).1, "host_calls");
    let (kind, limit, allowed, _) = breach(place.wasi("list-many", "sub", "", 1_000).await);
    assert_eq!((kind, limit.as_str(), allowed), (Kind::Handles, "fs_open", 64));
}

/// Descriptors of the host are given back, whatever ends the call.
#[tokio::test]
async fn few_files_are_open_at_once() {
    let place = reader();
    for _ in 0..3 {
        let (kind, limit, allowed, used) = breach(place.wasi("open-many", "a.txt", "", 1_000).await);
        assert_eq!((kind, limit.as_str(), allowed, used), (Kind::Handles, "fs_open", 64, 65));
    }
    let descriptors = fs::read_dir("/proc/self/fd").unwrap();
    let here = place.data("a.txt");
    let open = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()).filter(|path| *path == here);
    assert_eq!(open.count(), 0);
    assert_eq!(place.wasi("open-many", "a.txt", "", 60).await.unwrap(), "60");
    let few = Limits::default().resources(20);
    assert_eq!(breach(place.wasi_within("open-many", "a.txt", "", 60, few).await).1, "resources");
}

/// What streams carry counts, though it goes past the call's meter.
#[tokio::test]
async fn bytes_carried_are_counted() {
    let place = writer();
    fs::write(place.data("long"), vec![b'.'; 300_000]).unwrap();
    let few = || Limits::default().host_bytes(200_000);
    for (action, path, with) in
        [("read", "/data/long", ""), ("copy", "/data/a.txt", "/data/b.txt"), ("fill", "/data/new", "300000")]
    {
        let answer = place.std_within(action, path, with, few()).await;
        if action == "copy" {
            assert_eq!(answer.unwrap(), "5");
            continue;
        }
        let (kind, limit, allowed, used) = breach(answer);
        assert_eq!((kind, limit.as_str(), allowed), (Kind::HostcallBytes, "host_bytes", 200_000), "{action}");
        assert!(used <= 200_000 + (64 << 10) + 100, "{action}: {used}");
    }
}
