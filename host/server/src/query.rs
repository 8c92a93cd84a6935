//! What a request says behind the question mark.

use std::borrow::Cow;
use std::str::FromStr;

use axum::http::Uri;
use stockade::{Fault, Filter, PageEnd, RunId, Sort, WaitingFor};
use url::form_urlencoded::parse;

use crate::problem::Answer;

/// The most labels that a request names: a run has no more.
const LABELS_MAX: usize = 32;

/// The parameters of a list of runs, with what they mean.
pub(crate) const OF_RUNS: [(&str, &str); 13] = [
    ("workflow", "Only runs of this workflow."),
    ("status", "Only runs of this status; can be repeated."),
    ("label", "Only runs that were started with this label, as NAME=VALUE; can be repeated, then with all of them."),
    ("key", "Only the run that was started under this key."),
    ("waiting_for", "Only runs that wait for this; can be repeated."),
    ("needs_me", "With `true`, only runs that wait for a person: for a decision, or a settlement."),
    ("since_ms", "Only runs that were created at this time or later, in milliseconds since the Unix epoch."),
    ("changed_since_ms", "Only runs whose line changed at this time or later."),
    ("unchanged_since_ms", "Only runs whose line changed last at this time or before."),
    ("sort", "`started`, the default, or `changed`."),
    ("reverse", "With `true`, the last one comes first."),
    ("cursor", "Where the page before this one ends: the `Link` of that page says it."),
    ("limit", "No more runs than this."),
];

/// The parameters of a list of questions, with what they mean.
pub(crate) const OF_QUESTIONS: [(&str, &str); 5] = [
    ("run", "Only questions of this run."),
    ("workflow", "Only questions of runs of this workflow."),
    (
        "label",
        "Only questions of runs that were started with this label, as NAME=VALUE; can be repeated, then with all of them.",
    ),
    ("cursor", "Where the page before this one ends: the `Link` of that page says it."),
    ("limit", "Questions of no more runs than this, and of no further run once there are as many questions."),
];

/// The parameters of a list of shared budgets, with what they mean.
pub(crate) const OF_BUDGETS: [(&str, &str); 2] = [
    ("cursor", "Where the page before this one ends: the `Link` of that page says it."),
    ("limit", "No more budgets than this, each of one period and of one value of what it is by."),
];

/// The parameters of a stream of changes.
pub(crate) const OF_CHANGES: [(&str, &str); 5] = [
    ("workflow", "Only runs of this workflow."),
    ("status", "Only runs that are of this status then; can be repeated."),
    ("label", "Only runs that were started with this label, as NAME=VALUE; can be repeated, then with all of them."),
    ("needs_me", "With `true`, only runs that wait for a person then."),
    (
        "changed_since_ms",
        "Begin with changes at this time, in milliseconds since the Unix epoch; without it, with those of now.",
    ),
];

/// The parameters of a list of memories, with what they mean.
pub(crate) const OF_MEMORIES: [(&str, &str); 4] = [
    ("namespace", "Only memories of this one, as TENANT/USER/AGENT."),
    ("source", "Only memories of this source."),
    ("after", "Only memories behind the one of this number."),
    ("limit", "No more memories than this."),
];

/// The parameters of a list of sessions, with what they mean.
pub(crate) const OF_SESSIONS: [(&str, &str); 2] = [
    ("cursor", "Only sessions behind the one of this name: the `Link` of the page before says it."),
    ("limit", "No more sessions than this."),
];

/// The parameters of a list of the pieces of code of a session, with what they mean.
pub(crate) const OF_CELLS: [(&str, &str); 2] =
    [("after", "Only pieces behind the one of this number."), ("limit", "No more pieces than this.")];

/// The parameters of a search among memories.
pub(crate) const OF_SEARCH: [(&str, &str); 3] = [
    ("text", "What the memories are to be about."),
    ("namespace", "Where to look, as TENANT/USER/AGENT; without it, in the one without names."),
    ("limit", "No more memories than this; without it, five."),
];

