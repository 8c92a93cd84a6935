//! The commands that texts name for what comes next, with the options of this call: the same journal, configuration and folders.

use std::sync::{PoisonError, RwLock};

/// The options of this call, as they are typed.
static OPTIONS: RwLock<String> = RwLock::new(String::new());

/// Takes note of options of this call, each with a space before it. Not of `--record`: each recording needs a new file.
pub(crate) fn remember(options: &str) {
    OPTIONS.write().unwrap_or_else(PoisonError::into_inner).push_str(options);
}

/// Returns a command as a sentence names it, as in "`stockade runs`".
pub(crate) fn named(what: &str) -> String {
    format!("`stockade {what}{}`", OPTIONS.read().unwrap_or_else(PoisonError::into_inner))
}

/// Returns a command as it is typed: by the name by which this program was called, which may be no `stockade` in the path.
pub(crate) fn typed(what: &str) -> String {
    // A name that is not Unicode cannot be shown.
    let program = std::env::args_os().next().and_then(|name| name.into_string().ok());
    let program = program.unwrap_or_else(|| "stockade".to_owned());
    format!("{} {what}{}", quoted(&program), OPTIONS.read().unwrap_or_else(PoisonError::into_inner))
}

/// Quotes a word so that a shell reads it as one word.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// A text that spells a command by itself forgets the options.
    #[test]
    fn a_command_is_named_here_alone() {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                let program = text.split("#[cfg(test)]").next().unwrap();
                let mut lines = program.lines().filter(|line| !line.trim_start().starts_with("//"));
                let spelled = lines.find(|line| line.contains("`stockade ") && !line.contains("--help`"));
                assert!(spelled.is_none() || path.ends_with("follow_up.rs"), "{}: {spelled:?}", path.display());
            }
        }
    }
}
