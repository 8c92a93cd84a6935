use std::path::Path;

/// Where a journal is, read from the text that names it: a path, `sqlite:PATH`, or the URL of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JournalPlace<'a> {
    File(&'a Path),
    Database(&'a str),
}

impl<'a> JournalPlace<'a> {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// It names neither a file nor a database that is known: SQLite takes some names for a journal in memory, in which runs would
    /// be lost. The text repeats no URL, which may hold a password.
    pub(crate) fn read(url: &'a str) -> Result<Self, String> {
        if ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Ok(Self::Database(url));
        }
        let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
        let why = match scheme(path.trim_start()) {
            _ if path.is_empty() => "the journal's path is empty".to_owned(),
            _ if path == ":memory:" => "the journal \":memory:\" would be lost with the process".to_owned(),
            _ if path.starts_with("file:") => "the journal is a URI of \"file:\", which is not read here".to_owned(),
            Some(scheme) => format!("the journal is at \"{scheme}://\", which is not known here"),
            None if ["postgres:", "postgresql:"].iter().any(|scheme| path.starts_with(scheme)) => {
                "the journal's URL has no \"//\" behind its scheme".to_owned()
            }
            None => return Ok(Self::File(Path::new(path))),
        };
        let instead = "write PATH or sqlite:PATH for a file, or postgres://USER@HOST:PORT/DATABASE, in small letters";
        Err(format!("{why}; {instead}"))
    }

    pub(crate) fn file(self) -> Option<&'a Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Database(_) => None,
        }
    }

    pub(crate) fn database(self) -> Option<&'a str> {
        match self {
            Self::File(_) => None,
            Self::Database(url) => Some(url),
        }
    }
}

/// Returns the scheme of a URL that begins with `SCHEME://`.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once("://")?;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "+.-".contains(letter);
    (!scheme.is_empty() && scheme.chars().all(is_plain)).then_some(scheme)
}