/// What memories can be forgotten by: one of these, in a namespace or in all.
pub(crate) const OF_FORGOTTEN: [(&str, &str); 5] = [
    ("id", "The memory of this number; can be repeated."),
    ("source", "All memories of this source."),
    ("run", "All memories that this run wrote."),
    ("all", "With `true`, all memories."),
    ("namespace", "Only memories of this one, as TENANT/USER/AGENT."),
];

/// Returns the parameters of a request, with their values. One that it may not have is refused: a filter that is not known would
/// let too much through.
pub(crate) fn parameters<'a>(uri: &'a Uri, known: &[(&str, &str)]) -> Answer<Vec<(Cow<'a, str>, Cow<'a, str>)>> {
    let all: Vec<_> = parse(uri.query().unwrap_or_default().as_bytes()).collect();
    if let Some((name, _)) = all.iter().find(|(name, _)| !known.iter().any(|(known, _)| known == name)) {
        return Err(unknown(name, known).into());
    }
    Ok(all)
}

/// Reads the parameters of a list of runs, or of a stream of their changes.
pub(crate) fn filter(uri: &Uri, known: &[(&str, &str)]) -> Answer<Filter> {
    let mut filter = Filter::default();
    for (name, value) in parameters(uri, known)? {
        read(&mut filter, &name, &value)?;
    }
    Ok(filter)
}

pub(crate) fn unknown(name: &str, known: &[(&str, &str)]) -> Fault {
    let known = known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    Fault::invalid("query", format!("\"{name}\" is not a parameter of this request; those are {known}"))
}

/// Reads a label, `NAME=VALUE`.
pub(crate) fn label(text: &str) -> Result<(String, String), Fault> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| Fault::invalid("label", format!("\"{text}\" is not a label; write NAME=VALUE")))?;
    Ok((name.to_owned(), value.to_owned()))
}

fn read(filter: &mut Filter, name: &str, value: &str) -> Answer<()> {
    match name {
        "workflow" => filter.workflow = Some(value.to_owned()),
        "status" => filter.status.push(value.parse()?),
        "label" if filter.labels.len() >= LABELS_MAX => {
            return Err(
                Fault::invalid("label", format!("a request names up to {LABELS_MAX} labels, and not more")).into()
            );
        }
        "label" => filter.labels.extend([label(value)?]),
        "key" => filter.start_key = Some(value.to_owned()),
        "run" => filter.runs = Some(vec![value.parse::<RunId>()?]),
        "waiting_for" => filter.waiting_for.extend([value.parse::<WaitingFor>()?]),
        "needs_me" if parsed(name, value)? => filter.waiting_for.extend(WaitingFor::OF_PEOPLE),
        "needs_me" => {}
        "since_ms" => filter.since_ms = Some(parsed(name, value)?),
        "changed_since_ms" => filter.changed_since_ms = Some(parsed(name, value)?),
        "unchanged_since_ms" => filter.unchanged_since_ms = Some(parsed(name, value)?),
        "sort" => filter.sort = sort(value)?,
        "reverse" => filter.reverse = parsed(name, value)?,
        "cursor" => filter.after = Some(end(value)?),
        "limit" => filter.limit = Some(parsed(name, value)?),
        _ => return Err(unknown(name, &OF_RUNS).into()),
    }
    Ok(())
}

/// Reads a number behind which a page begins. A larger one than the journal has room for is behind the last one too.
pub(crate) fn behind(name: &str, value: &str) -> Result<u64, Fault> {
    parsed(name, value).map(|after: u64| after.min(i64::MAX.unsigned_abs()))
}

pub(crate) fn parsed<T: FromStr<Err: std::fmt::Display>>(name: &str, value: &str) -> Result<T, Fault> {
    value.parse().map_err(|error| Fault::invalid("query", format!("\"{value}\" is not a value of {name}: {error}")))
}

fn sort(value: &str) -> Result<Sort, Fault> {
    match value {
        "started" => Ok(Sort::Started),
        "changed" => Ok(Sort::Changed),
        other => Err(Fault::invalid("query", format!("\"{other}\" is no order of runs; those are started, changed"))),
    }
}

