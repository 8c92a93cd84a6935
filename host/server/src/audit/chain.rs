//! How entries are appended.

use std::io;
use std::path::Path;
use std::time::Duration;

use stockade::json::{self, Bounds};
use stockade::{AppendLog, Digest, Fault, Kind};

use super::entry::{Entry, Event, FORMAT};

/// The longest line, in bytes: the names of a principal and of what it changes are bounded.
pub(super) const LINE_BYTES_MAX: u64 = 64 << 10;

/// How much of the end of the log is read first, in bytes.
const TAIL_BYTES: u64 = 4 << 10;

/// How long another process may have the log.
const PATIENCE: Duration = Duration::from_secs(5);

/// The last entry, and what a crash has left behind it.
#[derive(Debug, PartialEq, Eq)]
struct End {
    seq: u64,
    digest: Digest,
    torn: Vec<u8>,
}

/// Appends events, all or none.
pub(super) fn append(path: &Path, at_ms: u64, bytes_max: u64, events: Vec<Event>) -> stockade::Result<()> {
    let unwritten = |error: io::Error| unwritten(path, &error);
    let mut file = AppendLog::open(path, PATIENCE).map_err(unwritten)?;
    let tail = tail(&mut file).map_err(unwritten)?;
    let end = End::read(&tail).map_err(|why| damaged(path, why))?;
    let torn = end.torn.len() as u64;
    let mended = (torn > 0).then(|| Event::Mended { bytes: torn, digest: Digest::of(&end.torn) });
    let lines = lines(end.seq, end.digest, at_ms, mended.into_iter().chain(events))?;
    let bytes = file.bytes().map_err(unwritten)?.saturating_sub(torn).saturating_add(lines.len() as u64);
    if bytes > bytes_max {
        return Err(full(path, bytes_max, bytes));
    }
    if torn > 0 {
        file.cut(torn).map_err(unwritten)?;
    }
    file.append(lines.as_bytes()).map_err(unwritten)
}

/// Returns the end of a log that has its last whole line in it: most lines are short.
fn tail(file: &mut AppendLog) -> io::Result<Vec<u8>> {
    let tail = file.tail(TAIL_BYTES)?;
    let is_whole = tail.iter().filter(|byte| **byte == b'\n').nth(1).is_some();
    if is_whole { Ok(tail) } else { file.tail(LINE_BYTES_MAX.saturating_mul(2)) }
}

/// Returns the digest that the first entry has for the line before.
pub(super) fn of_nothing() -> Digest {
    Digest::of(b"")
}

fn lines(
    mut seq: u64,
    mut previous: Digest,
    at_ms: u64,
    events: impl Iterator<Item = Event>,
) -> stockade::Result<String> {
    let mut lines = String::new();
    for event in events {
        seq = seq.saturating_add(1);
        let entry = Entry { format: FORMAT, seq, at_ms, previous, event };
        let line = serde_json::to_string(&entry);
        let line = line.map_err(|error| Fault::new(Kind::HostBug, error.to_string()).detail("audit"))?;
        previous = Digest::of(line.as_bytes());
        lines.push_str(&line);
        lines.push('\n');
    }
    Ok(lines)
}

impl End {
    /// Finds the last entry in the end of a file, or says what is wrong with it.
    fn read(tail: &[u8]) -> Result<Self, String> {
        let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at.saturating_add(1));
        let (whole, torn) = tail.split_at(whole);
        if torn.len() as u64 > LINE_BYTES_MAX {
            return Err(format!("its last line is longer than {LINE_BYTES_MAX} bytes"));
        }
        let torn = torn.to_vec();
        let Some(lines) = whole.strip_suffix(b"\n") else { return Ok(Self { seq: 0, digest: of_nothing(), torn }) };
        let line = lines.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let entry = read(line)?;
        Ok(Self { seq: entry.seq, digest: Digest::of(line), torn })
    }
}

/// Reads a line.
pub(super) fn read(line: &[u8]) -> Result<Entry, String> {
    let text = std::str::from_utf8(line).map_err(|_| "the line is not UTF-8".to_owned())?;
    let entry: Entry =
        json::read(text, &Bounds::OWN).map_err(|fault| format!("it is not an entry: {}", fault.message))?;
    match entry.format {
        FORMAT => Ok(entry),
        other => Err(format!("it is of format {other}, and this program knows {FORMAT}")),
    }
}

