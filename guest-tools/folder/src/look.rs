//! Reads files and lists folders.

use std::fs::{self, File, FileType};
use std::io::Read as _;

use crate::because;
use crate::exports::stockade::folder::files::{Entry, Kind, Piece};

/// The longest file of which lines are read.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// How much of a file is returned at once.
const PIECE_BYTES_MAX: usize = 200_000;

/// How many entries are listed.
const ENTRIES_MAX: usize = 1000;

/// How deep folders are listed and searched.
pub const DEPTH_MAX: usize = 20;

pub fn read(path: &str, from_line: u32, lines_max: u32) -> Result<Piece, String> {
    if from_line == 0 {
        return Err("\"from_line\" is \"0\", and the first line is 1".into());
    }
    let text = text(path, FILE_BYTES_MAX)?;
    let lines = text.lines().count() as u32;
    let mut piece = String::new();
    let mut taken = 0u32;
    for line in text.split_inclusive('\n').skip(from_line as usize - 1).take(lines_max as usize) {
        if piece.len() + line.len() > PIECE_BYTES_MAX {
            if piece.is_empty() {
                return Err(format!(
                    "line \"{from_line}\" of \"{path}\" has \"{}\" bytes, and {PIECE_BYTES_MAX} are read at once",
                    line.len()
                ));
            }
            break;
        }
        piece.push_str(line);
        taken += 1;
    }
    let truncated = from_line.saturating_sub(1).saturating_add(taken) < lines;
    Ok(Piece { text: piece, from_line, lines, truncated })
}

/// Returns the text of a file that is not longer than this.
pub fn text(path: &str, bytes_max: u64) -> Result<String, String> {
    let read = because("read", path);
    let file = File::open(path).map_err(&read)?;
    let metadata = file.metadata().map_err(&read)?;
    if metadata.is_dir() {
        return Err(format!("\"{path}\" is a folder; `list` shows what is in it"));
    }
    if metadata.len() > bytes_max {
        return Err(format!("\"{path}\" has \"{}\" bytes, and {bytes_max} may be read", metadata.len()));
    }
    let mut bytes = Vec::new();
    file.take(bytes_max).read_to_end(&mut bytes).map_err(&read)?;
    String::from_utf8(bytes).map_err(|error| {
        format!("\"{path}\" is not text in UTF-8: the byte at \"{}\" is not", error.utf8_error().valid_up_to())
    })
}

pub fn list(path: &str, deep: bool) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    let mut folders = vec![(path.trim_end_matches('/').to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let mut own = entries_of(if folder.is_empty() { "/" } else { &folder }, ENTRIES_MAX - entries.len())?;
        own.sort_by(|a, b| a.path.cmp(&b.path));
        if deep && depth < DEPTH_MAX {
            let below = own.iter().rev().filter(|entry| entry.kind == Kind::Folder);
            folders.extend(below.map(|entry| (entry.path.clone(), depth + 1)));
        }
        entries.append(&mut own);
        if entries.len() >= ENTRIES_MAX {
            break;
        }
    }
    Ok(entries)
}

/// Returns what is in one folder, at most so many entries.
pub fn entries_of(folder: &str, entries_max: usize) -> Result<Vec<Entry>, String> {
    let listed = because("listed", folder);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(&listed)?.take(entries_max) {
        let entry = entry.map_err(&listed)?;
        let kind = kind(entry.file_type().map_err(&listed)?);
        let path = format!("{}/{}", folder.trim_end_matches('/'), entry.file_name().to_string_lossy());
        let bytes = if kind == Kind::File { entry.metadata().map_or(0, |metadata| metadata.len()) } else { 0 };
        entries.push(Entry { path, kind, bytes });
    }
    Ok(entries)
}

pub fn kind(of: FileType) -> Kind {
    match of {
        _ if of.is_file() => Kind::File,
        _ if of.is_dir() => Kind::Folder,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn lines_are_read_from_one_on() {
        let dir = Folder::new();
        let path = dir.path().join("a.txt").display().to_string();
        fs::write(&path, "one\ntwo\nthree").unwrap();
        let piece = |from, most| read(&path, from, most).map(|piece| (piece.text, piece.lines, piece.truncated));
        assert_eq!(piece(1, u32::MAX).unwrap(), ("one\ntwo\nthree".into(), 3, false));
        assert_eq!(piece(2, 1).unwrap(), ("two\n".into(), 3, true));
        assert_eq!(piece(9, 1).unwrap(), (String::new(), 3, false));
        assert_eq!(piece(0, 1).unwrap_err(), "\"from_line\" is \"0\", and the first line is 1");
        fs::write(&path, "x".repeat(PIECE_BYTES_MAX + 1)).unwrap();
        assert!(piece(1, 1).unwrap_err().contains("are read at once"));
        fs::write(&path, [b'a', 0xff]).unwrap();
        assert!(piece(1, 1).unwrap_err().ends_with("the byte at \"1\" is not"));
    }

    #[test]
    fn a_folder_is_listed_in_order() {
        let dir = Folder::new();
        let root = dir.path().display().to_string();
        fs::create_dir_all(dir.path().join("b/c")).unwrap();
        for (path, text) in [("a", "1"), ("b/c/d", "22"), ("e", "")] {
            fs::write(dir.path().join(path), text).unwrap();
        }
        let names = |deep| {
            let entries = list(&root, deep).unwrap();
            entries.into_iter().map(|entry| (entry.path[root.len()..].to_owned(), entry.bytes)).collect::<Vec<_>>()
        };
        let expected = |names: &[(&str, u64)]| names.iter().map(|(n, b)| ((*n).to_owned(), *b)).collect::<Vec<_>>();
        assert_eq!(names(false), expected(&[("/a", 1), ("/b", 0), ("/e", 0)]));
        assert_eq!(names(true), expected(&[("/a", 1), ("/b", 0), ("/e", 0), ("/b/c", 0), ("/b/c/d", 2)]));
    }
}
