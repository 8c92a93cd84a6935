//! The states of a workflow as a picture, with the path that a run took.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use stockade::{Fault, Graph, Kind};

use crate::page::frame::scroll;
use crate::page::html::{El, Html, el, of};
use crate::page::words::shortened;

const NODE_WIDTH: u64 = 190;
const NODE_HEIGHT: u64 = 34;
const ACROSS: u64 = 215;
const DOWN: u64 = 70;
const MARGIN: u64 = 12;

/// How much room the edges have that lead back, or past another line of states.
const SIDE: u64 = 90;

/// The most letters of a state's name.
const NAME_LETTERS: usize = 22;

/// The most states that are drawn.
const STATES_MAX: usize = 64;

/// Where a state stands: its line, and its place in it.
type Places<'a> = BTreeMap<&'a str, (u64, u64)>;

/// Draws the states. `path` is what the run was in, in order; `now` is the last of them where the run goes on.
pub(super) fn draw(graph: &Graph, path: &[String], is_over: bool) -> El {
    let title = el("h2").attr("id", "graph-title").text("States");
    let section = el("section").attr("aria-labelledby", "graph-title").with(title);
    if graph.states.len() > STATES_MAX {
        let message = format!("The workflow has {} states, and {STATES_MAX} are drawn at most.", graph.states.len());
        return section.with(of("p", "hint").text(message));
    }
    section.with(scroll("Picture of the states").with(picture(graph, path, is_over)))
}

/// How a picture looks that stands alone.
const STYLE: &str = "svg { background: #fff; } text { font: 12px system-ui, sans-serif; fill: #1c211e; } \
                     rect { fill: #fff; stroke: #8a938d; stroke-width: 1.5px; } \
                     .taken rect, .last rect { fill: #e3f1e8; stroke: #1f6b45; } \
                     .now rect { fill: #fbf0d6; stroke: #8a5a00; stroke-width: 3px; } \
                     .edge { fill: none; stroke: #8a938d; stroke-width: 1.5px; } \
                     .edge.taken { stroke: #1f6b45; stroke-width: 2.5px; } \
                     path.arrow { fill: #8a938d; } path.arrow-taken { fill: #1f6b45; } \
                     @media (prefers-color-scheme: dark) { svg { background: #1c201d; } text { fill: #e6eae7; } \
                     rect { fill: #1c201d; stroke: #6d7770; } .edge { stroke: #6d7770; } path.arrow { fill: #6d7770; } \
                     .taken rect, .last rect { fill: #17301f; stroke: #86d3a7; } .edge.taken { stroke: #86d3a7; } \
                     .now rect { fill: #33270f; stroke: #eec26b; } path.arrow-taken { fill: #86d3a7; } }";

/// Draws the states as a document of its own.
///
/// # Errors
///
/// Kind [`Kind::Conflict`] where there are more states than are drawn.
pub(super) fn alone(graph: &Graph, path: &[String], is_over: bool) -> Result<String, Fault> {
    if graph.states.len() > STATES_MAX {
        let (allowed, used) = (STATES_MAX as u64, graph.states.len() as u64);
        let message = format!("the workflow has {used} states, and {allowed} are drawn at most");
        return Err(Fault::limit(Kind::Conflict, "states", allowed, used, message));
    }
    let picture = picture(graph, path, is_over).attr("xmlns", "http://www.w3.org/2000/svg");
    Ok(Html::from(picture.with(el("style").text(STYLE))).bare())
}

fn picture(graph: &Graph, path: &[String], is_over: bool) -> El {
    let places = places(graph);
    let lines = places.values().map(|(line, _)| line.saturating_add(1)).max().unwrap_or(1);
    let columns = places.values().map(|(_, column)| column.saturating_add(1)).max().unwrap_or(1);
    let width = columns.saturating_mul(ACROSS).saturating_add(SIDE);
    let height = lines.saturating_mul(DOWN).saturating_add(MARGIN);
    let taken: BTreeSet<(&str, &str)> =
        path.iter().map(String::as_str).zip(path.iter().skip(1).map(String::as_str)).collect();
    let visited: BTreeSet<&str> = path.iter().map(String::as_str).collect();
    let now = path.last().map(String::as_str);
    let edges = graph.states.iter().flat_map(|state| {
        let to = state.next.iter().map(|next| (state.name.as_str(), next.as_str()));
        to.filter_map(|(from, to)| edge(&places, from, to, taken.contains(&(from, to)))).collect::<Vec<_>>()
    });
    let nodes = graph.states.iter().filter_map(|state| {
        let name = state.name.as_str();
        let class = match (now == Some(name), visited.contains(name)) {
            (true, _) if !is_over => "node now",
            (true, _) => "node last",
            (false, true) => "node taken",
            (false, false) => "node",
        };
        Some(node(places.get(name)?, name, class))
    });
    let said = if path.is_empty() { "no state yet".to_owned() } else { path.join(", then ") };
    of("svg", "graph")
        .attr("viewBox", format!("0 0 {width} {height}"))
        .attr("width", width)
        .attr("height", height)
        .attr("role", "img")
        .attr("aria-labelledby", "graph-said")
        .with(el("title").attr("id", "graph-said").text(format!("The path of the run: {said}")))
        .with(el("defs").with(arrow("arrow")).with(arrow("arrow-taken")))
        .all(edges)
        .all(nodes)
}

