//! Agent Skills: folders with a SKILL.md, whose texts agents read on demand, and whose scripts run in the sandbox.
//!
//! A skill is the word of the one who wrote it. So a person accepts each one, as it is: it is known by the digest of all of its
//! files, which are read once, when the host starts; and one that has changed is not used until it is accepted again.

mod folder;
mod front_matter;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use stockade_workflow::{Digest, Fault, Kind};

use self::folder::Files;
use self::front_matter::FrontMatter;
use crate::Result;
use crate::hidden::is_hidden;

/// The file that makes a folder a skill.
pub(crate) const MAIN: &str = "SKILL.md";

/// The tool by which agents read skills.
pub(crate) const READING: &str = "skill";

/// What the names of the tools begin with that run the scripts of skills.
const SCRIPTS: &str = "skill-";

/// As the specification of Agent Skills has it.
const NAME_CHARS_MAX: usize = 64;
const DESCRIPTION_CHARS_MAX: usize = 1024;

/// The skills of a host, by name, those too that are not used.
#[derive(Debug, Default)]
pub(crate) struct Skills(BTreeMap<String, Skill>);

/// A skill.
#[derive(Clone, Debug)]
pub(crate) struct Skill {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) accepted: Option<AcceptedSkill>,
    /// What is in it, or why it cannot be used.
    pub(crate) content: std::result::Result<Content, String>,
}

/// What is in a skill.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) description: String,
    /// The tools that its scripts would like to call.
    pub(crate) allowed_tools: BTreeSet<String>,
    pub(crate) files: Files,
    pub(crate) digest: Digest,
}

/// What a person has accepted of a skill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedSkill {
    /// The digest of all of its files.
    pub digest: Digest,
    /// The tools that its scripts may call, each with the digest of its identity and grants as they were then.
    pub tools: BTreeMap<String, Digest>,
    /// The person.
    pub by: String,
}

/// A skill as it is shown to the operator.
#[derive(Clone, Debug, Serialize)]
pub struct SkillView {
    /// The name.
    pub name: String,
    /// Whether it is used, and if not, why.
    pub status: SkillStatus,
    /// What it says that it is for.
    pub description: String,
    /// The folder.
    pub folder: PathBuf,
    /// The digest of its files; none where they cannot be used.
    pub digest: Option<Digest>,
    /// The tools that its scripts would like to call.
    pub allowed_tools: BTreeSet<String>,
    /// The paths of its files.
    pub files: Vec<String>,
    /// What a person has accepted, of this content or of another.
    pub accepted: Option<AcceptedSkill>,
    /// Why it cannot be used, where it is broken.
    pub problem: Option<String>,
}

/// A skill that is used, with its files as a person has accepted them.
#[derive(Clone, Copy, Debug)]
pub struct UsedSkill<'a> {
    /// The name.
    pub name: &'a str,
    /// What it says that it is for.
    pub description: &'a str,
    /// The digest of all of its files.
    pub digest: &'a Digest,
    /// Its files, by their paths within its folder; [`MAIN`](Self::MAIN) is one of them.
    pub files: &'a BTreeMap<String, Vec<u8>>,
}

impl UsedSkill<'_> {
    /// The tool by which agents read skills: who may call it may read them.
    pub const TOOL: &'static str = READING;

    /// The file that makes a folder a skill.
    pub const MAIN: &'static str = MAIN;

    /// Returns the text of the front matter, which a person has accepted with the rest; or why there is no front matter to read.
    pub fn front_matter(&self) -> std::result::Result<String, String> {
        let main = self.files.get(MAIN).ok_or_else(|| format!("it has no {MAIN}"))?;
        front_matter::text(&String::from_utf8_lossy(main))
    }
}

/// Whether a skill is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkillStatus {
    /// It is as a person has accepted it.
    Accepted,
    /// No person has accepted it yet.
    New,
    /// It is another than what was accepted.
    Changed,
    /// It cannot be used.
    Broken,
}

impl Skills {
    /// Reads the skills of all folders.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where a folder cannot be read. A skill that cannot be used is listed with the reason.
    pub(crate) fn read(folders: &[PathBuf], accepted: &BTreeMap<String, AcceptedSkill>) -> Result<Self> {
        let mut skills = BTreeMap::new();
        for folder in folders {
            for (name, files) in folder::skills(folder)? {
                let content = match skills.contains_key(&name) {
                    true => continue,
                    false => files.and_then(|files| Content::read(&name, files)),
                };
                let (folder, accepted) = (folder.join(&name), accepted.get(&name).cloned());
                skills.insert(name.clone(), Skill { name, folder, accepted, content });
            }
        }
        Ok(Self(skills))
    }

    pub(crate) fn views(&self) -> Vec<SkillView> {
        self.0.values().map(Skill::view).collect()
    }

    /// Returns a skill that can be used once it is accepted.
    ///
    /// # Errors
    ///
    /// No skill has this name, or the skill is broken.
    pub(crate) fn get(&self, name: &str) -> Result<&Content> {
        let skill = self.0.get(name).ok_or_else(|| {
            let known: Vec<_> = self.0.keys().map(String::as_str).collect();
            let message = format!("there is no skill \"{name}\"; there are: {}", known.join(", "));
            Fault::new(Kind::NotFound, message).detail("skill")
        })?;
        skill
            .content
            .as_ref()
            .map_err(|why| Fault::invalid("skill", format!("the skill \"{name}\" cannot be used: {why}")))
    }

