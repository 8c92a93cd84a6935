use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand};
use serde_json::json;
use stockade::memory::{DOCUMENT_BYTES_MAX, Forget, Kept, LongTerm, Page};
use stockade::{Clock, Fault, Hint, Kind, Label, Namespace, NewMemory, Query, Remembered, RunId};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::escape::safe;
use crate::exit::Exit;
use crate::follow_up::named;
use crate::globals::Globals;
use crate::pretty::print_json;
use crate::run_ref::RunRef;
use crate::text::{DIM, fit};
use crate::{amounts, open_host, progress, read, terminal};

/// How many memories a list reads at a time.
const PAGE: u32 = 500;

/// How many memories a search shows by default.
const LIMIT: u32 = 5;

/// The most letters of a memory in a list; `--json` shows all of them.
const LIST_LETTERS: usize = 100;
/// The columns for the number of a memory and the gaps in a list.
const LIST_COLUMNS: usize = 9;

/// The most lines of a memory in a search, and their width on a terminal of 80 columns.
const FOUND_LINES: usize = 6;
const LINE_COLUMNS: usize = 72;

/// Keep, search and forget what agents remember beyond a run
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  stockade memory add handbook.md\n  stockade memory search \"how long may goods be returned\""
)]
pub(crate) enum Memory {
    /// Keep files; a file that is added again replaces what was kept of it
    #[command(after_help = "Example:\n  stockade memory add handbook.md --namespace acme --label private --keep 30d")]
    Add(Add),
    /// Show the memories that fit a text best
    #[command(after_help = "Example:\n  stockade memory search \"how long may goods be returned\" --limit 3")]
    Search {
        /// The text to look for
        text: String,
        /// The namespace, as TENANT/USER/AGENT
        #[arg(long, value_name = "NAMESPACE", default_value = "", value_parser = namespace)]
        namespace: Namespace,
        /// The most memories to show
        #[arg(long, value_name = "N", default_value_t = LIMIT)]
        limit: u32,
    },
    /// List memories, oldest first
    #[command(
        after_help = "Example:\n  stockade memory list --json | jq -r '.[] | select(.source) | .source' | sort -u"
    )]
    List {
        /// The namespace, as TENANT/USER/AGENT; by default, all namespaces
        #[arg(long, value_name = "NAMESPACE", value_parser = namespace)]
        namespace: Option<Namespace>,
    },
    /// Forget memories, and remove them from the file
    #[command(after_help = "Example:\n  stockade memory forget --source handbook.md")]
    Forget(What),
    /// Make all vectors again, after a change of the embedding
    #[command(after_help = "Example:\n  stockade memory reembed")]
    Reembed,
}

impl Memory {
    /// Returns whether the command only reads.
    pub(crate) fn only_looks(&self) -> bool {
        matches!(self, Self::Search { .. } | Self::List { .. })
    }

    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self {
            Self::Add(add) => keep(globals, &add).await,
            Self::Search { text, namespace, limit } => search(globals, &text, &namespace, limit).await,
            Self::List { namespace } => list(globals, namespace.as_ref()).await,
            Self::Forget(what) => forget(globals, &what).await,
            Self::Reembed => reembed(globals).await,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The files, of UTF-8 text
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The namespace, as TENANT/USER/AGENT
    #[arg(long, value_name = "NAMESPACE", default_value = "", value_parser = namespace)]
    namespace: Namespace,
    /// The name of the source, if there is one file; by default, its path
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// A label of the memories, `untrusted` or `private`; can be repeated
    #[arg(long, value_name = "LABEL", value_parser = label)]
    label: Vec<Label>,
    /// How long to keep the memories, as in 30d, 12h or 90m; by default, until they are forgotten
    #[arg(long, value_name = "TIME", value_parser = amounts::ago)]
    keep: Option<u64>,
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group(ArgGroup::new("what").required(true).args(["ids", "source", "run", "all"])))]
pub(crate) struct What {
    /// The numbers of the memories
    #[arg(value_name = "ID")]
    ids: Vec<u64>,
    /// All memories of a source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// All memories that a run wrote; RUN may be the beginning of its id
    #[arg(long)]
    run: Option<RunRef>,
    /// All memories
    #[arg(long)]
    all: bool,
    /// Only memories of this namespace, as TENANT/USER/AGENT; by default, of all namespaces
    #[arg(long, value_name = "NAMESPACE", value_parser = namespace)]
    namespace: Option<Namespace>,
}

