use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::json;
use stockade::Fault;

use crate::exit::Exit;
use crate::globals::Globals;
use crate::pretty::print_json;

/// Write the source of a new tool into a folder of its name
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade tool new greeter --lang python")]
pub(crate) struct New {
    /// The name: small letters, digits and dashes
    name: String,
    /// The language of its source
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    lang: Language,
    /// Build a Rust tool for WASI, which has files, a clock and random numbers (once they are granted) and starts
    /// four times as slowly
    #[arg(long)]
    wasi: bool,
}

/// The language of a new tool.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Language {
    Rust,
    Python,
    Javascript,
}

/// A tool's name becomes part of the names of files, crates and WIT packages.
const NAME_CHARS_MAX: usize = 40;

/// A file of a new tool: its path, and its text, in which `{{name}}` stands for the name.
type File = (&'static str, &'static str);

macro_rules! template {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $path))
    };
}

macro_rules! lean {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/carried/lean/", $path))
    };
}

const SHARED: &[File] = &[("tool.toml", template!("shared/tool.toml")), ("wit/tool.wit", template!("shared/tool.wit"))];

const RUST: &[File] = &[
    (".cargo/config.toml", template!("rust/config.toml")),
    (".gitignore", template!("rust/gitignore")),
    ("Cargo.toml", template!("rust/Cargo.toml.in")),
    ("README.md", template!("rust/README.md")),
    ("src/lib.rs", template!("rust/lib.rs.in")),
    ("lean/Cargo.toml", lean!("Cargo.toml.in")),
    ("lean/src/arena.rs", lean!("src/arena.rs")),
    ("lean/src/heap.rs", lean!("src/heap.rs")),
    ("lean/src/lib.rs", lean!("src/lib.rs")),
];

const RUST_WASI: &[File] = &[
    (".cargo/config.toml", template!("rust/wasi/config.toml")),
    (".gitignore", template!("rust/gitignore")),
    ("Cargo.toml", template!("rust/Cargo.toml.in")),
    ("README.md", template!("rust/wasi/README.md")),
    ("src/lib.rs", template!("rust/lib.rs.in")),
];

const PYTHON: &[File] = &[
    (".gitignore", template!("python/gitignore")),
    ("README.md", template!("python/README.md")),
    ("app.py", template!("python/app.py")),
];

const JAVASCRIPT: &[File] = &[
    (".gitignore", template!("javascript/gitignore")),
    ("README.md", template!("javascript/README.md")),
    ("app.js", template!("javascript/app.js")),
    ("package.json", template!("javascript/package.json")),
];

impl New {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let Self { name, lang, wasi } = &self;
        check(name)?;
        let (files, component, build) = match (lang, wasi) {
            (Language::Rust, false) => (RUST, rust("wasm32-unknown-unknown", name), "cargo build --release"),
            (Language::Rust, true) => (RUST_WASI, rust("wasm32-wasip2", name), "cargo build --release"),
            (_, true) => {
                let message = "--wasi is for Rust; other languages have what WASI they need";
                return Err(Fault::invalid("usage", message).into());
            }
            (Language::Python, _) => (PYTHON, format!("{name}.wasm"), "see README.md"),
            (Language::Javascript, _) => (JAVASCRIPT, format!("{name}.wasm"), "npm install && npm run build"),
        };
        // Creating the folder fails if it exists, so no existing file is touched.
        fs::create_dir(name).with_context(|| unwritable(name.as_ref()))?;
        for (path, text) in files.iter().chain(SHARED) {
            write(&Path::new(name).join(path), &filled(text, name, &component, *wasi))?;
        }
        if globals.json {
            print_json(&json!({"folder": name, "component": component}));
        } else {
            println!("{name}/ is a tool. In it:\n  {build}");
            println!("  stockade tool pack {component}\n  stockade tool test {component}");
        }
        Ok(Exit::Done)
    }
}

fn check(name: &str) -> stockade::Result<()> {
    let word = |word: &str| {
        let plain = word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit());
        plain && word.starts_with(|first: char| first.is_ascii_lowercase())
    };
    if name.len() <= NAME_CHARS_MAX && name.split('-').all(word) {
        return Ok(());
    }
    let message = format!(
        "\"{name}\" is not a name for a tool: small letters, digits and single dashes, each word beginning with a \
         letter, {NAME_CHARS_MAX} at most, as in \"price-list\""
    );
    Err(Fault::invalid("name", message))
}

fn rust(target: &str, name: &str) -> String {
    format!("target/{target}/release/{}.wasm", name.replace('-', "_"))
}

fn filled(text: &str, name: &str, component: &str, wasi: bool) -> String {
    let text = text.replace("{{name}}", name).replace("{{snake}}", &name.replace('-', "_"));
    let text = text.replace("{{component}}", component);
    if wasi { LEAN_LINES.iter().fold(text, |text, line| text.replace(line, "")) } else { text }
}

/// The lines that a tool with WASI leaves out, because WASI brings an allocator.
const LEAN_LINES: [&str; 3] =
    ["members = [\"lean\"]\n", "lean = { path = \"lean\" }\n", "use lean as _; // the allocator\n\n"];

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).and_then(|()| fs::write(path, text)).with_context(|| unwritable(path))
}

fn unwritable(path: &Path) -> String {
    format!("\"{}\" cannot be written", path.display())
}