fn arrow(id: &'static str) -> El {
    let marker = el("marker").attr("id", id).attr("viewBox", "0 0 8 8").attr("refX", 7).attr("refY", 4);
    let marker = marker.attr("markerWidth", 7).attr("markerHeight", 7).attr("orient", "auto");
    marker.with(of("path", id).attr("d", "M0 0 L8 4 L0 8 z"))
}

/// Puts each state on the line of its distance from the first one.
fn places(graph: &Graph) -> Places<'_> {
    let mut lines: BTreeMap<&str, u64> = BTreeMap::from([(graph.initial.as_str(), 0)]);
    let mut open = VecDeque::from([graph.initial.as_str()]);
    while let Some(name) = open.pop_front() {
        let line = lines.get(name).copied().unwrap_or_default().saturating_add(1);
        let state = graph.states.iter().find(|state| state.name == name);
        for next in state.into_iter().flat_map(|state| &state.next) {
            if !lines.contains_key(next.as_str()) {
                lines.insert(next, line);
                open.push_back(next);
            }
        }
    }
    let last = lines.values().max().copied().unwrap_or_default().saturating_add(1);
    let mut columns: BTreeMap<u64, u64> = BTreeMap::new();
    let place = |name: &str, columns: &mut BTreeMap<u64, u64>| {
        let line = lines.get(name).copied().unwrap_or(last);
        let column = columns.entry(line).or_default();
        let place = (line, *column);
        *column = column.saturating_add(1);
        place
    };
    graph.states.iter().map(|state| (state.name.as_str(), place(&state.name, &mut columns))).collect()
}

/// Returns the left upper corner of a state.
fn corner((line, column): (u64, u64)) -> (u64, u64) {
    (column.saturating_mul(ACROSS).saturating_add(MARGIN), line.saturating_mul(DOWN).saturating_add(MARGIN))
}

fn node(place: &(u64, u64), name: &str, class: &'static str) -> El {
    let (x, y) = corner(*place);
    let name = shortened(name, NAME_LETTERS);
    let rect = el("rect").attr("x", x).attr("y", y).attr("width", NODE_WIDTH).attr("height", NODE_HEIGHT).attr("rx", 6);
    let (middle, base) = (x.saturating_add(NODE_WIDTH / 2), y.saturating_add(NODE_HEIGHT / 2 + 4));
    let text = el("text").attr("x", middle).attr("y", base).attr("text-anchor", "middle").text(name);
    of("g", class).with(rect).with(text)
}

/// Draws an edge: down to the next line as it is, and around the right side otherwise.
fn edge(places: &Places<'_>, from: &str, to: &str, is_taken: bool) -> Option<El> {
    let (begin, end) = (*places.get(from)?, *places.get(to)?);
    let ((x, y), (to_x, to_y)) = (corner(begin), corner(end));
    let curve = if begin.0.saturating_add(1) == end.0 {
        let (x, to_x) = (x.saturating_add(NODE_WIDTH / 2), to_x.saturating_add(NODE_WIDTH / 2));
        let y = y.saturating_add(NODE_HEIGHT);
        let middle = y.saturating_add(to_y) / 2;
        format!("M{x} {y} C{x} {middle} {to_x} {middle} {to_x} {to_y}")
    } else {
        let (x, to_x) = (x.saturating_add(NODE_WIDTH), to_x.saturating_add(NODE_WIDTH));
        let (y, to_y) = (y.saturating_add(NODE_HEIGHT / 2), to_y.saturating_add(NODE_HEIGHT / 2 + 5));
        let lines = begin.0.abs_diff(end.0).saturating_add(1);
        let out = x.max(to_x).saturating_add(lines.saturating_mul(14).min(SIDE - MARGIN));
        format!("M{x} {y} C{out} {y} {out} {to_y} {to_x} {to_y}")
    };
    let (class, marker) = if is_taken { ("edge taken", "url(#arrow-taken)") } else { ("edge", "url(#arrow)") };
    Some(of("path", class).attr("d", curve).attr("marker-end", marker))
}

#[cfg(test)]
mod tests {
    use stockade::State;

    use super::*;

    #[test]
    fn states_stand_below_those_that_lead_to_them_and_the_path_is_marked() {
        let state = |name: &str, next: &[&str]| State::new(name, [], next);
        let graph = Graph::new([state("A", &["B", "C"]), state("B", &["C", "A"]), state("C", &[]), state("LONE", &[])]);
        let placed = places(&graph);
        assert_eq!(["A", "B", "C", "LONE"].map(|name| placed[name]), [(0, 0), (1, 0), (1, 1), (2, 0)]);
        let written = Html::from(draw(&graph, &["A".to_owned(), "B".to_owned()], false)).document();
        assert_eq!(written.matches("edge taken").count(), 1, "{written}");
        assert!(written.contains("node now") && written.contains("node taken"), "{written}");
        let alone = alone(&graph, &["A".to_owned()], true).unwrap();
        assert!(alone.starts_with("<svg ") && alone.contains("xmlns=\"http://www.w3.org/2000/svg\""), "{alone}");
        let many = Graph::new((0..=STATES_MAX).map(|number| state(&format!("S{number}"), &[])));
        assert_eq!(super::alone(&many, &[], false).unwrap_err().breach.unwrap().limit, "states");
    }
}