/// Opens the memory with the configured embedding. Commands that need no vectors open the archive alone, so that they work
/// after a change of the embedding too.
async fn open(globals: &Globals) -> stockade::Result<LongTerm> {
    LongTerm::open(open_host::archive(globals).await?, open_host::embedding(globals)?, Clock::default().now_ms()).await
}

async fn keep(globals: &Globals, add: &Add) -> anyhow::Result<Exit> {
    if add.source.is_some() && add.files.len() > 1 {
        let message = "--source names one file, and there are several: each would replace the one before";
        return Err(Fault::invalid("usage", message).into());
    }
    let memory = open(globals).await?;
    let mut documents = Vec::new();
    for file in &add.files {
        let note = document(add, file)?;
        let remembered = add_with_bar(&memory, &note).await?;
        let ids = |wanted: fn(&Remembered) -> Option<u64>| remembered.iter().filter_map(wanted).collect::<Vec<_>>();
        let kept = ids(|one| if let Remembered::Kept(id) = one { Some(*id) } else { None });
        let known = ids(|one| if let Remembered::Known(id) = one { Some(*id) } else { None });
        if !globals.json {
            let again = if known.is_empty() { String::new() } else { format!(", {} known already", known.len()) };
            println!("{}: {} kept{again}", safe(note.source.as_deref().unwrap_or_default()), kept.len());
        }
        documents.push(json!({"source": note.source, "namespace": note.namespace, "kept": kept, "known": known}));
    }
    if globals.json {
        print_json(&documents);
    }
    Ok(Exit::Done)
}

async fn add_with_bar(memory: &LongTerm, note: &NewMemory) -> stockade::Result<Vec<Remembered>> {
    let bar = progress::of_things(note.source.as_deref().unwrap_or_default());
    let told = |done, all| progress::advance(&bar, done as u64, all as u64);
    let added = memory.add_document(note, Clock::default().now_ms(), &told).await;
    bar.finish_and_clear();
    Ok(added?.value)
}

fn document(add: &Add, file: &Path) -> stockade::Result<NewMemory> {
    let unreadable =
        |error: &_| read::refused("file", format!("\"{}\" cannot be kept: {error}", file.display()), error);
    let text = read::text(file, DOCUMENT_BYTES_MAX as u64).map_err(|error| unreadable(&error))?;
    let source = add.source.clone().unwrap_or_else(|| file.display().to_string());
    let labels: BTreeSet<_> = add.label.iter().copied().collect();
    Ok(NewMemory { namespace: add.namespace.clone(), text, source: Some(source), labels, keep_ms: add.keep })
}

async fn search(globals: &Globals, text: &str, namespace: &Namespace, limit: u32) -> anyhow::Result<Exit> {
    let query = Query { namespace: namespace.clone(), text: text.to_owned(), limit };
    let found = open(globals).await?.recall(&query, Clock::default().now_ms()).await?.value;
    if globals.json {
        print_json(&found);
    } else if found.is_empty() {
        println!("nothing fits");
    } else {
        found.iter().for_each(print_found);
    }
    Ok(Exit::Done)
}

