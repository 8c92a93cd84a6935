//! `stockade memory`: what the host remembers beyond a run, as its owner sees it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args as ClapArgs, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use stockade::memory::{DOCUMENT_BYTES_MAX, Forget, Kept, LongTerm, Page};
use stockade::{Clock, Fault, Kind, Label, Memory, Namespace, Note, Query, Remembered, RunId};

use crate::args::Args;
use crate::exit::Exit;
use crate::home;
use crate::text::{DIM, print_json, safe};

/// How many memories are read at one time for a list.
const PAGE: u32 = 500;

/// How many memories a search shows where nobody says how many.
const LIMIT: u32 = 5;

/// How much of each memory a list shows; a search and `--json` show all of it.
const LIST_LETTERS: usize = 100;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Keep files; one that is added again takes the place of what was kept of it
    #[command(after_help = "Example:\n  stockade memory add handbook.md --namespace acme --label private --keep 30d")]
    Add(Add),
    /// Show what fits a text best
    #[command(after_help = "Example:\n  stockade memory search \"how long may goods be returned\" --limit 3")]
    Search {
        /// What to look for
        text: String,
        /// Whose memories, as TENANT/USER/AGENT
        #[arg(long, value_name = "NAMESPACE", default_value = "", value_parser = namespace)]
        namespace: Namespace,
        /// The most memories to show
        #[arg(long, value_name = "N", default_value_t = LIMIT)]
        limit: u32,
    },
    /// List what is kept, oldest first
    #[command(
        after_help = "Example:\n  stockade memory list --json | jq -r '.[] | select(.source) | .source' | sort -u"
    )]
    List {
        /// Whose memories, as TENANT/USER/AGENT; without it, those of all
        #[arg(long, value_name = "NAMESPACE", value_parser = namespace)]
        namespace: Option<Namespace>,
    },
    /// Forget some of it, so that it is not in the file either
    #[command(after_help = "Example:\n  stockade memory forget --source handbook.md")]
    Forget(What),
    /// Make all vectors anew, after the embedding was changed
    #[command(after_help = "Example:\n  stockade memory reembed")]
    Reembed,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Add {
    /// The files, of UTF-8 text
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Whose they are, as TENANT/USER/AGENT
    #[arg(long, value_name = "NAMESPACE", default_value = "", value_parser = namespace)]
    namespace: Namespace,
    /// What the one file is called; without it, its path
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// A mark that it carries, `untrusted` or `private`; may be given several times
    #[arg(long, value_name = "LABEL", value_parser = label)]
    label: Vec<Label>,
    /// How long it is kept, as in 30d, 12h or 90m; without it, until it is forgotten
    #[arg(long, value_name = "TIME", value_parser = time)]
    keep: Option<u64>,
}

#[derive(Debug, ClapArgs)]
#[group(skip)]
#[command(group(ArgGroup::new("what").required(true).args(["ids", "source", "run", "all"])))]
pub(crate) struct What {
    /// The numbers of the memories
    #[arg(value_name = "ID")]
    ids: Vec<u64>,
    /// All of a source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// All that a run wrote
    #[arg(long)]
    run: Option<RunId>,
    /// Everything
    #[arg(long)]
    all: bool,
    /// Only of this namespace, as TENANT/USER/AGENT; without it, of all
    #[arg(long, value_name = "NAMESPACE", value_parser = namespace)]
    namespace: Option<Namespace>,
}

pub(super) async fn run(args: &Args, command: &Command) -> stockade::Result<Exit> {
    match command {
        Command::Add(add) => keep(args, add).await,
        Command::Search { text, namespace, limit } => search(args, text, namespace, *limit).await,
        Command::List { namespace } => list(args, namespace.as_ref()).await,
        Command::Forget(what) => forget(args, what).await,
        Command::Reembed => reembed(args).await,
    }
}

/// Opens the memory with the embedding that is configured. What needs no vectors takes the archive, whichever they are of.
async fn open(args: &Args) -> stockade::Result<LongTerm> {
    LongTerm::open(home::archive(args)?, home::embedding(args)?, Clock::default().now_ms()).await
}

async fn keep(args: &Args, add: &Add) -> stockade::Result<Exit> {
    if add.source.is_some() && add.files.len() > 1 {
        let message = "--source names one file, and there are several: each would take the place of the one before";
        return Err(Fault::invalid("usage", message));
    }
    let memory = open(args).await?;
    let mut documents = Vec::new();
    for file in &add.files {
        let note = document(add, file)?;
        let remembered = add_with_bar(&memory, &note).await?;
        let ids = |wanted: fn(&Remembered) -> Option<u64>| remembered.iter().filter_map(wanted).collect::<Vec<_>>();
        let kept = ids(|one| if let Remembered::Kept(id) = one { Some(*id) } else { None });
        let known = ids(|one| if let Remembered::Known(id) = one { Some(*id) } else { None });
        if !args.json {
            let again = if known.is_empty() { String::new() } else { format!(", {} known already", known.len()) };
            println!("{}: {} kept{again}", safe(note.source.as_deref().unwrap_or_default()), kept.len());
        }
        documents.push(json!({"source": note.source, "namespace": note.namespace, "kept": kept, "known": known}));
    }
    if args.json {
        print_json(&documents);
    }
    Ok(Exit::Done)
}

