//! The timeline of a run as a picture: a line for each effect, with what it took and gave unfolded below it.

use serde_json::to_value;
use stockade::{EffectKind, RunId, ToolOutcome, dollars, utc};

use super::scale::{Scale, WIDTH};
use super::timeline::{Nested, Row, Shape};
use crate::page::frame::{hidden, scroll};
use crate::page::html::{El, el, of};
use crate::page::viewer::Viewer;
use crate::page::words::{age, block, bytes, document, grouped, micros, used};

/// The most lines that are drawn.
const ROWS_MAX: usize = 400;

/// The most calls of one piece of code that are drawn.
const CALLS_MAX: usize = 200;

/// The narrowest bar.
const BAR_MIN: u64 = 4;

/// Draws the lines. Code can be repeated by those who may operate runs.
pub(super) fn draw(viewer: &Viewer, run: RunId, rows: &[Row], now_ms: u64, may: bool) -> El {
    let scale = Scale::new(rows, now_ms);
    let lines = rows.iter().take(ROWS_MAX).map(|row| line(viewer, run, row, &scale, now_ms, may));
    let more = rows.len().saturating_sub(ROWS_MAX);
    let more = (more > 0).then(|| of("p", "hint").text(format!("{more} lines more; /v1/runs/{run}/entries has all")));
    let idle = scale.gaps.iter().map(|gap| age(gap.ms)).collect::<Vec<_>>().join(", ");
    let idle = (!idle.is_empty()).then(|| of("p", "hint").text(format!("Grey: idle for {idle}, drawn short.")));
    let titles = ["What", "State", "When", "Fuel", "Memory", "Tokens", "Money", "Time"];
    let head = of("div", "line head").attr("aria-hidden", "true").all(titles.map(|title| el("span").text(title)));
    let list = of("ol", "waterfall").all(lines);
    let scroll = scroll("Lines of the timeline");
    el("section")
        .attr("aria-labelledby", "timeline-title")
        .with(el("h2").attr("id", "timeline-title").text("Timeline"))
        .all(idle)
        .with(scroll.with(head).with(list))
        .all(more)
}

fn line(viewer: &Viewer, run: RunId, row: &Row, scale: &Scale, now_ms: u64, may: bool) -> El {
    let summary = el("summary").with(cells(row, scale, now_ms));
    let inner = of("div", "inner").all(inner(viewer, run, row, may));
    el("li").with(el("details").attr("id", format!("entry-{}", row.seq)).with(summary).with(inner))
}

fn cells(row: &Row, scale: &Scale, now_ms: u64) -> El {
    let cell = |title: &'static str, amount: u64, text: String| {
        let cell = of("span", "amount");
        if amount == 0 { cell } else { cell.with(hidden(title)).text(text) }
    };
    let failed = row.has_failed().then(|| of("b", "bad").text(" ✗").with(hidden(" failed")));
    let open = row.ended_ms.is_none().then(|| of("b", "open").text(" …").with(hidden(" in flight")));
    let usage = &row.used;
    of("span", "line")
        .with(of("span", "what").text(&row.what).all(failed).all(open))
        .with(of("span", "state").all(row.state.as_ref().map(|state| of("span", "tag").text(format!("→ {state}")))))
        .with(bar(row, scale, now_ms))
        .with(cell("fuel ", usage.fuel, grouped(usage.fuel)))
        .with(cell("memory ", usage.memory_bytes_peak, bytes(usage.memory_bytes_peak)))
        .with(cell("tokens ", usage.tokens, grouped(usage.tokens)))
        .with(cell("money ", usage.money_micros, dollars(usage.money_micros)))
        .with(cell("time ", usage.wall_us, micros(usage.wall_us)))
}

fn bar(row: &Row, scale: &Scale, now_ms: u64) -> El {
    let class = match row.shape {
        _ if row.has_failed() => "failed",
        Shape::Work => "work",
        Shape::Wait => "wait",
        Shape::Moment => "moment",
    };
    let gaps = scale.gaps.iter().map(|gap| rect("gap", gap.from, gap.to, 0, 16));
    let own = rect(class, scale.place(row.begun_ms), scale.place(row.ended_ms.unwrap_or(now_ms)), 3, 10);
    let calls = row.calls.iter().take(CALLS_MAX).map(|call| {
        let ended = call.ended.as_ref().map_or(now_ms, |(ended_ms, ..)| *ended_ms);
        rect("call", scale.place(call.begun_ms), scale.place(ended), 6, 4)
    });
    of("svg", "track")
        .attr("viewBox", format!("0 0 {WIDTH} 16"))
        .attr("preserveAspectRatio", "none")
        .attr("aria-hidden", "true")
        .all(gaps)
        .with(own)
        .all(calls)
}

