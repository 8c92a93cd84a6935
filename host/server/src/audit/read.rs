//! How the log is read, and its chain is verified.

use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use stockade::{Digest, Fault, Kind};

use super::chain::{LINE_BYTES_MAX, of_nothing, read};
use super::entry::Entry;

/// A chain without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many entries there are.
    pub entries: u64,
    /// The digest of the last line; none where there is no line. Kept elsewhere, it shows later that nothing was cut off.
    pub head: Option<Digest>,
    /// How many bytes a crash has left behind the last line. The next entry mends it.
    pub torn_bytes: u64,
}

/// Where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The number of the line, from 1 on; none where it is the end of the chain that is missing.
    pub line: Option<u64>,
    /// What differs.
    pub why: String,
}

/// Checks that each entry is the one that was written behind the one before: that none was changed, removed or put elsewhere. The
/// end may have been cut off; that is found with a `head` that was kept elsewhere, whole or its first twelve digits at least.
///
/// # Errors
///
/// The file cannot be read.
pub fn verify(path: &Path, head: Option<&str>) -> stockade::Result<Result<Verified, Broken>> {
    let (mut verified, mut is_found) = (Verified { entries: 0, head: None, torn_bytes: 0 }, head.is_none());
    let mut lines = Lines::open(path)?;
    while let Some(line) = lines.next()? {
        let number = verified.entries.saturating_add(1);
        let Line::Whole(line) = line else {
            verified.torn_bytes = line.bytes();
            break;
        };
        if let Err(why) = check(&line, number, verified.head.as_ref()) {
            return Ok(Err(Broken { line: Some(number), why }));
        }
        let digest = Digest::of(&line);
        is_found |= head.is_some_and(|head| digest.is_written(head));
        verified = Verified { entries: number, head: Some(digest), ..verified };
    }
    Ok(if is_found { Ok(verified) } else { Err(cut(head.unwrap_or_default(), &verified)) })
}

fn check(line: &[u8], number: u64, previous: Option<&Digest>) -> Result<(), String> {
    let entry = read(line)?;
    let expected = previous.cloned().unwrap_or_else(of_nothing);
    if entry.previous != expected {
        let Some(previous) = number.checked_sub(1).filter(|number| *number > 0) else {
            return Err(format!(
                "it is not the first entry of a log: lines before it were cut off (it is entry {})",
                entry.seq
            ));
        };
        return Err(format!(
            "it was written behind a line of {}, and line {previous} is {expected}: line {previous} was changed, or lines \
             were removed or put elsewhere (this one is entry {})",
            entry.previous, entry.seq
        ));
    }
    if entry.seq != number {
        return Err(format!("it is entry {}, and {number} is expected", entry.seq));
    }
    Ok(())
}

fn cut(head: &str, verified: &Verified) -> Broken {
    let entries = verified.entries;
    let why =
        format!("no line is {head}: the log was cut off before it, and has {entries} entries, or it is another log");
    Broken { line: None, why }
}

/// Reads the entries of a log, the oldest first.
///
/// # Errors
///
/// The file cannot be read, or a line is not an entry.
pub fn entries(path: &Path, mut each: impl FnMut(Entry)) -> stockade::Result<()> {
    let (mut lines, mut number) = (Lines::open(path)?, 0_u64);
    while let Some(line) = lines.next()? {
        number = number.saturating_add(1);
        // The next entry mends a line that was cut.
        let Line::Whole(line) = line else { break };
        let broken = |why| Fault::new(Kind::System, format!("line {number} of the audit log: {why}")).detail("audit");
        each(read(&line).map_err(broken)?);
    }
    Ok(())
}

/// The lines of a file, as long as it was when it was opened: a server may write meanwhile.
struct Lines {
    from: Box<dyn BufRead>,
    named: String,
}

/// A line of a log, or what a crash has left of one.
enum Line {
    Whole(Vec<u8>),
    Torn(Vec<u8>),
}

impl Line {
    fn bytes(&self) -> u64 {
        match self {
            Self::Whole(line) | Self::Torn(line) => line.len() as u64,
        }
    }
}

impl Lines {
    fn open(path: &Path) -> stockade::Result<Self> {
        let named = path.display().to_string();
        let opened = stockade::file::open(path).and_then(|file| {
            // A writer has the lock, so what is there with it is whole.
            file.lock_shared()?;
            let bytes = file.metadata()?.len();
            file.unlock()?;
            Ok(file.take(bytes))
        });
        let file = opened.map_err(|error| unread(&named, &error))?;
        Ok(Self { from: Box::new(BufReader::new(file)), named })
    }

