use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, anyhow, ensure};
use clap::Subcommand;
use serde_json::json;
use stockade::{Fault, Kind};

use crate::exit::Exit;
use crate::globals::Globals;
use crate::kept::{self, LANGUAGES, Purpose};
use crate::{escape, open_host, places, pretty, read, text};

macro_rules! sources {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/carried/", $path)))),*]
    };
}

/// The environment of a language's build: programs and their caches, the way to the network, the registries. Other variables
/// may hold secrets that the packages of a build must not see.
const ENVIRONMENT: [&str; 20] = [
    "ALL_PROXY",
    "CURL_CA_BUNDLE",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "PATH",
    "PIP_CERT",
    "PIP_CONFIG_FILE",
    "PIP_INDEX_URL",
    "PIP_PROXY",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The sources of the languages.
const SOURCES: &[(&str, &str)] =
    &sources!("guest-tools/languages", "guest-tools/build", "guest-tools/python/app.py", "wit/code.wit",);

/// Add languages, and list them
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  stockade language list")]
pub(crate) enum Language {
    /// Build a language that is not part of the program, and add it
    #[command(after_help = "Example:\n  stockade language add python")]
    Add {
        /// The language
        name: String,
    },
    /// List the languages that are available, and those that can be added
    #[command(after_help = "Example:\n  stockade language list")]
    List,
}

impl Language {
    /// Returns whether the command only reads.
    pub(crate) fn only_looks(&self) -> bool {
        matches!(self, Self::List)
    }

    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self {
            Self::Add { name } => add(globals, &name).await,
            Self::List => list(globals).await,
        }
    }
}

/// Unpacks the sources and runs their build script, which reports its progress on stderr.
async fn add(globals: &Globals, name: &str) -> anyhow::Result<Exit> {
    if !LANGUAGES.contains(&name) {
        let message = format!(
            "\"{}\" is not a language that can be added; those are {}",
            escape::safe(name),
            LANGUAGES.join(", ")
        );
        return Err(Fault::new(Kind::NotFound, message).detail("language").into());
    }
    let component = places::language_file(globals, name);
    let languages = component.parent().unwrap_or(Path::new("."));
    places::create_private(languages)?;
    let work = languages.join("work");
    unpack(&work).with_context(|| unwritable(&work))?;
    let out = std::path::absolute(work.join("built.wasm")).with_context(|| unwritable(&work))?;
    build(&work, name, &out)?;
    let bytes = read::file(&out, read::COMPONENT_BYTES_MAX).with_context(|| unwritable(&out))?;
    // The rest of the work folder is not needed any more.
    let _ = std::fs::remove_dir_all(&work);
    let digest = kept::keep(globals, Purpose::Language, &component, &bytes)?;
    eprintln!("compiling {name}");
    open_host::host(globals).await?.prepare(name).await?;
    if globals.json {
        pretty::print_json(&json!({"language": name, "component": component, "digest": digest, "size": bytes.len()}));
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

fn build(work: &Path, name: &str, out: &Path) -> anyhow::Result<()> {
    let failed = || Fault::new(Kind::Invalid, format!("\"{name}\" could not be built")).detail("component");
    let script = work.join("guest-tools/languages");
    let mut bash = std::process::Command::new("bash");
    bash.env_clear().envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    let status = bash.arg(script).arg(name).arg(out).stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.context("bash cannot be started").with_context(failed)?;
    ensure!(status.success(), anyhow!("its build ended with {status}; its output is above").context(failed()));
    Ok(())
}

fn unwritable(path: &Path) -> Fault {
    let message = format!("\"{}\" cannot be written, and --cache-dir can name another folder", path.display());
    Fault::invalid("data_dir", message)
}

async fn list(globals: &Globals) -> anyhow::Result<Exit> {
    let host = open_host::host(globals).await?;
    let there: Vec<_> = host.languages().collect();
    let absent = LANGUAGES.into_iter().filter(|name| !there.contains(name));
    let all: Vec<_> = there.iter().map(|name| (*name, true)).chain(absent.map(|name| (name, false))).collect();
    if globals.json {
        let all: Vec<_> = all.iter().map(|(name, there)| json!({"language": name, "there": there})).collect();
        pretty::print_json(&all);
        return Ok(Exit::Done);
    }
    for (name, there) in all {
        let state = if there { "there".to_owned() } else { format!("`stockade language add {name}` builds it") };
        println!("{name:<12} {state}");
    }
    Ok(Exit::Done)
}
