use clap::Args;
use serde_json::json;
use stockade::{Code, EffectKind, Fault, Host, Kind, Source};

use crate::escape::safe;
use crate::exit::Exit;
use crate::frame::Frame;
use crate::globals::Globals;
use crate::kept::{self, Purpose};
use crate::pretty::print_json;
use crate::run_ref::StepRef;
use crate::text::{BOLD, DIM};
use crate::{ask, open_host, places, terminal};

/// Make a tool of agent-written code, once a person has read and approved it
///
/// The tool has the rights that the code had, and no more.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade tool promote RUN/code refund-report --by dana")]
pub(crate) struct Promote {
    /// The run, and the key of the effect that ran the code (`code` under `exec`)
    #[arg(value_name = "RUN/STEP")]
    step: StepRef,
    /// The name of the tool: small letters, digits and dashes
    name: String,
    /// The person who approves
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Do not ask: the code was read and approved elsewhere
    #[arg(long)]
    yes: bool,
}

impl Promote {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let Self { step: StepRef { run, key }, name, by, yes } = &self;
        let host = open_host::host(globals).await?;
        check_name(&host, name)?;
        let run = run.find(&host).await?;
        let state = host.state(run).await?;
        let Some(EffectKind::RunCode(code)) = state.effect(key).map(|effect| &effect.kind) else {
            let message = format!("run {run} has no code \"{key}\"; `stockade show {run}` tells what it has");
            return Err(Fault::new(Kind::NotFound, message).detail("code").into());
        };
        let component = host.promote(run, key, name, by).await?;
        if !*yes && !agreed(code, name)? {
            return Err(Fault::new(Kind::Approval, format!("\"{name}\" was not approved, so it is not a tool")).into());
        }
        places::create_private(&globals.data_dir)?;
        let path = places::promoted_dir(globals).join(format!("{name}.wasm"));
        kept::keep(globals, Purpose::Tool, &path, &component)?;
        let digest = host.load(name, &Source::from(component), &[])?.component().digest().clone();
        if globals.json {
            print_json(
                &json!({"tool": name, "component": path, "digest": digest, "tools": code.tools, "approved_by": by}),
            );
        } else {
            println!("{name} is a tool: {}", path.display());
            println!("digest = \"{digest}\"");
        }
        Ok(Exit::Done)
    }
}

fn check_name(host: &Host, name: &str) -> stockade::Result<()> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(Fault::invalid(
            "name",
            format!("\"{}\" is not a name for a tool: use small letters, digits and dashes", safe(name)),
        ));
    }
    if host.tool(name).is_ok() {
        return Err(Fault::new(Kind::Conflict, format!("there is a tool \"{name}\" already; choose another name")));
    }
    Ok(())
}

/// Shows the code, and asks whether it may become a tool.
fn agreed(code: &Code, name: &str) -> stockade::Result<bool> {
    if !terminal::is_there() {
        let message = "no person can be asked: stdin or stderr is not a terminal; --yes says that the code was approved elsewhere";
        return Err(Fault::invalid("usage", message));
    }
    eprintln!("{BOLD}{name}{BOLD:#} {DIM}{}{DIM:#}\n", safe(&code.language));
    // The code is shown in a frame, so that no line of it can look like the question.
    eprintln!("{}", Frame::all(&code.source, terminal::columns()));
    let tools = if code.tools.is_empty() { "no tools".to_owned() } else { code.tools.join(", ") };
    ask::yes(&format!("It may call: {}. Make it a tool?", safe(&tools)))
}