/// Writes the end of a page, as a cursor.
pub(crate) fn cursor(end: PageEnd) -> String {
    format!("{}.{}", end.updated_ms, end.run)
}

/// Reads a cursor.
pub(crate) fn end(cursor: &str) -> Result<PageEnd, Fault> {
    let read = || {
        let (updated_ms, run) = cursor.split_once('.')?;
        Some(PageEnd { run: run.parse::<RunId>().ok()?, updated_ms: updated_ms.parse().ok()? })
    };
    read()
        .ok_or_else(|| Fault::invalid("cursor", format!("\"{cursor}\" is not a cursor; take that of the page before")))
}

/// Reads a number of entries, as in `?after=7`.
pub(crate) fn after(uri: &Uri) -> Answer<u64> {
    let mut after = 0;
    for (name, value) in parameters(uri, &[("after", "")])? {
        after = behind(&name, &value)?;
    }
    Ok(after)
}

/// Checks that a request has no parameters.
pub(crate) fn none(uri: &Uri) -> Answer<()> {
    parameters(uri, &[]).map(drop)
}

#[cfg(test)]
mod tests {
    use stockade::Status;

    use super::*;

    fn read(query: &str) -> Answer<Filter> {
        filter(&format!("/v1/runs?{query}").parse().unwrap(), &OF_RUNS)
    }

    #[test]
    fn a_filter_is_what_the_parameters_say() {
        let run = RunId::from_bytes([7; 16]);
        let query = format!(
            "workflow=refund&status=waiting&status=failed&label=team%3Da%3Db&needs_me=true&limit=5&cursor=9.{run}"
        );
        let expected = Filter {
            workflow: Some("refund".to_owned()),
            status: vec![Status::Waiting, Status::Failed],
            labels: [("team".to_owned(), "a=b".to_owned())].into(),
            waiting_for: WaitingFor::OF_PEOPLE.into(),
            limit: Some(5),
            after: Some(PageEnd { run, updated_ms: 9 }),
            ..Filter::default()
        };
        assert_eq!(read(&query).unwrap(), expected);
        assert_eq!(read("needs_me=false&sort=changed&reverse=true").unwrap().sort, Sort::Changed);
        assert_eq!(cursor(PageEnd { run, updated_ms: 9 }), format!("9.{run}"));
    }

    #[test]
    fn a_parameter_that_is_not_known_or_not_valid_is_named() {
        for (query, named) in [
            ("stauts=waiting", "\"stauts\""),
            ("status=asleep", "\"asleep\""),
            ("label=team", "\"team\""),
            ("needs_me=maybe", "\"maybe\""),
            ("limit=-1", "\"-1\""),
            ("sort=name", "\"name\""),
            ("cursor=7", "\"7\""),
        ] {
            let refused = read(query).unwrap_err().fault;
            assert!(refused.message.contains(named), "{query}: {refused}");
        }
        for (name, _) in OF_RUNS {
            let refused = read(&format!("{name}=%00"));
            assert!(refused.is_ok() || !refused.unwrap_err().fault.message.contains("is not a parameter"), "{name}");
        }
        for (name, _) in OF_QUESTIONS {
            let refused = filter(&format!("/v1/approvals?{name}=%00").parse().unwrap(), &OF_QUESTIONS);
            assert!(refused.is_ok() || !refused.unwrap_err().fault.message.contains("is not a parameter"), "{name}");
        }
        assert!(read("run=7").is_err(), "it is a parameter of questions alone");
        let last = i64::MAX.unsigned_abs();
        assert_eq!((behind("after", "7"), behind("after", &u64::MAX.to_string())), (Ok(7), Ok(last)));
        let labels = |number: usize| (0..number).map(|label| format!("label=l{label}=x&")).collect::<String>();
        assert!(read(&labels(LABELS_MAX)).is_ok());
        assert_eq!(read(&labels(LABELS_MAX + 1)).unwrap_err().fault.detail.as_deref(), Some("label"));
        assert!(none(&"/v1/approvals?x=1".parse().unwrap()).is_err());
    }
}