fn unwritten(path: &Path, error: &io::Error) -> Fault {
    let message = format!(
        "the audit log \"{}\" cannot be written: {error}; no change is made that it does not have",
        path.display()
    );
    Fault::new(Kind::System, message).detail("audit")
}

fn damaged(path: &Path, why: String) -> Fault {
    let message = format!(
        "the end of the audit log \"{}\" was changed: {why}; `stockade audit verify` says where, and a log that is moved \
         away is begun anew",
        path.display()
    );
    Fault::new(Kind::System, message).detail("audit")
}

fn full(path: &Path, allowed: u64, used: u64) -> Fault {
    let message = format!(
        "the audit log has {allowed} bytes, and no more are allowed; its operator moves \"{}\" away, and it is begun anew",
        path.file_name().unwrap_or_default().to_string_lossy()
    );
    Fault::limit(Kind::Unavailable, "audit_bytes", allowed, used, message).detail("audit")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::read::{entries, verify};

    fn removed(id: &str) -> Event {
        Event::TokenRemoved { id: id.to_owned(), by: "dana".to_owned() }
    }

    #[test]
    fn an_entry_names_the_digest_of_the_line_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        append(&path, 7, u64::MAX, vec![removed("a"), removed("b")]).unwrap();
        append(&path, 8, u64::MAX, vec![removed("c")]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        let kept: Vec<_> = lines.iter().map(|line| read(line.as_bytes()).unwrap()).collect();
        assert_eq!(kept.iter().map(|entry| (entry.seq, entry.at_ms)).collect::<Vec<_>>(), [(1, 7), (2, 7), (3, 8)]);
        assert_eq!(kept[0].previous, of_nothing());
        assert!((1..3).all(|at| kept[at].previous == Digest::of(lines[at - 1].as_bytes())));
        assert_eq!(verify(&path, None).unwrap().unwrap().head, Some(Digest::of(lines[2].as_bytes())));
    }

    #[test]
    fn a_line_that_a_crash_has_cut_is_mended_and_the_next_entry_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        append(&path, 7, u64::MAX, vec![removed("a"), removed("b")]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        // A crash may have left any part of the second line.
        let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for end in first..whole.len() {
            std::fs::write(&path, &whole[..end]).unwrap();
            append(&path, 8, u64::MAX, vec![removed("c")]).unwrap();
            let mut found = Vec::new();
            entries(&path, |entry| found.push(entry.event)).unwrap();
            let torn = &whole[first..end];
            let mended = Event::Mended { bytes: torn.len() as u64, digest: Digest::of(torn) };
            let mended = (!torn.is_empty()).then_some(mended);
            let expected: Vec<_> = [removed("a")].into_iter().chain(mended).chain([removed("c")]).collect();
            assert_eq!(found, expected, "cut at {end}");
        }
    }

    #[test]
    fn a_last_line_of_any_length_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        for (bytes, at_ms) in [(10, 1), (TAIL_BYTES as usize, 2), (60 << 10, 3), (10, 4), (10, 5)] {
            append(&path, at_ms, u64::MAX, vec![removed(&"x".repeat(bytes))]).unwrap();
        }
        assert_eq!(verify(&path, None).unwrap().unwrap().entries, 5);
    }

    #[test]
    fn a_log_that_is_full_or_whose_end_was_changed_takes_no_entry() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        append(&path, 7, 300, vec![removed("a")]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let refused = append(&path, 8, 300, vec![removed("b")]).unwrap_err();
        assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Unavailable, Some("audit")));
        assert_eq!(refused.breach.unwrap().limit, "audit_bytes");
        assert_eq!(std::fs::read(&path).unwrap(), whole, "nothing of it is written");
        std::fs::write(&path, "{}\n").unwrap();
        let refused = append(&path, 8, u64::MAX, vec![removed("b")]).unwrap_err();
        assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::System, Some("audit")));
        let nowhere = append(&dir.path().join("no/audit.log"), 8, u64::MAX, vec![removed("b")]).unwrap_err();
        assert!(nowhere.message.contains("no change is made that it does not have"), "{nowhere}");
    }
}
