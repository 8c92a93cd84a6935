//! What data carries wherever it goes, and where it must not go together.
//!
//! A model that has read both what is private and what a stranger wrote can be talked into sending the one to the
//! other. So in a run that has taken in both, a tool that can send something is called only with a person's approval; the
//! refusal names the two sources and the sink. It is a rule about runs, not about words: nothing is searched for.
//!
//! What a run writes into a store carries the run's labels from then on, for other runs that read it. The variables of a
//! session of code are such a store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use stockade_workflow::{Effect, EffectKind, Fault, Grant, Kind, Label, RunState};

use crate::marks::Mark;
use crate::registry::Registry;
use crate::stores::Stores;
use crate::{Registered, Result};

/// The database, the file or the directory that a grant opens, by a name that it has in all grants.
fn store(stores: &Stores, grant: &Grant) -> Option<String> {
    let path = match grant {
        Grant::Sql { url, .. } => match url.strip_prefix("sqlite:") {
            Some(path) => path,
            None => return Some(remote(url)),
        },
        Grant::Kv { path, .. } | Grant::Fs { path, .. } => path,
        Grant::Http { .. }
        | Grant::Secret { .. }
        | Grant::Config { .. }
        | Grant::Clock
        | Grant::Random
        | Grant::Log => return None,
    };
    Some(stores.real(path))
}

/// A database of a server, whichever role it is opened as, and however its address is written.
fn remote(url: &str) -> String {
    let place = url.split_once("://").map_or(url, |(_, place)| place);
    let place = place.split(['?', '#']).next().unwrap_or_default();
    let (server, database) = place.split_once('/').unwrap_or((place, ""));
    let server = server.rsplit_once('@').map_or(server, |(_, server)| server).to_ascii_lowercase();
    let is_port = |port: &str| port.bytes().all(|digit| digit.is_ascii_digit());
    let (host, port) = server.rsplit_once(':').filter(|(_, port)| is_port(port)).unwrap_or((&server, "5432"));
    let host = if matches!(host, "127.0.0.1" | "[::1]") { "localhost" } else { host };
    format!("postgres://{host}:{port}/{database}")
}

fn session(effect: &Effect) -> Option<String> {
    match &effect.kind {
        EffectKind::RunCode(code) => code.session.as_deref().map(Mark::session),
        EffectKind::CallTool { .. }
        | EffectKind::AskModel(_)
        | EffectKind::Remember(_)
        | EffectKind::Recall(_)
        | EffectKind::ReadResult(_)
        | EffectKind::RequestApproval { .. }
        | EffectKind::Sleep(_)
        | EffectKind::AwaitSignal(_)
        | EffectKind::StartRuns(_) => None,
    }
}

/// Whether one of two tools may write to a file, a folder or a database of this machine that the other opens. Calls of theirs
/// take turns, also where code makes them together: they would wait for each other at best, and of two changes of one file one
/// would be lost. A database server keeps those apart that work on it, and what a call sends elsewhere does not meet here.
pub(crate) fn share_store(registry: &Registry, one: &Registered, other: &Registered) -> bool {
    let (stores, others) = (local_stores(registry, one), local_stores(registry, other));
    let mut pairs = stores.iter().flat_map(|store| others.iter().map(move |other| (store, other)));
    pairs
        .any(|((store, is_written), (other, is_written_too))| (*is_written || *is_written_too) && overlap(store, other))
}

/// The stores of this machine that a tool opens, and whether it may write there.
fn local_stores(registry: &Registry, tool: &Registered) -> Vec<(String, bool)> {
    let is_remote = |grant: &&Grant| matches!(grant, Grant::Sql { url, .. } if !url.starts_with("sqlite:"));
    let local = registry.grants(tool).filter(|grant| !is_remote(grant));
    local.filter_map(|grant| Some((store(registry.stores(), grant)?, grant.is_writable()))).collect()
}

/// Whether what is written to one store is read in the other: they are one, or one is a directory that holds the other.
fn overlap(one: &str, other: &str) -> bool {
    Path::new(one).starts_with(other) || Path::new(other).starts_with(one)
}

/// The stores that a tool reads, of whose answers the operator says nothing: what he says is the last word.
fn read<'a>(registry: &'a Registry, name: &str) -> impl Iterator<Item = String> + use<'a> {
    let grants = registry.get(name).ok().into_iter().flat_map(move |tool| registry.grants_unsaid(tool));
    grants.filter_map(move |grant| store(registry.stores(), grant))
}

/// The labels of what was left in stores.
fn kept<'a>(marks: &'a [Mark], stores: &'a [String]) -> impl Iterator<Item = Label> + use<'a> {
    let is_read = |mark: &&Mark| stores.iter().any(|store| overlap(store, &mark.store));
    marks.iter().filter(is_read).map(|mark| mark.label)
}

