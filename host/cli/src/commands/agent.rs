//! `stockade agent`: a model works on a task with the tools that it is given, and asks where they want to be asked for.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stockade::patterns::Agent;
use stockade::{Budget, Currency, Fault, Host};

use crate::args::{AgentArgs, Args};
use crate::commands::drive;
use crate::exit::Exit;
use crate::home;

/// The largest picture that is sent, in bytes: it is journaled, and providers take no larger ones.
const IMAGE_BYTES_MAX: u64 = 5 << 20;

/// The media types of pictures, by the endings of their files.
const IMAGES: [(&str, &str); 5] =
    [("png", "image/png"), ("jpg", "image/jpeg"), ("jpeg", "image/jpeg"), ("gif", "image/gif"), ("webp", "image/webp")];

pub(super) async fn run(args: &Args, agent: &AgentArgs) -> stockade::Result<Exit> {
    let host = home::host(args).await?;
    let input = input(&host, agent)?;
    let run = host.start(Agent::NAME, input, agent.budget.unwrap_or_else(budget)).await?;
    drive::attend(args, &host, run).await
}

/// What an agent may spend where no option says otherwise: a model takes seconds for an answer, and code more than a tool.
pub(crate) fn budget() -> Budget {
    let limits = stockade::code_limits();
    Budget::default()
        .fuel(limits.fuel)
        .steps(300)
        .with(Currency::Memory, limits.memory_bytes)
        .with(Currency::Wall, 600_000_000)
        .with(Currency::ToolCalls, 1_000)
}

fn input(host: &Host, agent: &AgentArgs) -> stockade::Result<Value> {
    let mut ask = Vec::new();
    for tool in &agent.tool {
        if host.agent_asks(tool)? {
            ask.push(tool);
        }
    }
    if let (Some(_), Some(tool)) = (&agent.code, ask.first()) {
        let message = format!(
            "tool \"{tool}\" may change something, so a person is asked first, and code cannot wait for one; approval = \"never\" \
             under [tool.{tool}] lets code call it without, and without --code each call is asked for"
        );
        return Err(Fault::invalid("approval", message).tool(tool));
    }
    let images = agent.image.iter().map(|path| image(path)).collect::<stockade::Result<Vec<_>>>()?;
    let mut input = json!({"task": agent.task, "tools": agent.tool, "ask": ask});
    let options = [
        ("model", agent.model.as_ref().map(|model| json!(model))),
        ("system", agent.system.as_ref().map(|system| json!(system))),
        ("code", agent.code.as_ref().map(|language| json!(language))),
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
    let wrong = |why: &dyn std::fmt::Display| {
        Fault::invalid("image", format!("\"{}\" cannot be shown to a model: {why}", path.display()))
    };
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let known = IMAGES.iter().find(|(known, _)| *known == ending);
    let (_, media_type) = known.ok_or_else(|| wrong(&"its name ends with none of .png, .jpg, .gif, .webp"))?;
    let size = std::fs::metadata(path).map_err(|error| wrong(&error))?.len();
    if size > IMAGE_BYTES_MAX {
        return Err(wrong(&format!("it has {size} bytes, and {IMAGE_BYTES_MAX} are the most")));
    }
    let bytes = std::fs::read(path).map_err(|error| wrong(&error))?;
    Ok(json!({"type": "image", "media_type": media_type, "data": STANDARD.encode(bytes)}))
}
