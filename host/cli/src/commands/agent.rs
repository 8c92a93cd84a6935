use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};
use stockade::{Budget, Currency, Fault, Host, NewRun, patterns};

use crate::commands::exec;
use crate::exit::Exit;
use crate::globals::{Cassettes, Globals};
use crate::origin::Origin;
use crate::{amounts, ask, drive, open_host, read};

/// The media types of images, by the endings of their files.
const IMAGES: [(&str, &str); 5] =
    [("png", "image/png"), ("jpg", "image/jpeg"), ("jpeg", "image/jpeg"), ("gif", "image/gif"), ("webp", "image/webp")];

/// Let a model work on a task with the tools that you give it
///
/// If a call needs an approval, the person at the terminal is asked; without a terminal, the run waits.
#[derive(Debug, Args)]
#[command(after_help = help())]
pub(crate) struct Agent {
    /// The task
    task: String,
    /// A registered tool that the agent may call; can be repeated
    #[arg(long, value_name = "NAME")]
    tool: Vec<String>,
    /// The model, by its name in `[model.NAME]`; by default, the default model
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// The system prompt, which the model reads before the task
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// Let the model write code in this language that calls the tools, in place of single calls
    #[arg(long, value_name = "LANGUAGE")]
    code: Option<String>,
    /// An image that belongs to the task; can be repeated
    #[arg(long, value_name = "FILE")]
    image: Vec<PathBuf>,
    /// How often the agent may ask the model
    #[arg(long, value_name = "N")]
    max_steps: Option<u32>,
    /// What the run may spend, as CURRENCY=AMOUNT,…; other currencies keep their defaults
    #[arg(long, value_name = "AMOUNTS", value_parser = |text: &str| amounts::read(text, budget()))]
    budget: Option<Budget>,
    /// The person who starts the run, and decides at the terminal; by default, the logged-in user
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    origin: Origin,
    #[command(flatten)]
    cassettes: Cassettes,
}

impl Agent {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let globals = &globals.with(self.cassettes.clone());
        let host = open_host::host(globals).await?;
        let input = input(&host, &self)?;
        host.check_model(self.model.as_deref())?;
        let by = self.by.unwrap_or_else(ask::user);
        let new = NewRun::new(patterns::Agent::NAME, input).budget(self.budget.unwrap_or_else(budget)).by(&by);
        let run = host.start_run(self.origin.of(new)?).await?;
        drive::attend(globals, &host, run, &by).await
    }
}

fn help() -> String {
    format!(
        "It needs a model: [model.NAME] in stockade.toml.\n\n\
         What it may spend by default:\n  {}\n\nExample:\n  {}\n  {}\n  {}",
        amounts::spaced(&budget()),
        "stockade agent \"refund user_789 if our rules allow it\" \\\n    --tool purchases --tool policy --tool payments",
        "stockade agent \"which purchases could be refunded?\" --tool purchases --code javascript",
        "stockade agent \"what is in this picture?\" --image photo.png --record tape.jsonl"
    )
}

/// Returns what an agent may spend by default: a model takes seconds for an answer, and code uses more than a tool.
pub(crate) fn budget() -> Budget {
    let limits = stockade::code_limits();
    Budget::default()
        .fuel(limits.fuel)
        .steps(300)
        .with(Currency::Memory, limits.memory_bytes)
        .with(Currency::Wall, 600_000_000)
        .with(Currency::ToolCalls, 1_000)
}

fn input(host: &Host, agent: &Agent) -> stockade::Result<Value> {
    let mut ask = Vec::new();
    for tool in &agent.tool {
        if host.agent_asks(tool)? {
            ask.push(tool);
        }
    }
    let code = agent.code.as_deref().map(|name| exec::language(host, name)).transpose()?;
    let images = agent.image.iter().map(|path| image(path)).collect::<stockade::Result<Vec<_>>>()?;
    let mut input = json!({"task": agent.task, "tools": agent.tool, "ask": ask});
    let options = [
        ("model", agent.model.as_ref().map(|model| json!(model))),
        ("system", agent.system.as_ref().map(|system| json!(system))),
        ("code", code.map(|language| json!(language))),
        ("steps_max", agent.max_steps.map(|steps| json!(steps))),
        ("images", (!images.is_empty()).then(|| json!(images))),
    ];
    for (name, value) in options {
        if let (Some(value), Some(members)) = (value, input.as_object_mut()) {
            members.insert(name.to_owned(), value);
        }
    }
    Ok(input)
}

fn image(path: &Path) -> stockade::Result<Value> {
    let wrong = |why: &dyn std::fmt::Display| format!("\"{}\" cannot be shown to a model: {why}", path.display());
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let known = IMAGES.iter().find(|(known, _)| *known == ending);
    let unknown = || Fault::invalid("image", wrong(&"its name must end with .png, .jpg, .gif or .webp"));
    let (_, media_type) = known.ok_or_else(unknown)?;
    let bytes =
        read::file(path, read::IMAGE_BYTES_MAX).map_err(|error| read::refused("image", wrong(&error), &error))?;
    Ok(json!({"type": "image", "media_type": media_type, "data": STANDARD.encode(bytes)}))
}
