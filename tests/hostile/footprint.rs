use std::fs;

use anyhow::ensure;

/// What the process holds at one moment, as the kernel counts it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Footprint {
    rss_bytes: u64,
    files: usize,
    threads: usize,
    temp_files: usize,
}

/// What may be left over: the allocator and the pool keep some pages to use again.
const RSS_SLACK_BYTES: u64 = 1 << 20;

impl Footprint {
    pub(crate) fn now() -> Self {
        Self {
            rss_bytes: status("VmRSS:"),
            files: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
            temp_files: count(std::env::temp_dir()),
        }
    }

    /// Checks that there is nothing now that was not there before.
    pub(crate) fn left_over(&self) -> anyhow::Result<()> {
        let now = Self::now();
        let (before, after) = ((self.files, self.threads, self.temp_files), (now.files, now.threads, now.temp_files));
        let is_as_before = after.0 <= before.0 && after.1 <= before.1 && after.2 <= before.2;
        ensure!(is_as_before, "files, threads, temporary files were {before:?} and are {after:?}");
        let (was, is) = (self.rss_bytes, now.rss_bytes);
        ensure!(is <= was + RSS_SLACK_BYTES, "resident memory was {was} and is {is} bytes");
        Ok(())
    }
}

/// The most that was resident since [`Peak::start`].
pub(crate) struct Peak {
    before: u64,
}

impl Peak {
    pub(crate) fn start() -> Self {
        // Resets the high-water mark of this process.
        fs::write("/proc/self/clear_refs", "5").unwrap();
        Self { before: status("VmRSS:") }
    }

    /// Returns how many bytes more than at the start were resident at the worst moment.
    pub(crate) fn bytes(&self) -> u64 {
        status("VmHWM:").saturating_sub(self.before)
    }
}

fn status(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib << 10
}

fn count(folder: impl AsRef<std::path::Path>) -> usize {
    fs::read_dir(folder).unwrap().count()
}
