//! What waits for a person: the exact call, what decides first, where its data came from and where it would go.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::Response;
use serde_json::{Value, to_value};
use stockade::{
    ApprovalId, ApprovalView, Clock, Decision, Doubt, Fault, Filter, Host, Kind, Label, OpenQuestion, OpenQuestions,
    PageEnd, Principal, Right, RunId, RunState, Settlement, Terms, ToolCall, Verdict, WaitingFor, utc,
};
use url::form_urlencoded::{Serializer, parse};

use super::call::shown;
use super::form::Fields;
use super::frame::{self, Place};
use super::html::{El, Html, el, of};
use super::viewer::Viewer;
use super::visible::visible_json;
use super::words::{age, document};
use crate::approvals::{note, seen};
use crate::audit::named;
use crate::problem::Answer;
use crate::query;
use crate::service::Service;

/// The most runs whose questions one view has; those of the oldest ones come first.
const RUNS_MAX: usize = 50;

/// The most lines of runs that wait for a person which are read to know whose questions there are.
const LINES_MAX: usize = 500;

/// The most runs whose calls in doubt are looked for.
const DOUBTFUL_MAX: usize = 50;

/// A question with its run, which may have asked several.
struct Card {
    question: OpenQuestion,
    state: Arc<RunState>,
}

pub(crate) async fn list(State(service): State<Service>, viewer: Viewer, uri: Uri) -> Answer<Response> {
    let host = service.host();
    let asked = Asked::read(&uri);
    let OpenQuestions { found, unreadable, next } = host.open_questions(&asked.filter()).await?;
    unreadable.iter().for_each(|left_out| service.tell(&left_out.error));
    let workflows = workflows(host).await?;
    let cards = cards(host, found).await?;
    let (later, now): (Vec<_>, Vec<_>) = cards.into_iter().partition(|card| asked.is_later(card));
    let doubts = match asked.after {
        Some(_) => Vec::new(),
        None => doubts(host).await?,
    };
    let notes = [
        asked.note(),
        (!unreadable.is_empty())
            .then(|| of("p", "bad").text(format!("{} runs cannot be read, and are left out.", unreadable.len()))),
        (now.is_empty() && doubts.is_empty() && next.is_none()).then(|| of("p", "empty").text(asked.nothing())),
    ];
    let later_title = (!later.is_empty()).then(|| el("h2").text("Not now"));
    let inner: Html = std::iter::once(el("h1").text("Inbox"))
        .chain(asked.tabs(&workflows))
        .chain(notes.into_iter().flatten())
        .chain(now.iter().map(|card| question(host, &viewer, &asked, card, false)))
        .chain(doubts.iter().map(|(run, doubt)| doubtful(&viewer, *run, doubt)))
        .chain(later_title)
        .chain(later.iter().map(|card| question(host, &viewer, &asked, card, true)))
        .chain([asked.pages(next)])
        .collect();
    Ok(frame::page(&viewer, Place::Inbox, "Inbox", Some("/live"), inner))
}