/// The marks that the outcome of an effect will carry: those of its tools, and of what runs left in the stores that those
/// read, or in its session.
pub(crate) fn of(registry: &Registry, marks: &[Mark], effect: &Effect) -> Vec<Label> {
    let called = called(effect);
    let own = called.iter().filter_map(|name| registry.get(name).ok()).flat_map(|tool| registry.labels(tool));
    let stores: Vec<_> = called.iter().flat_map(|name| read(registry, name)).chain(session(effect)).collect();
    let labels: BTreeSet<_> = own.chain(kept(marks, &stores)).collect();
    labels.into_iter().collect()
}

/// The labels of the results that an effect reads, which the run has already.
pub(crate) fn of_results(run: &RunState, effect: &Effect) -> Vec<Label> {
    let results: Vec<&String> = match &effect.kind {
        EffectKind::RunCode(code) => code.results.values().collect(),
        EffectKind::ReadResult(read) => vec![&read.result],
        EffectKind::CallTool { .. }
        | EffectKind::AskModel(_)
        | EffectKind::Remember(_)
        | EffectKind::Recall(_)
        | EffectKind::RequestApproval { .. }
        | EffectKind::Sleep(_)
        | EffectKind::AwaitSignal(_)
        | EffectKind::StartRuns(_) => Vec::new(),
    };
    let brought = |(_, sources): &(&Label, &BTreeSet<String>)| results.iter().any(|key| sources.contains(*key));
    run.labels().iter().filter(brought).map(|(label, _)| *label).collect()
}

/// What a run has taken in, with the keys of the effects that brought it: what was known when they began, and what others
/// have left since in the stores that they read. They may have read that: nothing says when a call read.
pub(crate) fn taken(registry: &Registry, marks: &[Mark], run: &RunState) -> BTreeMap<Label, BTreeSet<String>> {
    let mut taken = run.labels().clone();
    let (mut by_tool, mut stores) = (BTreeMap::new(), Vec::new());
    for effect in run.begun().filter(|_| !marks.is_empty()) {
        stores.extend(session(effect).map(|store| (store, effect.key())));
        for name in called(effect) {
            by_tool.entry(name).or_insert(effect.key());
        }
    }
    stores.extend(by_tool.into_iter().flat_map(|(name, key)| read(registry, name).map(move |store| (store, key))));
    for (store, key) in stores {
        for label in kept(marks, &[store]) {
            taken.entry(label).or_default().insert(key.to_owned());
        }
    }
    taken
}

/// What an effect may leave in the stores that its tools may write, and in its session: all that the run has taken in, and
/// what those tools bring in themselves.
pub(crate) fn left(registry: &Registry, marks: &[Mark], run: &RunState, effect: &Effect) -> Vec<Mark> {
    let written = written(registry, effect);
    if written.is_empty() {
        return Vec::new();
    }
    let labels = taken(registry, marks, run).into_keys().chain(of(registry, marks, effect)).collect();
    new(marks, &written, labels, &format!("{}/{}", run.run(), effect.key()))
}

/// What a call outside of any run may leave in the stores that it may write.
pub(crate) fn left_by_call(registry: &Registry, marks: &[Mark], effect: &Effect) -> Vec<Mark> {
    new(marks, &written(registry, effect), of(registry, marks, effect).into_iter().collect(), effect.key())
}

/// What a run leaves in a folder into which a person puts its files.
pub(crate) fn left_in(registry: &Registry, marks: &[Mark], run: &RunState, folder: &Path) -> Vec<Mark> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).display().to_string();
    new(marks, &[folder].into(), taken(registry, marks, run).into_keys().collect(), &run.run().to_string())
}

fn written(registry: &Registry, effect: &Effect) -> BTreeSet<String> {
    let called = called(effect).into_iter().filter_map(|name| registry.get(name).ok());
    let writable = called.flat_map(|tool| registry.grants(tool)).filter(|grant| grant.is_writable());
    writable.filter_map(|grant| store(registry.stores(), grant)).chain(session(effect)).collect()
}

fn new(marks: &[Mark], written: &BTreeSet<String>, labels: BTreeSet<Label>, source: &str) -> Vec<Mark> {
    let all = written.iter().flat_map(|store| labels.iter().map(move |label| (store, label)));
    let new = all.filter(|(store, label)| !marks.iter().any(|mark| mark.store == **store && mark.label == **label));
    new.map(|(store, label)| Mark { store: store.clone(), label: *label, source: source.to_owned() }).collect()
}

