//! What a run may spend and has spent, and how it stood after any of its entries.

use stockade::{Budget, Currency, Entry, Fault, RunId, RunState, SubBudget, Usage, utc};

use crate::page::html::{El, el, of};
use crate::page::words::{amount, document, name};

/// Draws a gauge for each currency of the budget.
pub(super) fn gauges(state: &RunState) -> El {
    let (spent, budget) = (state.ledger().spent(), state.ledger().budget());
    let reserved = state.in_flight().filter_map(|effect| state.ledger().reserved(effect.key()));
    let reserved = reserved.fold(Usage::NONE, |mut sum, amount| {
        sum.add(amount);
        sum
    });
    let rows = Currency::ALL.into_iter().map(|currency| {
        let (spent, allowed) = (spent.get(currency), budget.get(currency));
        gauge(currency, spent, allowed, reserved.get(currency))
    });
    let shares = state.ledger().sub_budgets().map(|(share, spent)| sub_budget(share, spent, budget));
    el("section")
        .attr("aria-labelledby", "budget-title")
        .with(el("h2").attr("id", "budget-title").text("Budget"))
        .with(of("ul", "gauges").all(rows))
        .all(shares)
}

/// Draws what a share of the budget allows less than the whole of it.
fn sub_budget(SubBudget { prefix, budget }: &SubBudget, spent: &Usage, whole: &Budget) -> El {
    let less = Currency::ALL.into_iter().filter(|currency| budget.get(*currency) < whole.get(*currency));
    let gauges = less.map(|currency| gauge(currency, spent.get(currency), budget.get(currency), 0));
    let title = el("h3").text(format!("Share of {}", prefix.trim_end_matches('/')));
    el("div").with(title).with(of("ul", "gauges").all(gauges))
}

fn gauge(currency: Currency, spent: u64, allowed: u64, reserved: u64) -> El {
    let said = format!("{} of {}", amount(currency, spent), amount(currency, allowed));
    // A meter from 0 to 0 would be full.
    let meter = el("meter").attr("min", 0).attr("max", allowed.max(1)).attr("value", spent.min(allowed));
    let meter = meter.attr("high", allowed.max(1) / 10 * 9).attr("aria-label", format!("{}: {said}", name(currency)));
    let reserved =
        (reserved > 0).then(|| of("span", "hint").text(format!(" and {} reserved", amount(currency, reserved))));
    el("li")
        .with(of("span", "currency").text(name(currency)))
        .with(meter)
        .with(of("span", "amount").text(said).all(reserved))
}

/// Draws the scrubber: a slide over the entries, and how the run stood after one of them, with what can be done from there.
pub(super) fn scrubber(run: RunId, entries: &[Entry], at: u64, last: u64, fork: Option<El>) -> Result<El, Fault> {
    let read = entries.iter().take_while(|entry| entry.seq <= at).count();
    let known = entries.get(..read).unwrap_or(entries);
    let slide = el("input")
        .attr("type", "range")
        .attr("id", "entry")
        .attr("name", "at")
        .attr("min", 1)
        .attr("max", last)
        .attr("value", at)
        .attr("hx-get", format!("/runs/{run}"))
        .attr("hx-trigger", "input delay:120ms, change")
        .attr("hx-select", "#stood")
        .attr("hx-target", "#stood")
        .attr("hx-swap", "outerMorph");
    let form = of("form", "scrubber")
        .attr("method", "get")
        .attr("action", format!("/runs/{run}"))
        .with(el("label").attr("for", "entry").text("After entry"))
        .with(slide)
        .with(el("button").text("Show"));
    Ok(el("section")
        .attr("aria-labelledby", "scrubber-title")
        .with(el("h2").attr("id", "scrubber-title").text("How it stood"))
        .with(form)
        .with(stood(&RunState::fold(run, known)?, known.last(), last).all(fork)))
}

fn stood(state: &RunState, entry: Option<&Entry>, last: u64) -> El {
    let (spent, budget) = (state.ledger().spent(), state.ledger().budget());
    let rows = Currency::ALL.into_iter().map(|currency| {
        let cell = |of_what: u64| el("td").text(amount(currency, of_what));
        el("tr")
            .with(el("th").attr("scope", "row").text(name(currency)))
            .with(cell(spent.get(currency)))
            .with(cell(budget.get(currency)))
    });
    let titles = ["", "spent", "budget"].map(|title| el("td").text(title));
    let ledger = el("table").with(el("thead").with(el("tr").all(titles))).with(el("tbody").all(rows));
    let at = state.at().map(|(position, _)| position.to_owned()).unwrap_or_else(|| "no state yet".to_owned());
    let in_flight = state.in_flight().map(|effect| effect.key().to_owned()).collect::<Vec<_>>().join(", ");
    let in_flight = (!in_flight.is_empty()).then(|| el("p").text(format!("In flight: {in_flight}")));
    let when = entry.map(|entry| format!(" · {}", utc(entry.at_ms))).unwrap_or_default();
    let kept = state.at().map(|(_, kept)| document(kept));
    let change = entry.map(document);
    of("div", "stood")
        .attr("id", "stood")
        .with(
            el("p")
                .text(format!("entry {} of {last}{when} · {} · ", state.seq(), state.status()))
                .with(el("b").text(at)),
        )
        .all(in_flight)
        .with(ledger)
        .all(kept.map(|kept| fold("stood-state", "Its state", kept)))
        .all(change.map(|change| fold("stood-entry", "The entry", change)))
}

fn fold(id: &'static str, title: &'static str, inner: El) -> El {
    el("details").attr("id", id).with(el("summary").text(title)).with(inner)
}