/// Reads the runs of questions, those of one run once.
async fn cards(host: &Host, questions: Vec<OpenQuestion>) -> Result<Vec<Card>, Fault> {
    let mut cards = Vec::<Card>::new();
    for question in questions {
        let last = cards.last().filter(|last| last.question.run_id == question.run_id);
        let state = match last.map(|last| Arc::clone(&last.state)) {
            Some(state) => Ok(state),
            None => host.state(question.run_id).await.map(Arc::new),
        };
        match state {
            Ok(state) => cards.push(Card { question, state }),
            // It was removed meanwhile.
            Err(fault) if fault.kind == Kind::NotFound => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(cards)
}

/// Returns the workflows whose runs wait for a person's decision, as far as the lines of the oldest ones tell.
async fn workflows(host: &Host) -> Result<BTreeSet<String>, Fault> {
    let waiting_for = [WaitingFor::Person].into();
    let filter = Filter { waiting_for, limit: Some(LINES_MAX), ..Filter::default() };
    Ok(host.runs(&filter).await?.into_iter().map(|summary| summary.workflow).collect())
}

/// Returns the calls of which a person is to find out whether they happened.
async fn doubts(host: &Host) -> Result<Vec<(RunId, Doubt)>, Fault> {
    let waiting_for = [WaitingFor::Settlement].into();
    let filter = Filter { waiting_for, limit: Some(DOUBTFUL_MAX), ..Filter::default() };
    let mut doubts = Vec::new();
    for summary in host.runs(&filter).await? {
        match host.state(summary.run_id).await {
            Ok(state) => doubts.extend(state.open_doubts().cloned().map(|doubt| (summary.run_id, doubt))),
            Err(fault) if fault.kind == Kind::NotFound => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(doubts)
}

/// What the address of the view says: what is put off, and what was just decided.
#[derive(Debug, Default)]
struct Asked {
    /// The workflow, or the agent, whose questions alone are shown.
    workflow: Option<String>,
    /// Where the page before this one ends.
    after: Option<PageEnd>,
    /// The questions that the person looks at later, as `RUN/KEY`.
    later: Vec<String>,
    decided: Option<(Verdict, RunId)>,
}

impl Asked {
    fn read(uri: &Uri) -> Self {
        let (mut asked, mut verdict, mut run) = (Self::default(), None, None);
        for (name, value) in parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "workflow" => asked.workflow = Some(value.into_owned()).filter(|workflow| !workflow.is_empty()),
                "cursor" => asked.after = query::end(&value).ok(),
                "later" => asked.later.push(value.into_owned()),
                "decided" => verdict = Verdict::ALL.iter().copied().find(|verdict| verdict.past() == value),
                "run" => run = value.parse::<RunId>().ok(),
                _ => {}
            }
        }
        asked.decided = verdict.zip(run);
        asked
    }

    fn filter(&self) -> Filter {
        let (workflow, after) = (self.workflow.clone(), self.after);
        Filter { workflow, after, limit: Some(RUNS_MAX), ..Filter::default() }
    }

    fn is_later(&self, card: &Card) -> bool {
        self.later.contains(&place(&card.question))
    }

    /// Returns the address of the view where a question is put off, or looked at again.
    fn with(&self, question: &OpenQuestion, is_later: bool) -> String {
        let own = place(question);
        let others = self.later.iter().filter(|later| **later != own).cloned();
        self.address(self.after, others.chain(is_later.then(|| own.clone())))
    }

    /// Returns the address of a page of the view, where these questions are put off.
    fn address(&self, after: Option<PageEnd>, later: impl Iterator<Item = String>) -> String {
        let workflow = self.workflow.iter().map(|workflow| ("workflow", workflow.clone()));
        let cursor = after.map(|after| ("cursor", query::cursor(after)));
        let pairs = workflow.chain(cursor).chain(later.map(|later| ("later", later)));
        format!("/inbox?{}", Serializer::new(String::new()).extend_pairs(pairs).finish())
    }

    fn nothing(&self) -> &'static str {
        if self.after.is_some() { "There are no further questions." } else { "Nothing waits for you." }
    }

    /// Leads to the page behind this one, and from a later one back to the first.
    fn pages(&self, next: Option<PageEnd>) -> El {
        let link = |title: &str, after: Option<PageEnd>| {
            el("a").attr("href", self.address(after, self.later.iter().cloned())).text(title)
        };
        let first = self.after.map(|_| link("First questions", None));
        let next = next.map(|next| link("Further questions", Some(next)).attr("rel", "next"));
        of("p", "pages").all(first).all(next)
    }

    /// Leads to the questions of each workflow, where there are several, or where those of one are shown.
    fn tabs(&self, workflows: &BTreeSet<String>) -> Option<El> {
        let link = |title: &str, workflow: Option<&String>| {
            let query = workflow.iter().map(|workflow| ("workflow", *workflow));
            let query = Serializer::new(String::new()).extend_pairs(query).finish();
            let link = el("a").attr("href", format!("/inbox?{query}")).text(title);
            let is_shown = self.workflow.as_ref() == workflow;
            el("li").with(if is_shown { link.attr("aria-current", "true") } else { link })
        };
        let each = workflows.iter().map(|workflow| link(workflow, Some(workflow)));
        let list = of("ul", "tabs").with(link("All", None)).all(each);
        let is_wanted = workflows.len() > 1 || self.workflow.is_some();
        is_wanted.then(|| el("nav").attr("aria-label", "Workflows").with(list))
    }

    fn note(&self) -> Option<El> {
        let (verdict, run) = self.decided?;
        let link = el("a").attr("href", format!("/runs/{run}")).text("the run");
        let said = format!("You have {} it. Look at ", verdict.past());
        Some(of("p", "good").attr("role", "status").text(said).with(link))
    }
}

/// Returns the id of a question in the view. Two runs may ask the very same.
pub(crate) fn id(run: RunId, approval: &ApprovalView) -> String {
    format!("q-{run}-{}", approval.digest.short())
}

fn place(question: &OpenQuestion) -> String {
    format!("{}/{}", question.run_id, question.approval.key)
}

fn question(host: &Host, viewer: &Viewer, asked: &Asked, Card { question, state }: &Card, is_later: bool) -> El {
    let OpenQuestion { run_id: run, workflow, waits_ms, approval } = question;
    let id = id(*run, approval);
    let title = format!("{}.{}", approval.call.tool, approval.call.function);
    let link = el("a").attr("href", format!("/runs/{run}")).text(workflow);
    let head = el("p").text("Asked by ").with(link).text(format!(" {} ago: {}", age(*waits_ms), approval.reason));
    let notes = approval.notes.iter().map(|note| of("p", "note").text(note));
    let put_off = el("a").attr("href", asked.with(question, !is_later));
    let put_off = put_off.text(if is_later { "Look at it again" } else { "Not now" });
    let forms = viewer.may(Right::Approve).then(|| forms(viewer, *run, approval, &id));
    let may_not = || of("p", "hint").text("Your role reads; an approver decides.");
    let reads = forms.is_none().then(may_not);
    of("article", "card question")
        .attr("id", &id)
        .attr("aria-labelledby", format!("{id}-title"))
        .with(el("h2").attr("id", format!("{id}-title")).attr("data-row", "").attr("tabindex", -1).text(title))
        .with(head)
        .with(shown(&approval.call))
        .with(flow(host, state, &approval.call))
        .all(notes)
        .all(times(approval))
        .all(approval.terms.iter().map(terms))
        .all(votes(approval, state))
        .with(exact(approval, &id))
        .all(forms)
        .all(reads)
        .with(of("p", "later").with(put_off).text(" · this is no decision; the question stays open"))
}

/// Says what data the run has taken in, and where the call could send it.
fn flow(host: &Host, state: &RunState, call: &ToolCall) -> El {
    let sources = state.labels().iter().map(|(label, keys)| {
        let keys = keys.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let class = match label {
            Label::Private => "label private",
            Label::Untrusted => "label untrusted",
        };
        el("span").with(of("span", class).text(label)).text(format!(" from {keys} "))
    });
    let sources: Vec<_> = sources.collect();
    let sources = if sources.is_empty() { vec![el("span").text("nothing with a label ")] } else { sources };
    let sends = host.component(&call.tool).map(|tool| tool.grants().iter().filter(|grant| grant.can_send()).count());
    let sink = match sends {
        Ok(0) => "which can send nothing to another machine",
        Ok(_) => "which can send to another machine",
        Err(_) => "which is not a component here",
    };
    of("p", "flow").with(el("b").text("Took in ")).all(sources).text(format!("→ {}, {sink}", call.tool))
}

/// Says when a question runs out, was due, and was passed on.
fn times(approval: &ApprovalView) -> Option<El> {
    let now_ms = Clock::default().now_ms();
    let left = |ms: u64| format!("Expires {} (in {})", utc(ms), age(ms.saturating_sub(now_ms)));
    let parts = [
        approval.expires_ms.map(left),
        approval.reminded_ms.map(|ms| format!("overdue since {}", utc(ms))),
        approval.escalated_ms.map(|ms| format!("passed on since {}", utc(ms))),
    ];
    let said = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    (!said.is_empty()).then(|| of("p", "times").text(said))
}

fn terms(terms: &Terms) -> El {
    let Terms { role, approvers, quorum, not_starter, .. } = terms;
    let parts = [
        role.as_ref().map(|role| format!("role {role}")),
        (!approvers.is_empty()).then(|| approvers.join(", ")),
        (*quorum > 1).then(|| format!("{quorum} people")),
        not_starter.then(|| "not the person who started the run".to_owned()),
    ];
    of("p", "hint").text(format!("Who may decide: {}", parts.into_iter().flatten().collect::<Vec<_>>().join("; ")))
}

fn votes(approval: &ApprovalView, state: &RunState) -> Option<El> {
    let quorum = state.approval(&approval.key).map_or(1, stockade::Approval::quorum);
    let by = approval.votes.iter().map(|vote| vote.by.as_str()).collect::<Vec<_>>().join(", ");
    let said = format!("{} of {quorum} approvals: {by}", approval.votes.len());
    (!approval.votes.is_empty()).then(|| of("p", "good").text(said))
}

fn exact(approval: &ApprovalView, id: &str) -> El {
    let call = document(&to_value(&approval.call).unwrap_or_default());
    let digest = of("p", "hint").text(format!("digest {}", approval.digest.as_str()));
    let summary = el("summary").text("The exact call");
    el("details").attr("id", format!("{id}-exact")).with(summary).with(call).with(digest)
}

fn forms(viewer: &Viewer, run: RunId, approval: &ApprovalView, id: &str) -> El {
    let takes = |verdict: Verdict| approval.decisions.contains(&verdict);
    let begin = || {
        let hidden = |name: &'static str| el("input").attr("type", "hidden").attr("name", name);
        viewer
            .form("/inbox")
            .with(hidden("run").value(run))
            .with(hidden("key").value(&approval.key))
            .with(hidden("seen").value(approval.digest.as_str()))
    };
    let labelled = |name: &'static str, title: &'static str, field: El| {
        let id = format!("{id}-{name}");
        el("div").with(el("label").attr("for", &id).text(title)).with(field.attr("id", &id).attr("name", name))
    };
    let comment = |name: &'static str| {
        let id = format!("{id}-{name}");
        let field = el("input").attr("id", &id).attr("name", "comment").attr("maxlength", 4_000);
        el("div").with(el("label").attr("for", &id).text("Comment")).with(field)
    };
    let decide = |verdict: &'static str, title: &'static str| {
        el("button").attr("type", "submit").attr("name", "decision").attr("value", verdict).text(title)
    };
    let yes = takes(Verdict::Approved).then(|| decide("approve", "Approve").attr("class", "primary"));
    let no = takes(Verdict::Denied).then(|| decide("deny", "Deny").attr("class", "danger"));
    let plain = begin().with(comment("comment")).with(of("div", "buttons").all(yes).all(no));
    let fold = |name: &'static str, title: &'static str, form: El| {
        el("details").attr("id", format!("{id}-{name}")).with(el("summary").text(title)).with(form)
    };
    let edit = takes(Verdict::Edited).then(|| {
        let arguments = visible_json(&approval.call.arguments.value());
        let rows = arguments.lines().count().clamp(3, 20);
        let area = el("textarea").attr("rows", rows).attr("spellcheck", "false").text(arguments);
        let form = begin().with(labelled("arguments", "Arguments, as JSON", area)).with(comment("edit-comment"));
        fold("edit", "Edit", form.with(decide("edit", "Approve with these arguments")))
    });
    let respond = takes(Verdict::Responded).then(|| {
        let area = el("textarea").attr("rows", 3).flag("required", true);
        let form =
            begin().with(labelled("response", "Answer in the tool's place", area)).with(comment("respond-comment"));
        fold("respond", "Respond", form.with(decide("respond", "Answer")))
    });
    of("div", "decide").with(plain).all(edit).all(respond)
}

