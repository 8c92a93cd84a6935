//! What was spent, by day and by model, and how the budgets stand that runs share.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::response::Response;
use serde_json::to_value;
use stockade::{
    Change, Clock, Currency, EffectOutcome, Entry, Event, Fault, Filter, Host, Kind, Listing, ModelOutcome, RunId,
    SharedBudgetReport, Sort, Usage, utc,
};

use super::frame::{self, Place};
use super::html::{El, Html, el, of};
use super::viewer::Viewer;
use super::words::{amount, grouped, name, used};
use crate::problem::Answer;
use crate::service::Service;

/// How far back the view looks.
const DAYS: u64 = 7;
const DAY_MS: u64 = 86_400_000;

/// The most runs that are read, those that changed last.
const RUNS_MAX: usize = 200;

/// The most pages of entries that are read beyond the first one of each run, of about a megabyte each.
const PAGES_MAX: usize = 64;

/// The most shared budgets of the view, in their periods of now.
const BUDGETS_MAX: usize = 100;

/// What a day shows.
const SHOWN: [Currency; 6] =
    [Currency::Fuel, Currency::Wall, Currency::ToolCalls, Currency::ModelCalls, Currency::Tokens, Currency::Money];

/// What was spent, as far as it was read.
#[derive(Default)]
struct Spent {
    days: BTreeMap<String, (BTreeSet<RunId>, Usage)>,
    models: BTreeMap<String, Usage>,
    pages: usize,
    runs: usize,
    is_cut: bool,
}

impl Spent {
    async fn of(host: &Host, since_ms: u64) -> Result<Self, Fault> {
        let filter =
            Filter { changed_since_ms: Some(since_ms), sort: Sort::Changed, reverse: true, ..Filter::default() };
        let runs = host.runs(&Filter { limit: Some(RUNS_MAX), ..filter }).await?;
        let mut spent = Self { is_cut: runs.len() >= RUNS_MAX, ..Self::default() };
        for summary in &runs {
            if spent.pages >= PAGES_MAX {
                spent.is_cut = true;
                break;
            }
            spent.read(host, summary.run_id, since_ms).await?;
            spent.runs = spent.runs.saturating_add(1);
        }
        Ok(spent)
    }

    async fn read(&mut self, host: &Host, run: RunId, since_ms: u64) -> Result<(), Fault> {
        let mut after = 0;
        loop {
            let page = match host.entries_after(run, after).await {
                Ok(page) => page,
                // It was removed meanwhile.
                Err(fault) if fault.kind == Kind::NotFound => return Ok(()),
                Err(fault) => return Err(fault),
            };
            let Some(last) = page.last() else { return Ok(()) };
            if after > 0 {
                self.pages = self.pages.saturating_add(1);
            }
            after = last.seq;
            page.iter().filter(|entry| entry.at_ms >= since_ms).for_each(|entry| self.book(entry));
            if self.pages >= PAGES_MAX {
                self.is_cut = true;
                return Ok(());
            }
        }
    }

    fn book(&mut self, entry: &Entry) {
        let Some(usage) = entry.change.booked() else { return };
        let day = utc(entry.at_ms).chars().take(10).collect();
        let (runs, all) = self.days.entry(day).or_default();
        runs.insert(entry.run);
        all.add(usage);
        if let Some(model) = model(&entry.change) {
            self.models.entry(model.to_owned()).or_default().add(usage);
        }
    }
}

/// Returns the model that has answered, by its name at its provider.
fn model(change: &Change) -> Option<&str> {
    if let Change::Stepped { event: Event::Ended { outcome: EffectOutcome::ModelReplied(outcome), .. }, .. } = change {
        return match outcome {
            ModelOutcome::Replied(reply) => Some(reply.model.as_str()),
            ModelOutcome::Failed(_) => Some("failed"),
        };
    }
    None
}

pub(crate) async fn show(State(service): State<Service>, viewer: Viewer) -> Answer<Response> {
    let since_ms = Clock::default().now_ms().saturating_sub(DAYS.saturating_mul(DAY_MS));
    let spent = Spent::of(service.host(), since_ms).await?;
    let Listing { found: shared, unreadable } = service.host().current_budgets(BUDGETS_MAX).await?;
    unreadable.iter().for_each(|left_out| service.tell(&left_out.error));
    let read = format!("The last {DAYS} days, of {} runs.", spent.runs);
    let cut =
        spent.is_cut.then(|| of("p", "bad").text("There are more entries than this view reads: the sums are too low."));
    let inner: Html = [el("h1").text("Models and spend"), of("p", "hint").text(read)]
        .into_iter()
        .chain(cut)
        .chain([days(&spent), models(&spent)])
        .chain(budgets(&shared))
        .collect();
    Ok(frame::page(&viewer, Place::Spend, "Models and spend", None, inner))
}

fn table(id: &'static str, title: &'static str, first: &'static str, more: Option<&'static str>, rows: Vec<El>) -> El {
    let section = el("section").attr("aria-labelledby", id).with(el("h2").attr("id", id).text(title));
    if rows.is_empty() {
        return section.with(of("p", "empty").text("Nothing was spent."));
    }
    let head = |title: &'static str| el("th").attr("scope", "col").text(title);
    let head = el("tr").with(head(first)).all(more.map(head)).all(SHOWN.map(|currency| head(name(currency))));
    let table = el("table").with(el("thead").with(head)).with(el("tbody").all(rows));
    section.with(frame::scroll(format!("{title}, as a table")).with(table))
}

fn cells(usage: &Usage) -> impl Iterator<Item = El> {
    SHOWN.into_iter().map(move |currency| of("td", "amount").text(amount(currency, usage.get(currency))))
}

fn days(spent: &Spent) -> El {
    let row = |(day, (runs, usage)): (&String, &(BTreeSet<RunId>, Usage))| {
        let runs = of("td", "amount").text(grouped(runs.len() as u64));
        el("tr").with(el("th").attr("scope", "row").text(day)).with(runs).all(cells(usage))
    };
    table("days-title", "By day", "day", Some("runs"), spent.days.iter().rev().map(row).collect())
}

fn models(spent: &Spent) -> El {
    let row =
        |(model, usage): (&String, &Usage)| el("tr").with(el("th").attr("scope", "row").text(model)).all(cells(usage));
    table("models-title", "By model", "model", None, spent.models.iter().map(row).collect())
}

fn budgets(shared: &[SharedBudgetReport]) -> Option<El> {
    let line = |budget: &SharedBudgetReport| {
        let whose = [&budget.period, &budget.group].into_iter().filter(|part| !part.is_empty());
        let whose = whose.map(|part| format!(" · {part}")).collect::<String>();
        let limit = to_value(budget).ok().and_then(|report| report.get("limit").cloned()).unwrap_or_default();
        let taken = used(&budget.taken);
        el("li").with(el("b").text(&budget.name)).text(format!("{whose}: {taken}; allowed: {limit}"))
    };
    let first = || of("p", "hint").text(format!("The first {BUDGETS_MAX}; the API lists all."));
    let first = (shared.len() >= BUDGETS_MAX).then(first);
    let head = el("h2").text("Shared budgets");
    let list = || el("section").with(head).all(first).with(el("ul").all(shared.iter().map(line)));
    (!shared.is_empty()).then(list)
}
