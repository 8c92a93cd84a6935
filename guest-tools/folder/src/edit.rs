//! Replaces an exact text in a file.

use std::fs;

use crate::because;
use crate::{look, write};

/// The longest file that is edited.
const FILE_BYTES_MAX: u64 = 4 << 20;

pub fn edit(path: &str, old: &str, new: &str, count: u32) -> Result<u32, String> {
    if old.is_empty() || old == new {
        let why = if old.is_empty() { "is empty, and stands everywhere" } else { "is the same as \"new\"" };
        return Err(format!("\"old\" {why}"));
    }
    write::check(path, &fs::symlink_metadata(path).map_err(because("edited", path))?)?;
    let text = look::text(path, FILE_BYTES_MAX)?;
    let there = text.matches(old).count();
    if there != count as usize {
        return Err(format!(
            "\"old\" stands \"{there}\" times in \"{path}\", and {count} was asked for; nothing is changed"
        ));
    }
    let bytes = (text.len() - old.len() * there).saturating_add(new.len().saturating_mul(there));
    if bytes as u64 > FILE_BYTES_MAX {
        return Err(format!("\"{path}\" would have \"{bytes}\" bytes, and {FILE_BYTES_MAX} may be edited"));
    }
    write::replace(path, &text.replace(old, new))?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn a_text_is_replaced_where_it_stands_as_often_as_said() {
        let dir = Folder::new();
        let path = dir.path().join("a").display().to_string();
        fs::write(&path, "one two one").unwrap();
        assert_eq!(edit(&path, "two", "2", 1), Ok(1));
        let refused = edit(&path, "one", "1", 1).unwrap_err();
        assert!(refused.starts_with("\"old\" stands \"2\" times"), "{refused}");
        assert!(edit(&path, "three", "3", 1).unwrap_err().contains("\"0\" times"));
        assert_eq!(edit(&path, "one", "1", 2), Ok(2));
        assert_eq!(fs::read_to_string(&path).unwrap(), "1 2 1");
        for (old, new) in [("", "x"), ("1", "1")] {
            assert!(edit(&path, old, new, 1).is_err());
        }
        assert!(edit(&path, "1", &"x".repeat(3 << 20), 2).unwrap_err().contains("may be edited"));
        assert!(edit(&format!("{path}.none"), "1", "2", 1).unwrap_err().contains("cannot be edited"));
    }
}