/// Checks that an effect does not send what must not leave.
///
/// # Errors
///
/// Kind [`Kind::Denied`], with the two sources and the tool that could send.
pub(crate) fn check(registry: &Registry, marks: &[Mark], run: &RunState, effect: &Effect) -> Result<()> {
    let can_send = |name: &&str| registry.get(name).is_ok_and(|tool| registry.can_send(tool));
    called(effect).into_iter().find(can_send).map_or(Ok(()), |sink| check_sink(registry, marks, run, effect, sink))
}

/// Checks the same of one tool of an effect, which can send. Of code, it counts what any of its tools may bring, whichever of
/// them it has called by now.
pub(crate) fn check_sink(
    registry: &Registry,
    marks: &[Mark],
    run: &RunState,
    effect: &Effect,
    sink: &str,
) -> Result<()> {
    if !run.takes_orders() {
        // No stranger has talked a workflow into what it does by itself.
        return Ok(());
    }
    // Code can pass from one of its tools to another what the run has not seen yet.
    let own = if runs_code(registry, effect) { of(registry, marks, effect) } else { Vec::new() };
    let taken = taken(registry, marks, run);
    let source = |label| {
        let by_code = own.contains(&label).then(|| effect.key());
        let mut sources = taken.get(&label).into_iter().flatten().map(String::as_str);
        // An effect that is done again has not read its own answer.
        sources.find(|source| *source != effect.key()).or(by_code)
    };
    match (source(Label::Untrusted), source(Label::Private)) {
        (Some(untrusted), Some(private)) => Err(refusal(sink, untrusted, private)),
        _ => Ok(()),
    }
}

/// Whether an effect is code, under its own name or that of the tool that was made of it.
fn runs_code(registry: &Registry, effect: &Effect) -> bool {
    match &effect.kind {
        EffectKind::RunCode(_) => true,
        EffectKind::CallTool { call, .. } => {
            registry.get(&call.tool).is_ok_and(|tool| registry.calls(tool).next().is_some())
        }
        EffectKind::AskModel(_)
        | EffectKind::Remember(_)
        | EffectKind::Recall(_)
        | EffectKind::ReadResult(_)
        | EffectKind::RequestApproval { .. }
        | EffectKind::Sleep(_)
        | EffectKind::AwaitSignal(_)
        | EffectKind::StartRuns(_) => false,
    }
}

/// The tools that an effect calls.
fn called(effect: &Effect) -> Vec<&str> {
    match &effect.kind {
        EffectKind::CallTool { call, .. } => vec![&call.tool],
        EffectKind::RunCode(code) => code.tools.iter().map(String::as_str).collect(),
        EffectKind::AskModel(_)
        | EffectKind::Remember(_)
        | EffectKind::Recall(_)
        | EffectKind::ReadResult(_)
        | EffectKind::RequestApproval { .. }
        | EffectKind::Sleep(_)
        | EffectKind::AwaitSignal(_)
        | EffectKind::StartRuns(_) => Vec::new(),
    }
}

fn refusal(sink: &str, untrusted: &str, private: &str) -> Fault {
    let message = format!(
        "tool \"{sink}\" can send, and the run has taken in both untrusted data (by \"{untrusted}\") and private data \
         (by \"{private}\"): such a call needs a person's approval; labels under [tool.NAME] say what a tool's answers are"
    );
    Fault::new(Kind::Denied, message).detail("flow").tool(sink)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_the_same_whatever_grant_opens_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("notes.db");
        std::fs::write(&file, "").unwrap();
        let (path, folder) = (file.display().to_string(), dir.path().display().to_string());
        let stores = Stores::default();
        let store = |grant: &Grant| store(&stores, grant);
        let kv = store(&Grant::kv("notes", &path)).unwrap();
        assert_eq!(
            store(&Grant::sql(
                "n",
                format!("sqlite:{folder}/../{}/notes.db", dir.path().file_name().unwrap().display())
            )),
            Some(kv.clone())
        );
        assert!(overlap(&store(&Grant::fs(&folder, "/data")).unwrap(), &kv) && overlap(&kv, &kv));
        assert!(!overlap(&kv, &format!("{path}x")) && !overlap(&kv, "postgres://a@b/c"));
        let server = |url: &str| store(&Grant::sql("shop", url)).unwrap();
        let same = ["postgresql://b@DB.example.com:5432/shop", "postgres://c@db.example.com/shop?sslmode=require"];
        assert!(same.iter().all(|url| server(url) == server("postgres://a@db.example.com/shop")));
        assert_ne!(server("postgres://a@db.example.com/shop"), server("postgres://a@db.example.com/other"));
        assert_eq!(server("postgres://a@[::1]/shop"), server("postgres://a@localhost:5432/shop"));
        assert_eq!(store(&Grant::http("GET https://example.com/")), None);
    }
}
