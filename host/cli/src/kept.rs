//! What this program made and keeps in files: the components of promoted tools and added languages, and what a person has
//! accepted of skills and of documents of services.
//!
//! The host trusts such a file, so each has a seal beside it, made with a key that is kept in another directory.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::de::DeserializeOwned;
use stockade::file::write_whole;
use stockade::{Digest, Fault, Seals, Source, json};

use crate::escape::safe;
use crate::follow_up::named;
use crate::globals::Globals;
use crate::{places, read};

/// The languages that can be added.
pub(crate) const LANGUAGES: [&str; 1] = ["python"];

/// The purpose of a kept component.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// A promoted tool.
    Tool,
    /// An added language.
    Language,
    /// What a person has accepted of a skill.
    Skill,
    /// What a person has accepted of a document of a service.
    Document,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Language => "language",
            Self::Skill => "skill",
            Self::Document => "document",
        }
    }

    fn again(self, name: &str) -> String {
        match self {
            Self::Tool => format!("{} makes it again", named("tool promote")),
            Self::Language => format!("{} builds it again", named(&format!("language add {name}"))),
            Self::Skill => format!("{} accepts it again", named(&format!("skill accept {name}"))),
            Self::Document => format!("{} accepts it again", named(&format!("openapi accept {name}"))),
        }
    }
}

/// Writes a component and its seal; each file is written completely or not at all.
///
/// # Errors
///
/// A file cannot be written.
pub(crate) fn keep(globals: &Globals, purpose: Purpose, path: &Path, component: &[u8]) -> anyhow::Result<Digest> {
    let name = name(path);
    let digest = Digest::of(component);
    let seal = Seals::open(&places::key_dir(globals))?.seal(purpose.name(), &name, &digest);
    let folder = path.parent().unwrap_or(Path::new("."));
    places::create_private(folder)?;
    // The seal comes first. It fits no other component, so until the component is replaced too, the old one is left out.
    let written = write_whole(&seal_of(path), seal.as_bytes()).and_then(|()| write_whole(path, component));
    written.with_context(|| Fault::invalid("data_dir", format!("\"{}\" cannot be written", path.display())))?;
    Ok(digest)
}

/// Returns a kept component if its seal fits. Any other file is left out, and a line on stderr says so.
pub(crate) fn kept(globals: &Globals, purpose: Purpose, path: &Path) -> Option<Source> {
    kept_bytes(globals, purpose, path).map(|(bytes, digest)| Source::from(bytes).pinned(digest))
}

/// Returns the document in a kept file, as [`kept`] does; `None` too where it is not a document of this type.
pub(crate) fn kept_document<T: DeserializeOwned>(globals: &Globals, purpose: Purpose, path: &Path) -> Option<T> {
    let (bytes, _) = kept_bytes(globals, purpose, path)?;
    json::read(&String::from_utf8_lossy(&bytes), &json::Bounds::OUTSIDE).ok()
}

/// Returns what is in a kept file, and its digest, as [`kept`] does.
fn kept_bytes(globals: &Globals, purpose: Purpose, path: &Path) -> Option<(Vec<u8>, Digest)> {
    match verified(globals, purpose, path) {
        Ok(kept) => kept,
        Err(why) => {
            let name = name(path);
            eprintln!(
                "warning: {} \"{}\" is left out: \"{}\" {why}; {}",
                purpose.name(),
                safe(&name),
                safe(&path.display().to_string()),
                purpose.again(&safe(&name))
            );
            None
        }
    }
}

fn verified(globals: &Globals, purpose: Purpose, path: &Path) -> Result<Option<(Vec<u8>, Digest)>, String> {
    if !path.exists() {
        return Ok(None);
    }
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    let seals = Seals::open(&places::key_dir(globals)).map_err(|fault| fault.message)?;
    let seal = read::file(&seal_of(path), read::WORD_BYTES_MAX).unwrap_or_default();
    let seal = String::from_utf8_lossy(&seal);
    let digest = seals.sealed(purpose.name(), &name(path), &seal).ok_or("has no seal of this user's")?;
    let bytes = read::file(path, read::COMPONENT_BYTES_MAX).map_err(unreadable)?;
    if Digest::of(&bytes) != digest {
        return Err("is not the file that was sealed".to_owned());
    }
    Ok(Some((bytes, digest)))
}

fn seal_of(path: &Path) -> PathBuf {
    path.with_extension("seal")
}

fn name(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