/// Shows a call of which it is not known whether it happened.
fn doubtful(viewer: &Viewer, run: RunId, doubt: &Doubt) -> El {
    let id = format!("d-{run}-{}", stockade::Digest::of(doubt.key.as_bytes()).short());
    let title = format!("In doubt: {}.{}", doubt.call.tool, doubt.call.function);
    let form = || {
        let output = format!("{id}-output");
        let comment = format!("{id}-comment");
        viewer
            .form("/inbox/settle")
            .with(el("input").attr("type", "hidden").attr("name", "run").value(run))
            .with(el("input").attr("type", "hidden").attr("name", "key").value(&doubt.key))
            .with(el("label").attr("for", &output).text("What it answered, as JSON"))
            .with(el("textarea").attr("id", &output).attr("name", "output").attr("rows", 2).text("null"))
            .with(el("label").attr("for", &comment).text("Comment"))
            .with(el("input").attr("id", &comment).attr("name", "comment"))
            .with(el("button").attr("name", "found").attr("value", "done").text("It happened"))
            .with(el("button").attr("name", "found").attr("value", "failed").text("It did not happen"))
    };
    let form = viewer.may(Right::Approve).then(form);
    of("article", "card question")
        .attr("id", &id)
        .with(el("h2").attr("data-row", "").attr("tabindex", -1).text(title))
        .with(el("p").with(el("a").attr("href", format!("/runs/{run}")).text(format!("run {run}"))))
        .with(of("p", "bad").text(&doubt.error.message))
        .with(shown(&doubt.call))
        .all(form)
}

