use clap::Args;
use serde_json::Value;
use stockade::{Example, Function, Manifest, Snippet, Tool, Unsupported};

use super::{find, source};
use crate::escape::{safe, safe_lines};
use crate::exit::Exit;
use crate::globals::Globals;
use crate::open_host;
use crate::pretty::print_json;
use crate::text::{BOLD, bytes};

/// Show a tool: its manifest, what it asks for, its grants, its functions with their schemas, and its WIT
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade tool inspect payments\n  stockade tool inspect ./mine.wasm")]
pub(crate) struct Inspect {
    /// A registered tool, or a component file
    tool: String,
}

impl Inspect {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::host(globals).await?;
        let tool = find(&host, &self.tool).await?;
        // A component whose interface cannot be written as WIT has functions all the same.
        let wit = source(&host, &self.tool).await?.wit();
        if globals.json {
            let mut document = host.describe(&tool);
            let wit = wit.map_or(Value::Null, Value::from);
            document.as_object_mut().into_iter().for_each(|members| drop(members.insert("wit".into(), wit.clone())));
            print_json(&document);
            return Ok(Exit::Done);
        }
        about(&tool);
        tool.component().manifest().and_then(|manifest| manifest.code.as_ref()).into_iter().for_each(code);
        tool.component().functions().iter().for_each(function);
        tool.component().unsupported().iter().for_each(unsupported);
        tool.component().manifest().iter().for_each(|manifest| examples(&manifest.examples));
        println!("\n{BOLD}WIT{BOLD:#}");
        let wit = wit.unwrap_or_else(|fault| fault.message);
        safe_lines(&wit).lines().for_each(|line| println!("  {line}"));
        Ok(Exit::Done)
    }
}

fn about(tool: &Tool) {
    let component = tool.component();
    let version = component.manifest().map(|manifest| safe(&manifest.version)).unwrap_or_default();
    println!("{BOLD}{}{BOLD:#} {version}", tool.name());
    component.manifest().iter().for_each(|manifest| indented(2, &manifest.description));
    println!("  digest   {}\n  size     {}", component.digest(), bytes(component.size() as u64));
    println!("  imports  {}", safe(&listed(component.imports())));
    println!("  asks     {}", asked(tool));
    println!("  grants   {}", granted(tool));
}

/// Prints the code of a promoted tool.
fn code(Snippet { language, source, tools, input, output, written_in, approved_by }: &Snippet) {
    let tools =
        if tools.is_empty() { "no tools".to_owned() } else { tools.keys().cloned().collect::<Vec<_>>().join(", ") };
    println!("  code     {}, written in {}, approved by {}", safe(language), safe(written_in), safe(approved_by));
    println!("  calls    {}", safe(&tools));
    input.iter().for_each(|schema| println!("  input    {}", safe(&schema.to_string())));
    output.iter().for_each(|schema| println!("  output   {}", safe(&schema.to_string())));
    println!();
    indented(4, source);
}

fn function(function: &Function) {
    println!("\n{BOLD}{}{BOLD:#}", safe(&function.signature()));
    function.interface().iter().for_each(|interface| println!("  of {}", safe(interface)));
    function.docs().iter().for_each(|docs| indented(2, docs));
    println!("  in   {}", safe(&function.input_schema().to_string()));
    println!("  out  {}", safe(&function.output_schema().to_string()));
}

fn unsupported(function: &Unsupported) {
    println!("\n{BOLD}{}{BOLD:#}", cannot(function));
    function.interface().iter().for_each(|interface| println!("  of {}", safe(interface)));
}

pub(super) fn cannot(function: &Unsupported) -> String {
    safe(&format!("{} cannot be called: {}", function.name(), function.reason()))
}

fn examples(examples: &[Example]) {
    if examples.is_empty() {
        return;
    }
    println!("\n{BOLD}examples{BOLD:#}");
    for Example { function, arguments, output, error, .. } in examples {
        let answer = error.as_ref().map_or_else(|| output.to_string(), |error| format!("error: {error}"));
        println!("  {}", safe(&format!("{function} {arguments} -> {answer}")));
    }
}

fn indented(by: usize, text: &str) {
    safe_lines(text).lines().for_each(|line| println!("{:by$}{line}", ""));
}

/// Returns what a tool asks for, with its reasons if it gives any.
fn asked(tool: &Tool) -> String {
    let why = |manifest: &Manifest| {
        manifest.asks.iter().map(|(capability, why)| format!("{capability} ({why})")).collect::<Vec<_>>()
    };
    let by_imports = || tool.component().asks().iter().map(ToString::to_string).collect();
    safe(&listed(&tool.component().manifest().map_or_else(by_imports, why)))
}

pub(super) fn granted(tool: &Tool) -> String {
    let asks = tool.component().asks();
    let grants = tool.grants().iter().map(|grant| {
        let note = if asks.contains(&grant.capability()) { "" } else { " (not asked for, so of no effect)" };
        format!("{grant}{note}")
    });
    safe(&listed(&grants.collect::<Vec<_>>()))
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
