//! Languages: which there are, and how those are built that do not come with the program.

use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use stockade::{Digest, Fault, Kind};

use crate::args::{Args, LanguageCommand};
use crate::exit::Exit;
use crate::{home, text};

/// The languages that can be added.
pub(crate) const ADDABLE: [&str; 2] = ["python", "python-lite"];

macro_rules! sources {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../../", $path)))),*]
    };
}

/// What the languages are built from.
const SOURCES: &[(&str, &str)] = &sources!(
    "guest-tools/languages",
    "guest-tools/build",
    "guest-tools/.cargo/config.toml",
    "guest-tools/python/app.py",
    "guest-tools/python-lite/Cargo.toml",
    "guest-tools/python-lite/Cargo.lock",
    "guest-tools/python-lite/src/files.rs",
    "guest-tools/python-lite/src/lib.rs",
    "guest-tools/python-lite/src/output.rs",
    "guest-tools/python-lite/src/tools.rs",
    "guest-tools/python-lite/src/values.rs",
    "wit/code.wit",
);

pub(super) async fn run(args: &Args, command: &LanguageCommand) -> stockade::Result<Exit> {
    match command {
        LanguageCommand::Add { name } => add(args, name).await,
        LanguageCommand::List => list(args).await,
    }
}

/// Unpacks the sources, and lets their own script do the work: it says on stderr how that goes on.
async fn add(args: &Args, name: &str) -> stockade::Result<Exit> {
    if !ADDABLE.contains(&name) {
        let message =
            format!("\"{}\" is no language that can be added; those are {}", text::safe(name), ADDABLE.join(", "));
        return Err(Fault::invalid("language", message));
    }
    home::create_private(&args.data_dir)?;
    let component = home::language_file(args, name);
    let work = args.data_dir.join("languages").join("work");
    unpack(&work).map_err(|error| unwritable(&work, &error))?;
    let out = std::path::absolute(&component).map_err(|error| unwritable(&component, &error))?;
    build(&work, name, &out)?;
    // Whatever is left of the work is only in the way.
    let _ = std::fs::remove_dir_all(&work);
    let bytes = std::fs::read(&component).map_err(|error| unwritable(&component, &error))?;
    let digest = Digest::of(&bytes);
    std::fs::write(component.with_extension("digest"), digest.to_string())
        .map_err(|error| unwritable(&component, &error))?;
    eprintln!("compiling {name}");
    home::host(args).await?.prepare(name).await?;
    if args.json {
        text::print_json(&json!({"language": name, "component": component, "digest": digest, "size": bytes.len()}));
    } else {
        println!("{name} is there: {}, {digest}", text::bytes(bytes.len() as u64));
    }
    Ok(Exit::Done)
}

fn unpack(work: &Path) -> std::io::Result<()> {
    for (path, source) in SOURCES {
        let path = work.join(path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(path, source)?;
    }
    Ok(())
}

fn build(work: &Path, name: &str, out: &Path) -> stockade::Result<()> {
    let failed =
        |why: String| Fault::new(Kind::Invalid, format!("\"{name}\" could not be built: {why}")).detail("component");
    let script = work.join("guest-tools/languages");
    let mut bash = std::process::Command::new("bash");
    let status = bash.arg(script).arg(name).arg(out).stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.map_err(|error| failed(format!("bash cannot be started: {error}")))?;
    if !status.success() {
        return Err(failed(format!("its build ended with {status}; what it said is above")));
    }
    Ok(())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Fault {
    let message = format!("\"{}\" cannot be written: {error}; --data-dir names another folder", path.display());
    Fault::invalid("data_dir", message)
}

async fn list(args: &Args) -> stockade::Result<Exit> {
    let host = home::host(args).await?;
    let there: Vec<_> = host.languages().collect();
    let absent = ADDABLE.into_iter().filter(|name| !there.contains(name));
    let all: Vec<_> = there.iter().map(|name| (*name, true)).chain(absent.map(|name| (name, false))).collect();
    if args.json {
        let all: Vec<_> = all.iter().map(|(name, there)| json!({"language": name, "there": there})).collect();
        text::print_json(&all);
        return Ok(Exit::Done);
    }
    for (name, there) in all {
        let state = if there { "there".to_owned() } else { format!("`stockade language add {name}` builds it") };
        println!("{name:<12} {state}");
    }
    Ok(Exit::Done)
}
