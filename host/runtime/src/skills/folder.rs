//! Reads the files of skills, once and with bounds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use stockade_workflow::{Fault, Kind};

use crate::{Result, file};

/// The files of a skill, by their paths within its folder.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// How many skills a folder may have: each is listed to models.
const SKILLS_MAX: usize = 100;

/// How many files, and folders within folders, a skill may have.
const FILES_MAX: usize = 200;
const DEPTH_MAX: usize = 5;

/// How long one file of a skill may be, and all together.
const FILE_BYTES_MAX: u64 = 1 << 20;
const SKILL_BYTES_MAX: u64 = 4 << 20;

/// Returns the skills of a folder in order, each with its files or why they cannot be used. A folder whose name begins
/// with a dot is not a skill.
///
/// # Errors
///
/// Kind [`Kind::NotFound`] where the folder cannot be read, [`Kind::Invalid`] where there are too many.
pub(super) fn skills(folder: &Path) -> Result<Vec<(String, std::result::Result<Files, String>)>> {
    let unreadable = |error: std::io::Error| {
        let message = format!("the folder of skills \"{}\" cannot be read: {error}", folder.display());
        Fault::new(Kind::of_file(&error), message).detail("skills")
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !entry.file_type().map_err(unreadable)?.is_file() {
            names.push(name);
        }
        if names.len() > SKILLS_MAX {
            let message = format!("the folder \"{}\" has more than {SKILLS_MAX} skills", folder.display());
            return Err(Fault::invalid("skills", message));
        }
    }
    names.sort();
    Ok(names.into_iter().map(|name| (name.clone(), files(&folder.join(&name)))).collect())
}

/// Reads all files of a skill. A link is refused: it would lead out of the folder, or will once it is changed.
fn files(root: &Path) -> std::result::Result<Files, String> {
    let mut files = Files::new();
    let (mut folders, mut bytes): (Vec<(PathBuf, String, usize)>, u64) = (vec![(root.to_owned(), String::new(), 0)], 0);
    if !fs::symlink_metadata(root).is_ok_and(|found| found.is_dir()) {
        return Err("it is a link or a special file, not a folder".to_owned());
    }
    while let Some((folder, before, depth)) = folders.pop() {
        let unreadable = |error: std::io::Error| format!("\"{}\" cannot be read: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name =
                entry.file_name().into_string().map_err(|_| "a file has a name that is not Unicode".to_owned())?;
            let path = format!("{before}{name}");
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() && depth < DEPTH_MAX {
                folders.push((entry.path(), format!("{path}/"), depth + 1));
            } else if kind.is_dir() {
                return Err(format!("\"{path}\" is deeper than {DEPTH_MAX} folders"));
            } else if kind.is_file() {
                let content = file::read(&entry.path(), FILE_BYTES_MAX)
                    .map_err(|error| format!("\"{path}\" cannot be read: {error}"))?;
                bytes = bytes.saturating_add(content.len() as u64);
                files.insert(path, content);
            } else {
                return Err(format!("\"{path}\" is a link or a special file"));
            }
            if files.len() > FILES_MAX || folders.len() > FILES_MAX || bytes > SKILL_BYTES_MAX {
                return Err(format!("it has more than {FILES_MAX} files, or than {SKILL_BYTES_MAX} bytes"));
            }
        }
    }
    Ok(files)
}