fn rect(class: &'static str, from: u64, to: u64, y: u64, height: u64) -> El {
    let from = from.min(WIDTH.saturating_sub(BAR_MIN));
    let width = to.saturating_sub(from).max(BAR_MIN);
    of("rect", class).attr("x", from).attr("y", y).attr("width", width).attr("height", height)
}

fn inner(viewer: &Viewer, run: RunId, row: &Row, may: bool) -> Vec<El> {
    let until = row.ended_ms.map(|ended_ms| format!(" to {}", utc(ended_ms))).unwrap_or_default();
    let key = if row.key.is_empty() { String::new() } else { format!("{} · ", row.key) };
    let mut inner = vec![of("p", "hint").text(format!("{key}entry {} · {}{until}", row.seq, utc(row.begun_ms)))];
    let labels = row.labels.iter().map(|label| of("span", "label").text(label));
    if !row.labels.is_empty() {
        inner.push(el("p").text("Its outcome carries ").all(labels));
    }
    inner.extend(row.notes.iter().map(|note| el("p").text(note)));
    inner.extend(row.children.iter().map(|child| {
        el("p").text("Started ").with(el("a").attr("href", format!("/runs/{child}")).text(format!("run {child}")))
    }));
    inner.extend(input(row));
    inner.extend(output(row));
    inner.extend(calls(&row.calls));
    if row.code().is_some() && row.outcome.is_some() && may {
        inner.push(replay(viewer, run, &row.key));
    }
    let spent = used(&row.used);
    if !spent.is_empty() {
        inner.push(of("p", "hint").text(spent));
    }
    inner
}

fn titled(title: &'static str, inner: El) -> El {
    of("div", "block").with(el("h3").text(title)).with(inner)
}

fn input(row: &Row) -> Vec<El> {
    let Some(effect) = &row.effect else { return Vec::new() };
    match &effect.kind {
        EffectKind::RunCode(code) => {
            let source = block("Code", &code.source);
            let input = (!code.input.is_null()).then(|| titled("Its input", document(&code.input.value())));
            let tools =
                (!code.tools.is_empty()).then(|| el("p").text(format!("It may call {}", code.tools.join(", "))));
            source.into_iter().chain(input).chain(tools).collect()
        }
        EffectKind::CallTool { call, .. } | EffectKind::RequestApproval { call, .. } => {
            vec![titled("Input", document(&call.arguments.value()))]
        }
        EffectKind::AskModel(_)
        | EffectKind::Remember(_)
        | EffectKind::Recall(_)
        | EffectKind::ReadResult(_)
        | EffectKind::Sleep(_)
        | EffectKind::AwaitSignal(_)
        | EffectKind::StartRuns(_) => vec![titled("Input", document(&to_value(&effect.kind).unwrap_or_default()))],
    }
}

fn output(row: &Row) -> Option<El> {
    let outcome = row.outcome.as_ref()?;
    Some(match outcome.fault() {
        Some(fault) => titled("Error", of("p", "bad").text(&fault.message)),
        None => titled("Output", document(&to_value(outcome).unwrap_or_default())),
    })
}

fn calls(calls: &[Nested]) -> Option<El> {
    if calls.is_empty() {
        return None;
    }
    let more = calls.len().saturating_sub(CALLS_MAX);
    let more = (more > 0).then(|| of("p", "hint").text(format!("{more} calls more")));
    let list = el("ol").all(calls.iter().take(CALLS_MAX).map(call));
    Some(titled("Its calls", el("div").with(list).all(more)))
}

fn call(Nested { call, ended, attempts, .. }: &Nested) -> El {
    let (mark, outcome, usage) = match ended {
        Some((_, ToolOutcome::Returned(value), usage)) => ("", Some(document(&value.value())), used(usage)),
        Some((_, ToolOutcome::Failed(fault), usage)) => (" ✗", Some(of("p", "bad").text(&fault.message)), used(usage)),
        Some((_, ToolOutcome::Unknown(fault), usage)) => (" ?", Some(of("p", "bad").text(&fault.message)), used(usage)),
        None => (" …", None, String::new()),
    };
    let again = (*attempts > 0).then(|| of("p", "hint").text(format!("{attempts} attempts before failed")));
    let head =
        el("summary").text(format!("{}.{}{mark}", call.tool, call.function)).with(of("span", "hint").text(usage));
    let arguments = document(&call.arguments.value());
    el("li").with(el("details").with(head).with(arguments).all(again).all(outcome))
}

fn replay(viewer: &Viewer, run: RunId, key: &str) -> El {
    let form = viewer.form(&format!("/runs/{run}/replay"));
    let form = form.with(el("input").attr("type", "hidden").attr("name", "key").value(key));
    form.with(el("button").text("Replay this code")).with(
        of("span", "hint").text(" Runs it again with the answers that its calls had: nothing is called or changed."),
    )
}