async fn add_with_bar(memory: &LongTerm, note: &Note) -> stockade::Result<Vec<Remembered>> {
    let bar = bar(note.source.as_deref().unwrap_or_default());
    let progress = |done, all| advance(&bar, done as u64, all as u64);
    let added = memory.add_document(note, Clock::default().now_ms(), &progress).await;
    bar.finish_and_clear();
    Ok(added?.value)
}

/// A bar on stderr, where that is a terminal.
fn bar(what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}").unwrap_or(ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message(safe(what))
}

fn advance(bar: &ProgressBar, done: u64, all: u64) {
    bar.set_length(all);
    bar.set_position(done);
}

fn document(add: &Add, file: &Path) -> stockade::Result<Note> {
    let unreadable =
        |why: String| Fault::new(Kind::Invalid, format!("\"{}\" cannot be kept: {why}", file.display())).detail("file");
    let size = std::fs::metadata(file).map_err(|error| unreadable(error.to_string()))?.len();
    if size > DOCUMENT_BYTES_MAX as u64 {
        return Err(unreadable(format!("it has {size} bytes, and a document has {DOCUMENT_BYTES_MAX} at most")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    let source = add.source.clone().unwrap_or_else(|| file.display().to_string());
    let labels: BTreeSet<_> = add.label.iter().copied().collect();
    Ok(Note { namespace: add.namespace.clone(), text, source: Some(source), labels, keep_ms: add.keep })
}

async fn search(args: &Args, text: &str, namespace: &Namespace, limit: u32) -> stockade::Result<Exit> {
    let query = Query { namespace: namespace.clone(), text: text.to_owned(), limit };
    let found = open(args).await?.recall(&query, Clock::default().now_ms()).await?.value;
    if args.json {
        print_json(&found);
    } else if found.is_empty() {
        println!("nothing fits");
    } else {
        found.iter().for_each(|memory| print(memory, &format!("{}%", memory.score / 10_000), usize::MAX));
    }
    Ok(Exit::Done)
}

async fn list(args: &Args, namespace: Option<&Namespace>) -> stockade::Result<Exit> {
    let archive = home::archive(args)?;
    let now_ms = Clock::default().now_ms();
    let mut all: Vec<Kept> = Vec::new();
    loop {
        let after = all.last().map_or(0, |last| last.memory.id);
        let page = Page { namespace: namespace.cloned(), after, limit: PAGE, now_ms, ..Page::default() };
        let page = archive.list(page).await?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    if args.json {
        print_json(&all);
    } else if all.is_empty() {
        eprintln!("nothing is kept yet; `stockade memory add FILE` keeps a file");
    } else {
        all.iter().for_each(|kept| print(&kept.memory, kept.namespace.to_string().trim_end_matches('/'), LIST_LETTERS));
    }
    Ok(Exit::Done)
}

/// Prints a memory as one line, whatever is in it, with no more than so many letters of its text.
fn print(memory: &Memory, about: &str, letters: usize) {
    let labels: String = memory.labels.iter().map(|label| format!(" {label}")).collect();
    let source = memory.source.as_ref().map(|source| format!(" {source}")).unwrap_or_default();
    let run = memory.written_by.as_ref().map(|(run, key)| format!(" {run}/{key}")).unwrap_or_default();
    let text = memory.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = match text.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    };
    let about = safe(format!("{about}{source}{run}{labels}").trim_start());
    anstream::println!("{:>5}  {}  {DIM}{about}{DIM:#}", memory.id, safe(&text));
}

async fn forget(args: &Args, what: &What) -> stockade::Result<Exit> {
    let forget = match what {
        What { source: Some(source), .. } => Forget::Source(source.clone()),
        What { run: Some(run), .. } => Forget::Run(*run),
        What { all: true, .. } => Forget::All,
        What { ids, .. } => Forget::Ids(ids.clone()),
    };
    let forgotten = home::archive(args)?.forget(what.namespace.as_ref(), forget).await?;
    if args.json {
        print_json(&json!({"forgotten": forgotten}));
    } else {
        println!("{forgotten} forgotten");
    }
    Ok(Exit::Done)
}

async fn reembed(args: &Args) -> stockade::Result<Exit> {
    let (archive, embed) = (home::archive(args)?, home::embedding(args)?);
    let now_ms = Clock::default().now_ms();
    let bar = bar("vectors");
    let memory = LongTerm::reembed(archive, embed, now_ms, &|done, all| advance(&bar, done, all)).await;
    bar.finish_and_clear();
    let memory = memory?;
    let memories: u64 = memory.value.counts(now_ms).await?.iter().map(|count| count.memories).sum();
    if args.json {
        print_json(&json!({"memories": memories, "tokens": memory.tokens}));
    } else {
        println!("the vectors of {memories} memories were made anew");
    }
    Ok(Exit::Done)
}

/// Reads `TENANT/USER/AGENT`, of which the last ones may be left out.
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

/// Reads a time in days, hours, minutes or seconds as milliseconds.
fn time(text: &str) -> Result<u64, String> {
    let wrong = || "a time is written as in 30d, 12h, 90m or 45s".to_owned();
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let read = |(unit, ms): (&str, u64)| text.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(ms);
    units.into_iter().find_map(read).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_writes_is_read() {
        assert_eq!(["30d", "12h", "90m", "45s"].map(time), [2_592_000_000, 43_200_000, 5_400_000, 45_000].map(Ok));
        for wrong in ["", "d", "30", "-1d", "1w", "99999999999999d", "1.5h"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
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
