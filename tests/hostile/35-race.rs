use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, RenameFlags};

use crate::files::{Place, patient};
use crate::world::World;

/// How often the guest opens in one run; a case is run five times at least, which makes the catalogue's hundred thousand.
const ROUNDS: u64 = 20_000;

/// A directory becomes a link to the outside and back while a guest keeps opening what is in it.
pub(crate) async fn run(world: Arc<World>) {
    let place = Place::reader(&world);
    fs::create_dir(place.data("d")).unwrap();
    fs::write(place.data("d/secret.txt"), "inside").unwrap();
    place.link("link", place.outside(""));
    let swapper = Swapper::start(place.data("d"), place.data("link"));
    let seen = place.wasi_within("open-loop", "d/secret.txt", "", ROUNDS, patient()).await;
    let swaps = swapper.end();
    assert!(swaps > 1_000, "only {swaps} swaps");
    let seen = seen.unwrap();
    assert!(seen.contains("inside") && seen.contains("(not-permitted)"), "{seen}");
    assert!(seen.split(' ').all(|one| ["inside<end>", "inside", "(not-permitted)"].contains(&one)), "{seen}");
}

struct Swapper {
    done: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<u64>,
}

impl Swapper {
    fn start(here: PathBuf, there: PathBuf) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let is_done = done.clone();
        let swap = move || {
            let mut swaps = 0;
            while !is_done.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(CWD, &here, CWD, &there, RenameFlags::EXCHANGE).unwrap();
                swaps += 1;
            }
            swaps
        };
        Self { done, thread: std::thread::spawn(swap) }
    }

    fn end(self) -> u64 {
        self.done.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
