//! `stockade tool promote`: code that an agent wrote becomes a tool, once a person has read it and said yes.

use std::io::IsTerminal;
use std::path::PathBuf;

use serde_json::json;
use stockade::{Code, Effect, Fault, Host, Kind, Source};

use crate::args::{Args, Step};
use crate::exit::Exit;
use crate::text::{BOLD, DIM, print_json, safe, safe_lines};
use crate::{ask, home};

pub(super) async fn run(
    args: &Args,
    Step { run, key }: &Step,
    name: &str,
    by: &str,
    yes: bool,
) -> stockade::Result<Exit> {
    let host = home::host(args).await?;
    check_name(&host, name)?;
    let state = host.state(*run).await?;
    let Some(Effect::RunCode { code, .. }) = state.effect(key) else {
        let message = format!("run {run} has no code \"{key}\"; `stockade show {run}` tells what it has");
        return Err(Fault::new(Kind::NotFound, message).detail("code"));
    };
    let component = host.promote(*run, key, name, by).await?;
    if !yes && !agreed(code, name)? {
        return Err(Fault::new(Kind::Approval, format!("\"{name}\" was not approved, and is no tool")));
    }
    let path = write(args, name, &component)?;
    let digest = host.load(name, &Source::from(component), &[])?.component().digest().clone();
    if args.json {
        print_json(&json!({"tool": name, "component": path, "digest": digest, "tools": code.tools, "approved_by": by}));
    } else {
        println!("{name} is a tool: {}", path.display());
        println!("digest = \"{digest}\"");
    }
    Ok(Exit::Done)
}

fn check_name(host: &Host, name: &str) -> stockade::Result<()> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(Fault::invalid(
            "name",
            format!("\"{}\" is no name of a tool: small letters, digits, dashes", safe(name)),
        ));
    }
    if host.tool(name).is_ok() {
        return Err(Fault::new(Kind::Conflict, format!("there is a tool \"{name}\" already; choose another name")));
    }
    Ok(())
}

/// Shows what is to become a tool, and asks.
fn agreed(code: &Code, name: &str) -> stockade::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Fault::invalid(
            "usage",
            "nobody can be asked: stdin is no terminal; --yes says that it was approved",
        ));
    }
    anstream::eprintln!("{BOLD}{name}{BOLD:#} {DIM}{}{DIM:#}\n", safe(&code.language));
    eprintln!("{}\n", safe_lines(&code.source));
    let tools = if code.tools.is_empty() { "no tools".to_owned() } else { code.tools.join(", ") };
    ask::yes(&format!("It may call: {}. Make it a tool?", safe(&tools)))
}

fn write(args: &Args, name: &str, component: &[u8]) -> stockade::Result<PathBuf> {
    let path = home::promoted_dir(args).join(format!("{name}.wasm"));
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder
        .and_then(|()| std::fs::write(&path, component))
        .map_err(|error| Fault::invalid("data_dir", format!("\"{}\" cannot be written: {error}", path.display())))?;
    Ok(path)
}
