use clap::Subcommand;
use serde_json::json;
use stockade::{AcceptedSkill, Fault, Kind, SkillStatus, SkillView};

use crate::escape::safe;
use crate::exit::Exit;
use crate::frame::Frame;
use crate::globals::Globals;
use crate::kept::{self, Purpose};
use crate::pretty::print_json;
use crate::text::{BOLD, DIM};
use crate::{ask, open_host, places, terminal};

/// List Agent Skills, and accept them
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  stockade skill list")]
pub(crate) enum Skill {
    /// List the skills of the configured folders, and whether they are used
    #[command(after_help = "Example:\n  stockade skill list")]
    List,
    /// Accept a skill as it is now: until it changes, agents may read it, and its scripts may run in the sandbox
    #[command(after_help = "Example:\n  stockade skill accept pdf --by dana")]
    Accept {
        /// The skill
        name: String,
        /// The person who accepts it
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Do not ask: the skill was read and accepted elsewhere
        #[arg(long)]
        yes: bool,
    },
}

impl Skill {
    /// Returns whether the command only reads.
    pub(crate) fn only_looks(&self) -> bool {
        match self {
            Self::List => true,
            Self::Accept { .. } => false,
        }
    }

    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self {
            Self::List => list(globals).await,
            Self::Accept { name, by, yes } => accept(globals, &name, &by, yes).await,
        }
    }
}

async fn list(globals: &Globals) -> anyhow::Result<Exit> {
    let skills = open_host::host(globals).await?.skills();
    if globals.json {
        print_json(&skills);
        return Ok(Exit::Done);
    }
    if skills.is_empty() {
        eprintln!("no skills: `folders` under [skills] in stockade.toml says where they are");
    }
    for skill in &skills {
        println!("{BOLD}{}{BOLD:#}  {}", safe(&skill.name), status(skill));
        println!("  {DIM}{}{DIM:#}", safe(skill.problem.as_ref().unwrap_or(&skill.description)));
    }
    Ok(Exit::Done)
}

fn status(skill: &SkillView) -> String {
    let by = skill.accepted.as_ref().map(|accepted| safe(&accepted.by)).unwrap_or_default();
    match skill.status {
        SkillStatus::Accepted => format!("accepted by {by}"),
        SkillStatus::New => "not used: no person has accepted it".to_owned(),
        SkillStatus::Changed => format!("not used: it has changed since {by} accepted it"),
        SkillStatus::Broken => "not used: it is not a skill".to_owned(),
    }
}

async fn accept(globals: &Globals, name: &str, by: &str, yes: bool) -> anyhow::Result<Exit> {
    let host = open_host::host(globals).await?;
    let accepted = host.accept_skill(name, by)?;
    let skill = host.skills().into_iter().find(|skill| skill.name == name);
    if !yes && !agreed(&skill.ok_or_else(|| Fault::new(Kind::NotFound, "the skill is gone"))?, &accepted)? {
        return Err(
            Fault::new(Kind::Approval, format!("\"{}\" was not accepted, so it is not used", safe(name))).into()
        );
    }
    places::create_private(&globals.data_dir)?;
    let path = places::skills_dir(globals).join(format!("{name}.json"));
    kept::keep(globals, Purpose::Skill, &path, &serde_json::to_vec(&accepted)?)?;
    if globals.json {
        print_json(&json!({"skill": name, "accepted": accepted}));
    } else {
        println!("{} is accepted: {}", safe(name), accepted.digest);
    }
    Ok(Exit::Done)
}

/// Shows what is in a skill, and asks whether it may be used.
fn agreed(skill: &SkillView, accepted: &AcceptedSkill) -> stockade::Result<bool> {
    if !terminal::is_there() {
        let message = "no person can be asked: stdin or stderr is not a terminal; --yes says that the skill was accepted elsewhere";
        return Err(Fault::invalid("usage", message));
    }
    eprintln!("{BOLD}{}{BOLD:#} {DIM}{}{DIM:#}\n", safe(&skill.name), safe(&skill.folder.display().to_string()));
    let files = skill.files.join("\n");
    eprintln!("{}", Frame::all(&format!("{}\n\n{files}", skill.description), terminal::columns()));
    if let Some(before) = &skill.accepted {
        eprintln!("\nIt was accepted by {} as {}, and is {} now.", safe(&before.by), before.digest, accepted.digest);
    }
    let tools: Vec<&str> = accepted.tools.keys().map(String::as_str).collect();
    let tools = if tools.is_empty() { "no tools".to_owned() } else { tools.join(", ") };
    ask::yes(&format!("Its scripts may call: {}. Have you read its files, and may agents use it?", safe(&tools)))
}
