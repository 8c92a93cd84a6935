//! Agent Skills, as the extension for them has it (SEP-2640): what there is, with the digest of each file, and the files as
//! resources.
//!
//! They are those that a person has accepted, as the host has read them when it started. An address is looked up among theirs,
//! so that none leads elsewhere. A file is sent whole and byte by byte, for a client compares it with its digest: what marks it
//! as the word of others stands beside it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{
    MetaObject, Resource, ResourceContents, ResourceTemplate, Skill, SkillFrontmatter, SkillResource, SkillResources,
};
use serde_saphyr::{DuplicateKeyPolicy, Options};
use stockade::{Host, UsedSkill};

use crate::marks;
use crate::refusal::{Answer, Refusal};

/// What the addresses of all files of skills begin with.
const SKILLS: &str = "skill://";

/// What a front matter may have once its aliases are replaced, in scalars, lists and maps: those in use have ten.
const NODES_MAX: usize = 2_000;

/// How deep its lists and maps may nest.
const DEPTH_MAX: usize = 16;

/// What is said of each skill, by the address of its `SKILL.md`; or why the extension cannot have it.
#[derive(Debug, Default)]
pub(crate) struct Skills(BTreeMap<String, Result<Skill, String>>);

impl Skills {
    /// Describes the skills that are used of a host.
    pub(crate) fn new(host: &Host) -> Self {
        let described = |skill: UsedSkill<'_>| (address(skill.name, UsedSkill::MAIN), entry(&skill));
        Self(host.used_skills().map(described).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the skills that the extension can have, with these marks beside their own.
    pub(crate) fn listed(&self, marks: &MetaObject) -> Vec<Skill> {
        self.0.values().flatten().map(|skill| marked(skill, marks)).collect()
    }

    /// Returns the skill whose `SKILL.md` has this address.
    pub(crate) fn get(&self, address: &str, marks: &MetaObject) -> Answer<Skill> {
        match self.0.get(address) {
            Some(Ok(skill)) => Ok(marked(skill, marks)),
            Some(Err(why)) => Err(Refusal::params(format!("the skill of \"{address}\" can only be read: {why}"))),
            None => Err(Refusal::no_skill(address)),
        }
    }
}

/// Returns the `SKILL.md` of each skill. They name the other files, which [`template`] has.
pub(crate) fn listed(host: &Host, marks: &MetaObject) -> Vec<Resource> {
    let resource = |UsedSkill { name, description, files, .. }: UsedSkill<'_>| {
        Resource::new(address(name, UsedSkill::MAIN), name)
            .with_description(description)
            .with_mime_type("text/markdown")
            .with_size(files.get(UsedSkill::MAIN).map_or(0, |main| main.len() as u64))
            .with_meta(marks.clone())
    };
    host.used_skills().map(resource).collect()
}

/// Returns the form of the addresses.
pub(crate) fn template() -> ResourceTemplate {
    ResourceTemplate::new(format!("{SKILLS}{{name}}/{{+path}}"), "skill")
        .with_description("A file of a skill: SKILL.md, and what it names, by the path in the folder of the skill.")
}

/// Returns whether an address is one of files of skills.
pub(crate) fn is_address(address: &str) -> bool {
    address.starts_with(SKILLS)
}

/// Reads a file.
pub(crate) fn read(host: &Host, uri: &str, marks: MetaObject) -> Answer<ResourceContents> {
    let name = uri.strip_prefix(SKILLS).and_then(|rest| rest.split_once('/')).map(|(name, _)| name);
    let skill = host.used_skills().find(|skill| Some(skill.name) == name);
    let file = skill.and_then(|skill| skill.files.iter().find(|(path, _)| address(skill.name, path) == uri));
    let (path, bytes) = file.ok_or_else(|| Refusal::no_resource(uri))?;
    let contents = match std::str::from_utf8(bytes) {
        Ok(text) => ResourceContents::text(text, uri).with_mime_type(mime(path).unwrap_or("text/plain")),
        Err(_) => ResourceContents::blob(STANDARD.encode(bytes), uri)
            .with_mime_type(mime(path).unwrap_or("application/octet-stream")),
    };
    Ok(contents.with_meta(marks))
}

/// Describes a skill, with the digest that a person has accepted.
fn entry(skill: &UsedSkill<'_>) -> Result<Skill, String> {
    let front_matter = read_front_matter(&skill.front_matter()?)?;
    let file = |(path, bytes): (&String, &Vec<u8>)| SkillResource::from_bytes(address(skill.name, path), bytes);
    let files = SkillResources::Files(skill.files.iter().map(file).collect());
    let described = Skill::new(address(skill.name, UsedSkill::MAIN), front_matter, files);
    described.validate().map_err(|error| error.to_string())?;
    Ok(described.with_meta(marks::of_digest(skill.digest)))
}

fn marked(skill: &Skill, marks: &MetaObject) -> Skill {
    let mut meta = skill.meta.clone().unwrap_or_default();
    meta.0.extend(marks.0.clone());
    skill.clone().with_meta(meta)
}

/// Reads a front matter with all that its author wrote: a client compares it with the one in the file. The host itself reads less
/// of YAML, and also reads some texts that are not YAML, as in `description: Use this: it works`.
fn read_front_matter(text: &str) -> Result<SkillFrontmatter, String> {
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
        let why = error.to_string();
        format!("its front matter cannot be read as YAML: {}", why.lines().next().unwrap_or_default())
    })
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: NODES_MAX,
            max_events: 4 * NODES_MAX,
            max_depth: DEPTH_MAX,
            max_documents: 1,
            max_inclusion_depth: 0,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: NODES_MAX },
        duplicate_keys: DuplicateKeyPolicy::Error,
        strict_booleans: true,
        with_snippet: false,
    }
}

