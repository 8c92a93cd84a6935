use std::fs;
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};
use stockade_workflow::{Kind, Quota};

use crate::files::{Place, refused};
use crate::world::World;

/// Any number is an answer or an error, as a time, a size or an offset.
pub(crate) async fn run(world: Arc<World>) {
    let place = Place::new(&world, |grant| grant.writable().quota(Quota { bytes: u64::MAX, ..Quota::default() }));
    for number in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1] {
        for action in ["write", "stream-write", "set-size", "set-times", "set-times-at"] {
            let done = place.wasi(action, "a.txt", "x", number).await;
            // The largest number that the system has is a time that some file systems keep, cut to what they can.
            let kept = number == i64::MAX as u64 && action.starts_with("set-times");
            let refused = matches!(&done, Err(fault) if fault.kind == Kind::GuestError);
            assert!(kept || refused, "{action} {number}: {done:?}");
        }
        for action in ["read", "stream-read"] {
            let done = place.wasi(action, "a.txt", "x", number).await;
            assert!(done.as_ref().map_or_else(|fault| fault.kind == Kind::GuestError, |read| read.len() <= 5));
        }
        assert_eq!(place.wasi("advise", "a.txt", "", number).await.unwrap(), "done");
    }
    for nanoseconds in ["1000000000", "1073741823", "1073741822", "4294967295"] {
        refused(place.wasi("set-times-at", "a.txt", nanoseconds, 1).await, nanoseconds);
    }
    assert_eq!(fs::read_to_string(place.data("a.txt")).unwrap(), "hello");
    for tv_sec in [-1_000_000_000, 4_000_000_000] {
        let time = Timespec { tv_sec, tv_nsec: 0 };
        let times = Timestamps { last_access: time, last_modification: time };
        rustix::fs::utimensat(CWD, place.data("a.txt"), &times, AtFlags::empty()).unwrap();
        assert_eq!(place.wasi("stat", "a.txt", "", 0).await.unwrap(), "RegularFile 5");
    }
}