async fn list(globals: &Globals, namespace: Option<&Namespace>) -> anyhow::Result<Exit> {
    let all = all(globals, namespace).await?;
    if globals.json {
        print_json(&all);
    } else if all.is_empty() {
        eprintln!("nothing is kept yet; {} keeps a file", named("memory add FILE"));
    } else {
        all.iter().for_each(|kept| print(&kept.memory, kept.namespace.to_string().trim_end_matches('/'), LIST_LETTERS));
    }
    Ok(Exit::Done)
}

async fn all(globals: &Globals, namespace: Option<&Namespace>) -> stockade::Result<Vec<Kept>> {
    let archive = open_host::archive(globals).await?;
    let now_ms = Clock::default().now_ms();
    let mut all: Vec<Kept> = Vec::new();
    loop {
        let after = all.last().map_or(0, |last| last.memory.id);
        let page = Page { namespace: namespace.cloned(), after, limit: PAGE, now_ms, ..Page::default() };
        let page = archive.list(page).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Prints a memory that was found: how well it fits and its origin, and below that its text as a paragraph.
fn print_found(memory: &stockade::Memory) {
    let from = origin(memory);
    println!("{:>3}%  {DIM}memory {}{}{DIM:#}", memory.score / 10_000, memory.id, safe(&from));
    for line in paragraph(&memory.text) {
        println!("      {}", safe(&line));
    }
}

/// Returns the beginning of a text in lines; a word that is too long for a line is divided.
fn paragraph(text: &str) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for word in text.split_whitespace() {
        if used > 0 && used + 1 + word.width() > LINE_COLUMNS {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for letter in word.chars() {
            let column = letter.width().unwrap_or_default();
            if used + column > LINE_COLUMNS {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(letter);
            used += column;
        }
    }
    lines.push(line);
    if lines.len() > FOUND_LINES {
        lines.truncate(FOUND_LINES);
        lines.push("…".to_owned());
    }
    lines
}

/// Returns the origin of a memory: its source, the run that wrote it, and its labels.
fn origin(memory: &stockade::Memory) -> String {
    let labels: String = memory.labels.iter().map(|label| format!(" {label}")).collect();
    let source = memory.source.as_ref().map(|source| format!(" {source}")).unwrap_or_default();
    let run = memory.written_by.as_ref().map(|(run, key)| format!(" {run}/{key}")).unwrap_or_default();
    format!("{source}{run}{labels}")
}

/// Prints a memory as exactly one line: the beginning of its text, and its origin. The line fits the terminal.
fn print(memory: &stockade::Memory, about: &str, letters: usize) {
    let text = memory.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = match text.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    };
    let about = safe(format!("{about}{}", origin(memory)).trim_start());
    let columns = terminal::columns_of(std::io::stdout()).unwrap_or(usize::MAX).saturating_sub(LIST_COLUMNS);
    let about = fit(&about, columns / 3);
    let text = fit(&safe(&text), columns.saturating_sub(about.width()));
    println!("{:>5}  {text}  {DIM}{about}{DIM:#}", memory.id);
}

async fn forget(globals: &Globals, what: &What) -> anyhow::Result<Exit> {
    let forget = match what {
        What { source: Some(source), .. } => Forget::Source(source.clone()),
        What { run: Some(run), .. } => Forget::Run(writer(globals, run).await?),
        What { all: true, .. } => Forget::All,
        What { ids, .. } => Forget::Ids(ids.clone()),
    };
    let forgotten = open_host::archive(globals).await?.forget(what.namespace.as_ref(), forget.clone()).await?;
    if forgotten == 0 {
        is_there(globals, &forget, what.namespace.as_ref()).await?;
    }
    if globals.json {
        print_json(&json!({"forgotten": forgotten}));
    } else {
        println!("{forgotten} forgotten");
    }
    Ok(Exit::Done)
}

/// Finds the run that wrote memories. It may be in the journal, or removed from it while its memories are still kept. A
/// beginning that fits several runs is refused, because forgetting cannot be undone.
async fn writer(globals: &Globals, run: &RunRef) -> stockade::Result<RunId> {
    if let Some(run) = run.whole() {
        return Ok(run);
    }
    let listed = open_host::reader(globals).await?.runs(&stockade::Filter::default()).await?;
    let wrote = all(globals, None).await?.into_iter().filter_map(|kept| kept.memory.written_by.map(|(run, _)| run));
    let runs: BTreeSet<_> = listed.iter().map(|summary| summary.run_id).chain(wrote).collect();
    run.among(&runs.into_iter().collect::<Vec<_>>())
}

/// Refuses an unknown source or run, because its name may be misspelt. A known run may have written nothing.
async fn is_there(globals: &Globals, what: &Forget, namespace: Option<&Namespace>) -> stockade::Result<()> {
    match what {
        Forget::Source(source) => Err(nothing_of(source, namespace)),
        Forget::Run(run) => open_host::reader(globals).await?.state(*run).await.map(drop),
        Forget::Ids(_) | Forget::All => Ok(()),
    }
}

fn nothing_of(source: &str, namespace: Option<&Namespace>) -> Fault {
    let place = namespace.map(|namespace| format!(" in the namespace \"{namespace}\"")).unwrap_or_default();
    let message = format!("there is no memory of the source \"{source}\"{place}, and nothing was forgotten");
    Fault::new(Kind::NotFound, message).detail("memory").hint(Hint::ListMemories)
}

async fn reembed(globals: &Globals) -> anyhow::Result<Exit> {
    let (archive, embed) = (open_host::archive(globals).await?, open_host::embedding(globals)?);
    let now_ms = Clock::default().now_ms();
    let bar = progress::of_things("vectors");
    let memory = LongTerm::reembed(archive, embed, now_ms, &|done, all| progress::advance(&bar, done, all)).await;
    bar.finish_and_clear();
    let memory = memory?;
    let memories: u64 = memory.value.counts(now_ms).await?.iter().map(|count| count.memories).sum();
    if globals.json {
        print_json(&json!({"memories": memories, "tokens": memory.tokens}));
    } else {
        println!("the vectors of {memories} memories were made again");
    }
    Ok(Exit::Done)
}

/// Reads `TENANT/USER/AGENT`; the last names may be left out.
fn namespace(text: &str) -> Result<Namespace, String> {
    let mut names = text.split('/').map(str::to_owned);
    let mut next = || names.next().unwrap_or_default();
    let namespace = Namespace { tenant: next(), user: next(), agent: next() };
    match names.next() {
        None => Ok(namespace),
        Some(_) => Err("a namespace is TENANT/USER/AGENT".to_owned()),
    }
}

fn label(text: &str) -> Result<Label, String> {
    let label = [Label::Untrusted, Label::Private].into_iter().find(|label| label.to_string() == text);
    label.ok_or_else(|| "a label is untrusted or private".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_has_short_lines_and_an_end() {
        assert_eq!(paragraph("a few\n words"), ["a few words"]);
        let long = paragraph(&"word ".repeat(200));
        assert_eq!((long.len(), long[0].len(), long[FOUND_LINES].as_str()), (FOUND_LINES + 1, 69, "…"));
        assert!(paragraph(&"返".repeat(100)).iter().all(|line| line.chars().count() <= 36));
    }

    #[test]
    fn namespaces_and_labels_are_read() {
        let named = |tenant: &str, user: &str, agent: &str| Namespace {
            tenant: tenant.into(),
            user: user.into(),
            agent: agent.into(),
        };
        assert_eq!(namespace("acme/dana/support"), Ok(named("acme", "dana", "support")));
        assert_eq!(namespace("acme"), Ok(named("acme", "", "")));
        assert_eq!(namespace(""), Ok(Namespace::default()));
        assert!(namespace("a/b/c/d").is_err());
        assert_eq!(label("untrusted"), Ok(Label::Untrusted));
        assert!(label("secret").is_err());
    }
}
