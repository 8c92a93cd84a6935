//! `tool list` and `tool inspect`.

use serde_json::{Value, json};
use stockade::{Example, Function, Host, Manifest, Snippet, Tool};

use crate::args::Args;
use crate::text::{BOLD, DIM, bytes, print_json, safe, safe_lines};

pub(super) fn list(args: &Args, host: &Host) {
    if args.json {
        print_json(&host.tools().map(document).collect::<Vec<_>>());
        return;
    }
    for tool in host.tools() {
        anstream::println!("{BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}", tool.name(), granted(tool));
        tool.component().functions().iter().for_each(|function| println!("  {}", safe(&function.signature())));
    }
}

pub(super) fn run(args: &Args, tool: &Tool, wit: &str) {
    if args.json {
        let mut document = document(tool);
        document.as_object_mut().into_iter().for_each(|members| drop(members.insert("wit".into(), wit.into())));
        print_json(&document);
        return;
    }
    about(tool);
    tool.component().manifest().and_then(|manifest| manifest.code.as_ref()).into_iter().for_each(code);
    tool.component().functions().iter().for_each(function);
    tool.component().manifest().iter().for_each(|manifest| examples(&manifest.examples));
    anstream::println!("\n{BOLD}WIT{BOLD:#}");
    safe_lines(wit).lines().for_each(|line| println!("  {line}"));
}

fn about(tool: &Tool) {
    let component = tool.component();
    let version = component.manifest().map(|manifest| safe(&manifest.version)).unwrap_or_default();
    anstream::println!("{BOLD}{}{BOLD:#} {version}", tool.name());
    component.manifest().iter().for_each(|manifest| indented(2, &manifest.description));
    println!("  digest   {}\n  size     {}", component.digest(), bytes(component.size() as u64));
    println!("  imports  {}", safe(&listed(component.imports())));
    println!("  asks     {}", asked(tool));
    println!("  grants   {}", granted(tool));
}

/// The code of a tool that is code.
fn code(Snippet { language, source, tools, written_in, approved_by }: &Snippet) {
    let tools =
        if tools.is_empty() { "no tools".to_owned() } else { tools.keys().cloned().collect::<Vec<_>>().join(", ") };
    println!("  code     {}, written in {}, approved by {}", safe(language), safe(written_in), safe(approved_by));
    println!("  calls    {}\n", safe(&tools));
    indented(4, source);
}

fn function(function: &Function) {
    anstream::println!("\n{BOLD}{}{BOLD:#}", safe(&function.signature()));
    function.interface().iter().for_each(|interface| println!("  of {}", safe(interface)));
    function.docs().iter().for_each(|docs| indented(2, docs));
    println!("  in   {}", safe(&function.input_schema().to_string()));
    println!("  out  {}", safe(&function.output_schema().to_string()));
}

fn examples(examples: &[Example]) {
    if examples.is_empty() {
        return;
    }
    anstream::println!("\n{BOLD}examples{BOLD:#}");
    for Example { function, arguments, output, error, .. } in examples {
        let answer = error.as_ref().map_or_else(|| output.to_string(), |error| format!("error: {error}"));
        println!("  {}", safe(&format!("{function} {arguments} -> {answer}")));
    }
}

fn indented(by: usize, text: &str) {
    safe_lines(text).lines().for_each(|line| println!("{:by$}{line}", ""));
}

fn document(tool: &Tool) -> Value {
    let component = tool.component();
    json!({
        "name": tool.name(), "digest": component.digest(), "size": component.size(), "imports": component.imports(),
        "asks": component.asks(), "grants": tool.grants(), "repeatable": tool.is_repeatable(),
        "manifest": component.manifest(),
        "functions": component.functions().iter().map(described).collect::<Vec<_>>(),
    })
}

fn described(function: &Function) -> Value {
    json!({
        "name": function.name(), "interface": function.interface(), "signature": function.signature(),
        "description": function.docs(),
        "input_schema": function.input_schema(), "output_schema": function.output_schema(),
    })
}

/// What it asks for, with its reasons where it gives any.
fn asked(tool: &Tool) -> String {
    let why = |manifest: &Manifest| {
        manifest.asks.iter().map(|(capability, why)| format!("{capability} ({why})")).collect::<Vec<_>>()
    };
    let by_imports = || tool.component().asks().iter().map(ToString::to_string).collect();
    safe(&listed(&tool.component().manifest().map_or_else(by_imports, why)))
}

fn granted(tool: &Tool) -> String {
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
