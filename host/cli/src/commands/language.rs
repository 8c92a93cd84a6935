use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, anyhow, ensure};
use clap::Subcommand;
use serde_json::{Value, json};
use stockade::{Fault, Kind};

use crate::exit::Exit;
use crate::follow_up::named;
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
const SOURCES: &[(&str, &str)] = &sources!(
    "guest-tools/languages",
    "guest-tools/build",
    "guest-tools/python_memory.py",
    "guest-tools/python_native.py",
    "guest-tools/python_packages.py",
    "guest-tools/python/app.py",
    "guest-tools/python/chart.py",
    "guest-tools/python/_stockade/__init__.py",
    "guest-tools/python/_stockade/absent.py",
    "guest-tools/python/_stockade/calls.py",
    "guest-tools/python/_stockade/chance.py",
    "guest-tools/python/_stockade/dates.py",
    "guest-tools/python/_stockade/ending.py",
    "guest-tools/python/_stockade/hashes.py",
    "guest-tools/python/_stockade/inorder.py",
    "guest-tools/python/_stockade/library.py",
    "guest-tools/python/_stockade/locks.py",
    "guest-tools/python/_stockade/machine.py",
    "guest-tools/python/_stockade/opening.py",
    "guest-tools/python/_stockade/packages.py",
    "guest-tools/python/_stockade/settled.py",
    "guest-tools/python/_stockade/strands.py",
    "guest-tools/python/_stockade/twins.py",
    "guest-tools/python/_stockade/waiting.py",
    "wit/code.wit",
);

/// Add languages, and list them
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  stockade language list")]
pub(crate) enum Language {
    /// Build a language that is not part of the program, and add it
    #[command(after_help = "Example:\n  stockade language add python --with tabulate,beautifulsoup4==4.15.0")]
    Add {
        /// The language
        name: String,
        /// Build a package of PyPI in, NAME or NAME==VERSION; one of Python alone, or pydantic
        #[arg(long, value_name = "PACKAGE", value_delimiter = ',')]
        with: Vec<String>,
        /// Build in the packages of a file, with the digests that an earlier build has printed
        #[arg(long, value_name = "FILE")]
        with_file: Option<PathBuf>,
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
            Self::Add { name, with, with_file } => add(globals, &name, &packages(with, with_file)?).await,
            Self::List => list(globals).await,
        }
    }
}

/// Returns the packages as the build script takes them.
///
/// # Errors
///
/// What is given for a package is an option of the script, or the file has no absolute name.
fn packages(with: Vec<String>, with_file: Option<PathBuf>) -> anyhow::Result<Vec<OsString>> {
    if let Some(option) = with.iter().find(|package| package.starts_with('-') || package.is_empty()) {
        let message = format!("\"{}\" is not a package; give NAME or NAME==VERSION", escape::safe(option));
        return Err(Fault::invalid("language", message).into());
    }
    let mut packages: Vec<OsString> = with.into_iter().map(OsString::from).collect();
    if let Some(file) = with_file {
        let shown = escape::safe(&file.to_string_lossy());
        let unnamed = || Fault::invalid("language", format!("\"{shown}\" cannot be read"));
        packages.push("-r".into());
        packages.push(std::path::absolute(&file).with_context(unnamed)?.into());
    }
    Ok(packages)
}

/// Unpacks the sources and runs their build script, which reports its progress on stderr.
async fn add(globals: &Globals, name: &str, packages: &[OsString]) -> anyhow::Result<Exit> {
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
    build(&work, name, &out, packages)?;
    let bytes = read::file(&out, read::COMPONENT_BYTES_MAX).with_context(|| unwritable(&out))?;
    let packages = read::file(&work.join("built.wasm.packages"), read::JSON_BYTES_MAX).unwrap_or_default();
    let packages = String::from_utf8_lossy(&packages);
    // The rest of the work folder is not needed any more.
    let _ = std::fs::remove_dir_all(&work);
    let digest = kept::keep(globals, Purpose::Language, &component, &bytes)?;
    eprintln!("compiling {name}");
    open_host::host(globals).await?.prepare(name).await?;
    if globals.json {
        let packages: Vec<_> = packages.lines().filter_map(package).collect();
        let size = bytes.len();
        pretty::print_json(
            &json!({"language": name, "component": component, "digest": digest, "size": size, "packages": packages}),
        );
    } else {
        println!("{name} is there: {}, {digest}", text::bytes(bytes.len() as u64));
        packages.lines().for_each(|line| println!("{}", escape::safe(line)));
    }
    Ok(Exit::Done)
}

/// Returns one package that was built in, from its line: `NAME==VERSION --hash=DIGEST`.
fn package(line: &str) -> Option<Value> {
    let (package, digest) = line.split_once(" --hash=")?;
    let (name, version) = package.split_once("==")?;
    Some(json!({"package": name, "version": version, "digest": digest}))
}

fn unpack(work: &Path) -> std::io::Result<()> {
    for (path, source) in SOURCES {
        let path = work.join(path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(path, source)?;
    }
    Ok(())
}

fn build(work: &Path, name: &str, out: &Path, packages: &[OsString]) -> anyhow::Result<()> {
    let failed = || Fault::new(Kind::Invalid, format!("\"{name}\" could not be built")).detail("component");
    let script = work.join("guest-tools/languages");
    let mut bash = std::process::Command::new("bash");
    bash.env_clear().envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    bash.arg(script).arg(name).arg(out).args(packages);
    let status = bash.stdin(Stdio::null()).stdout(Stdio::null()).status();
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
        let add = || format!("{} builds it", named(&format!("language add {name}")));
        let state = if there { "there".to_owned() } else { add() };
        println!("{name:<12} {state}");
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_read_from_its_line() {
        let line = "tabulate==0.10.0 --hash=sha256:f0b0";
        assert_eq!(package(line), Some(json!({"package": "tabulate", "version": "0.10.0", "digest": "sha256:f0b0"})));
        assert_eq!(package("tabulate"), None);
    }

    #[test]
    fn an_option_of_the_build_is_not_a_package() {
        let refused = packages(vec!["tabulate".to_owned(), "-r/etc/passwd".to_owned()], None).unwrap_err();
        assert!(refused.to_string().contains("\"-r/etc/passwd\" is not a package"), "{refused}");
        let file = packages(vec!["tabulate".to_owned()], Some(PathBuf::from("/a/lock.txt"))).unwrap();
        assert_eq!(file, ["tabulate", "-r", "/a/lock.txt"].map(OsString::from));
    }

    /// The build would lack a file that is not named above.
    #[test]
    fn all_sources_of_python_are_carried() {
        for folder in ["guest-tools/python", "guest-tools/python/_stockade"] {
            let carried = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
            let files = std::fs::read_dir(carried).unwrap().map(|entry| entry.unwrap().path());
            let sources = files.filter(|file| file.extension().is_some_and(|ending| ending == "py"));
            for file in sources {
                let name = format!("{folder}/{}", file.file_name().unwrap().to_string_lossy());
                assert!(SOURCES.iter().any(|(source, _)| *source == name), "{name}");
            }
        }
    }
}