/// Returns the address of a file of a skill, in which what an address cannot have is escaped.
fn address(skill: &str, path: &str) -> String {
    let mut address = format!("{SKILLS}{skill}/");
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    address
}

/// Returns the media type of a file, by the ending of its name.
fn mime(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "md" => "text/markdown",
        "csv" => "text/csv",
        "html" => "text/html",
        "js" | "mjs" => "text/javascript",
        "json" => "application/json",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "py" => "text/x-python",
        "svg" => "image/svg+xml",
        "yaml" | "yml" => "application/yaml",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stockade::Digest;

    use super::*;

    fn described(name: &str, main: &str) -> Result<Skill, String> {
        let files = [("SKILL.md", main), ("a b/ü.txt", "x")].map(|(path, text)| (path.to_owned(), text.into()));
        let (files, digest) = (BTreeMap::from(files), Digest::of(b"all"));
        entry(&UsedSkill { name, description: "", digest: &digest, files: &files })
    }

    #[test]
    fn an_entry_has_all_of_the_front_matter_and_the_digest_of_each_file_by_its_address() {
        let main = "\u{feff}---\nname: pdf\ndescription: >\n  Counts\n  pages.\nmetadata: {since: 1, safe: no}\n---\n\
                    # PDF\n---\n";
        let skill = serde_json::to_value(described("pdf", main).unwrap()).unwrap();
        assert_eq!(skill["uri"], "skill://pdf/SKILL.md");
        let front_matter =
            json!({"name": "pdf", "description": "Counts pages.\n", "metadata": {"since": 1, "safe": "no"}});
        assert_eq!(skill["frontmatter"], front_matter);
        let [main_file, other] = skill["resources"].as_array().unwrap().as_slice() else { panic!("{skill}") };
        assert_eq!((&main_file["uri"], &main_file["size"]), (&skill["uri"], &json!(main.len())));
        assert_eq!(other["uri"], "skill://pdf/a%20b/%C3%BC.txt");
        let digest = "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
        assert_eq!((&other["digest"], &other["size"]), (&json!(digest), &json!(1)));
        assert_eq!(skill["_meta"]["stockade/digest"], Digest::of(b"all").to_string());
    }

    #[test]
    fn a_skill_that_no_client_could_compare_is_not_described() {
        for (name, main, why) in [
            ("pdf", "---\nname: pdf\ndescription: Use this: it works\n---\n", "cannot be read as YAML"),
            ("pdf", "---\nname: pdf\ndescription: [a]\n---\n", "cannot be read as YAML"),
            ("pdf", "---\nname: pdf\n---\n", "cannot be read as YAML"),
            ("pdf", "---\nname: other\ndescription: a\n---\n", "does not end in the frontmatter name"),
            ("a--b", "---\nname: a--b\ndescription: a\n---\n", "invalid skill name"),
        ] {
            let refused = described(name, main).unwrap_err();
            assert!(refused.contains(why), "{main}: {refused}");
        }
        let mut bomb = "---\nname: pdf\ndescription: a\nk0: &k0 [x, x]\n".to_owned();
        for at in 1..20 {
            bomb += &format!("k{at}: &k{at} [*k{0}, *k{0}]\n", at - 1);
        }
        bomb += "---\n";
        assert!(described("pdf", &bomb).is_err());
    }
}