    /// Returns those that are used, with what was accepted.
    pub(crate) fn used(&self) -> impl Iterator<Item = (&str, &Content, &AcceptedSkill)> {
        self.0.values().filter_map(|skill| {
            let (content, accepted) = (skill.content.as_ref().ok()?, skill.accepted.as_ref()?);
            (content.digest == accepted.digest).then_some((skill.name.as_str(), content, accepted))
        })
    }
}

impl Skill {
    fn status(&self) -> SkillStatus {
        match (&self.content, &self.accepted) {
            (Err(_), _) => SkillStatus::Broken,
            (Ok(_), None) => SkillStatus::New,
            (Ok(content), Some(accepted)) if content.digest == accepted.digest => SkillStatus::Accepted,
            (Ok(_), Some(_)) => SkillStatus::Changed,
        }
    }

    fn view(&self) -> SkillView {
        let content = self.content.as_ref().ok();
        SkillView {
            name: self.name.clone(),
            status: self.status(),
            description: content.map(|content| content.description.clone()).unwrap_or_default(),
            folder: self.folder.clone(),
            digest: content.map(|content| content.digest.clone()),
            allowed_tools: content.map(|content| content.allowed_tools.clone()).unwrap_or_default(),
            files: content.map(|content| content.files.keys().cloned().collect()).unwrap_or_default(),
            accepted: self.accepted.clone(),
            problem: self.content.as_ref().err().cloned(),
        }
    }
}

impl Content {
    fn read(name: &str, files: Files) -> std::result::Result<Self, String> {
        let main = files.get(MAIN).ok_or_else(|| format!("it has no {MAIN}"))?;
        let main = std::str::from_utf8(main).map_err(|_| format!("{MAIN} is not text in UTF-8"))?;
        let FrontMatter { name: own, description, allowed_tools } = front_matter::read(main)?;
        if own != name {
            return Err(format!(
                "{MAIN} says that its name is \"{}\", and its folder is \"{name}\"",
                own.escape_debug()
            ));
        }
        check_name(name)?;
        let length = description.chars().count();
        if length == 0 || length > DESCRIPTION_CHARS_MAX {
            return Err(format!("its description has \"{length}\" letters, and 1 to {DESCRIPTION_CHARS_MAX} may be"));
        }
        // It is shown to models with the tools, and to the person who accepts it.
        if let Some(letter) = description.chars().find(|letter| is_hidden(*letter)) {
            return Err(format!("its description has a letter that cannot be seen, \"{}\"", letter.escape_unicode()));
        }
        let digests: BTreeMap<&String, Digest> = files.iter().map(|(path, bytes)| (path, Digest::of(bytes))).collect();
        let digest = Digest::of_json(&digests);
        Ok(Self { description, allowed_tools: allowed_tools.into_iter().collect(), files, digest })
    }

    /// Returns the text of a file.
    ///
    /// # Errors
    ///
    /// There is no such file, or it is not text. Every path is looked up among those that were read: none leads elsewhere.
    pub(crate) fn text(&self, path: &str) -> Result<&str> {
        let bytes = self.files.get(path.trim_start_matches("./")).ok_or_else(|| {
            let known: Vec<_> = self.files.keys().map(String::as_str).collect();
            let shown: String = path.chars().take(200).collect();
            let message = format!("the skill has no file \"{}\"; it has: {}", shown.escape_debug(), known.join(", "));
            Fault::new(Kind::NotFound, message).detail("file")
        })?;
        std::str::from_utf8(bytes).map_err(|_| Fault::invalid("file", format!("\"{path}\" is not text in UTF-8")))
    }

    /// Returns the paths of its scripts, each with the ending that says of which language it is.
    pub(crate) fn scripts(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str).filter(|path| language(path).is_some())
    }
}

/// Returns the language of a script, by the ending of its name.
pub(crate) fn language(path: &str) -> Option<&'static str> {
    match Path::new(path).extension()?.to_str()? {
        "py" => Some("python"),
        "js" => Some("javascript"),
        "ts" => Some("typescript"),
        _ => None,
    }
}

/// Returns the name of the tool that runs the scripts of a skill.
pub(crate) fn tool_of_scripts(skill: &str) -> String {
    format!("{SCRIPTS}{skill}")
}

/// Returns whether a tool is one by which skills are read or run.
pub(crate) fn is_tool_of_skills(tool: &str) -> bool {
    tool == READING || tool.starts_with(SCRIPTS)
}

fn check_name(name: &str) -> std::result::Result<(), String> {
    let is_letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let is_name =
        name.chars().all(is_letter) && name.len() <= NAME_CHARS_MAX && !name.starts_with('-') && !name.ends_with('-');
    if is_name && !name.is_empty() {
        return Ok(());
    }
    Err(format!("its name may have small letters, digits and dashes, at most {NAME_CHARS_MAX}"))
}