    fn next(&mut self) -> stockade::Result<Option<Line>> {
        let mut line = Vec::new();
        let bytes_max = LINE_BYTES_MAX.saturating_add(1);
        let read = self.from.by_ref().take(bytes_max).read_until(b'\n', &mut line);
        match read.map_err(|error| unread(&self.named, &error))? {
            0 => Ok(None),
            _ if line.pop_if(|last| *last == b'\n').is_some() => Ok(Some(Line::Whole(line))),
            // What is too long is no line of ours.
            bytes if bytes as u64 >= bytes_max => Ok(Some(Line::Whole(line))),
            _ => Ok(Some(Line::Torn(line))),
        }
    }
}

fn unread(named: &str, error: &io::Error) -> Fault {
    Fault::new(Kind::of_file(error), format!("the audit log \"{named}\" cannot be read: {error}")).detail("audit")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::chain::append;
    use crate::audit::entry::Event;

    /// A log of so many entries, and its lines.
    fn log(entries: usize) -> (tempfile::TempDir, std::path::PathBuf, Vec<String>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        let event = |number: usize| Event::TokenRemoved { id: number.to_string(), by: "dana".to_owned() };
        append(&path, 7, u64::MAX, (0..entries).map(event).collect()).unwrap();
        let lines = std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        (dir, path, lines)
    }

    /// Returns the number of the line where the chain of these lines is broken; `Ok`: it is not.
    fn broken(path: &Path, lines: &[String], head: Option<&str>) -> Result<u64, Broken> {
        std::fs::write(path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        verify(path, head).unwrap().map(|verified| verified.entries)
    }

    #[test]
    fn a_log_that_was_changed_is_found_out_with_its_line() {
        let (_dir, path, lines) = log(5);
        assert_eq!(broken(&path, &lines, None), Ok(5));
        let line = |lines: &[String]| broken(&path, lines, None).unwrap_err().line;
        let mut changed = lines.clone();
        changed[2] = changed[2].replace("dana", "mallory");
        assert_eq!(line(&changed), Some(4), "line 4 says what line 3 was");
        let removed: Vec<_> =
            lines.iter().enumerate().filter(|(at, _)| *at != 2).map(|(_, line)| line.clone()).collect();
        assert_eq!(line(&removed), Some(3));
        let mut reordered = lines.clone();
        reordered.swap(1, 2);
        assert_eq!(line(&reordered), Some(2));
        assert_eq!(line(&lines[1..]), Some(1), "the beginning was cut off");
        let mut other = lines.clone();
        other[3] = "x".repeat(100_000);
        assert_eq!(line(&other), Some(4));
        let why = broken(&path, &changed, None).unwrap_err().why;
        assert!(why.contains("line 3 was changed"), "{why}");
    }

    #[test]
    fn a_log_whose_end_was_cut_off_is_found_out_by_the_head_that_was_kept() {
        let (_dir, path, lines) = log(5);
        let digest = |line: &str| Digest::of(line.as_bytes());
        let (third, head) = (digest(&lines[2]), digest(&lines[4]));
        assert_eq!(broken(&path, &lines, Some(head.as_str())), Ok(5));
        assert_eq!(broken(&path, &lines, Some(third.short())), Ok(5), "it has grown since");
        assert_eq!(broken(&path, &lines[..4], None), Ok(4), "this alone cannot be seen");
        assert_eq!(broken(&path, &lines[..4], Some(head.as_str())).unwrap_err().line, None);
        assert_eq!(broken(&path, &[], Some(head.as_str())).unwrap_err().line, None);
        assert_eq!(broken(&path, &lines, Some("sha256:")).unwrap_err().line, None, "too short to be a head");
    }

    #[test]
    fn a_line_that_a_crash_has_cut_is_no_change() {
        let (_dir, path, lines) = log(2);
        std::fs::write(&path, format!("{}\n{}", lines[0], lines[1])).unwrap();
        let verified = verify(&path, None).unwrap().unwrap();
        assert_eq!((verified.entries, verified.torn_bytes), (1, lines[1].len() as u64));
        let absent = verify(&path.with_extension("no"), None).unwrap_err();
        assert_eq!((absent.kind, absent.detail.as_deref()), (Kind::NotFound, Some("audit")));
    }
}
