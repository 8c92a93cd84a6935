//! Writes files: wholly or not at all.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use crate::because;

pub fn write(path: &str, text: &str, new: bool) -> Result<u64, String> {
    match fs::symlink_metadata(path) {
        Ok(_) if new => return Err(format!("\"{path}\" exists already, and `new` was asked for")),
        Ok(metadata) => check(path, &metadata)?,
        Err(_) => {
            let folder = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
            folder.map_or(Ok(()), fs::create_dir_all).map_err(because("written", path))?;
        }
    }
    replace(path, text)?;
    Ok(text.len() as u64)
}

/// Checks that a path is of a file, not of a link to one: who names a link may not know what it leads to.
pub fn check(path: &str, metadata: &fs::Metadata) -> Result<(), String> {
    match () {
        () if metadata.is_symlink() => Err(format!("\"{path}\" is a link, and is not written through")),
        () if metadata.is_dir() => Err(format!("\"{path}\" is a folder")),
        () => Ok(()),
    }
}

/// Writes beside the file, and then puts that in its place: a call that ends in between leaves the file as it was.
pub fn replace(path: &str, text: &str) -> Result<(), String> {
    let beside = format!("{path}.new~");
    let mut file = File::create_new(&beside).map_err(because("made", &beside))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        because("written", path)(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn a_file_is_written_as_a_whole() {
        let dir = Folder::new();
        let path = dir.path().join("sub/deep/a").display().to_string();
        assert_eq!(write(&path, "hello", true), Ok(5));
        assert_eq!(write(&path, "bye", false), Ok(3));
        assert_eq!(fs::read_to_string(&path).unwrap(), "bye");
        assert!(write(&path, "x", true).unwrap_err().contains("exists already"));
        let folder = dir.path().join("sub").display().to_string();
        assert!(write(&folder, "x", false).unwrap_err().ends_with("is a folder"));
        assert_eq!(fs::read_dir(dir.path().join("sub/deep")).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_written_through() {
        let dir = Folder::new();
        let (file, link) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&file, "kept").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(write(&link.display().to_string(), "x", false).unwrap_err().contains("is a link"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
    }
}