pub(crate) async fn decide(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    fields: Fields,
) -> Answer<Response> {
    let (run, key) = (fields.text("run").parse::<RunId>()?, fields.text("key").to_owned());
    let question = service.host().question(run, Some(&key)).await?;
    let seen = seen(&question, fields.text("seen"))?;
    let decision = decision(&fields, &principal.name)?;
    let (verdict, id) = (decision.verdict.past(), ApprovalId { run, key });
    note(&id, &decision);
    service.host().decide(&id, &seen, decision).await?;
    Ok(frame::see_other(&format!("/inbox?decided={verdict}&run={run}")))
}

fn decision(fields: &Fields, by: &str) -> Answer<Decision> {
    let decision = match fields.text("decision") {
        "approve" => Decision::approve(by),
        "deny" => Decision::deny(by),
        "edit" => Decision::edit(by, arguments(fields)?),
        "respond" => Decision::respond(by, fields.text("response")),
        other => return Err(Fault::invalid("decision", format!("\"{other}\" is not a decision")).into()),
    };
    Ok(decision.comment(fields.filled("comment").map(str::to_owned)))
}

fn arguments(fields: &Fields) -> Answer<Value> {
    let arguments = fields.json("arguments")?;
    if arguments.is_object() {
        return Ok(arguments);
    }
    Err(Fault::invalid("decision", "the arguments of a call are an object, each by its name").into())
}

pub(crate) async fn settle(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    fields: Fields,
) -> Answer<Response> {
    let (run, key) = (fields.text("run").parse::<RunId>()?, fields.text("key"));
    let settlement = match fields.text("found") {
        "done" => Settlement::done(key, fields.json("output")?, &principal.name),
        "failed" => Settlement::failed(key, &principal.name),
        other => return Err(Fault::invalid("settlement", format!("\"{other}\" is not what was found out")).into()),
    };
    let settlement = settlement.comment(fields.filled("comment").map(str::to_owned));
    named("run", run);
    named("call", key);
    service.host().settle(run, settlement).await?;
    Ok(frame::see_other(&format!("/runs/{run}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_the_inbox_leads_to_the_next_one_and_to_the_first_with_what_is_put_off() {
        let uri = format!("/inbox?workflow=refund&cursor=7.{}&later=a%2Fb", RunId::from_bytes([7; 16]));
        let asked = Asked::read(&uri.parse().unwrap());
        assert_eq!(asked.filter().after.map(|end| end.updated_ms), Some(7));
        let next = PageEnd { run: RunId::from_bytes([8; 16]), updated_ms: 9 };
        let further = asked.address(Some(next), asked.later.iter().cloned());
        let further = Asked::read(&further.parse().unwrap());
        assert_eq!((further.after, &further.workflow, &further.later), (Some(next), &asked.workflow, &asked.later));
        let pages = Html::from(asked.pages(Some(next))).bare();
        assert!(pages.contains("First questions") && pages.contains("Further questions"), "{pages}");
        assert_eq!(Html::from(Asked::default().pages(None)).bare(), "<p class=\"pages\"></p>");
    }
}
