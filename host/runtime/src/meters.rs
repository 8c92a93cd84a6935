//! What is counted and measured while a host works: one set of meters, which a page for Prometheus and the export by OTLP read.
//!
//! Labels are bounded: values that guests or models choose are taken only where they name something that the host has, values are
//! cut, and an instrument has up to 500 series; all else is counted as `other`. No label names a run or a person.

mod instrument;
mod series;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stockade_workflow::{Fault, Kind};
use tokio::time::Instant;

pub use self::instrument::*;
use self::series::point;
pub(crate) use self::series::{Point, Series};
pub use self::text::Exposition;

/// The meters of a host.
#[derive(Default)]
pub struct Meters(Mutex<State>);

#[derive(Default)]
struct State {
    /// By the names of the instruments.
    series: BTreeMap<&'static str, Series>,
    /// The values that a label may have, where those are known.
    known: BTreeMap<&'static str, BTreeSet<String>>,
    /// When the journal was last looked at.
    looked: Option<Instant>,
}

impl Meters {
    /// Adds to a counter, by the values of its labels.
    pub fn add(&self, counter: &'static Instrument, labels: &[&str], more: u64) {
        self.state().point(counter, labels).add(more);
    }

    /// Says what a gauge is now, by the values of its labels.
    pub fn set(&self, gauge: &'static Instrument, labels: &[&str], value: f64) {
        self.state().point(gauge, labels).set(value);
    }

    /// Lets a gauge rise, or fall, by the values of its labels.
    pub fn shift(&self, gauge: &'static Instrument, labels: &[&str], by: f64) {
        self.state().point(gauge, labels).shift(by);
    }

    /// Adds a value to a histogram, by the values of its labels.
    pub fn record(&self, histogram: &'static Instrument, labels: &[&str], value: f64) {
        if let Shape::Histogram(bounds) = histogram.shape {
            self.state().point(histogram, labels).record(bounds, value);
        }
    }

    /// Adds a time to a histogram of seconds.
    pub fn time(&self, histogram: &'static Instrument, labels: &[&str], took: Duration) {
        self.record(histogram, labels, took.as_secs_f64());
    }

    /// Returns all of them as a page for Prometheus.
    pub fn page(&self, exposition: Exposition) -> String {
        let (state, none) = (self.state(), Series::new());
        let families =
            ALL.into_iter().map(|instrument| (instrument, state.series.get(instrument.name).unwrap_or(&none)));
        text::page(families, exposition)
    }

    /// Puts values in the place of all that a gauge had.
    pub(crate) fn replace(&self, gauge: &'static Instrument, values: &[(&str, f64)]) {
        let mut state = self.state();
        state.series.remove(gauge.name);
        values.iter().for_each(|(label, value)| state.point(gauge, &[*label]).set(*value));
    }

    /// Says which values a label may have; all others are counted as `other`.
    pub(crate) fn know(&self, label: &'static str, values: BTreeSet<String>) {
        self.state().known.insert(label, values);
    }

    /// Notes a commit of a run, how long it took, and why it was refused, if it was.
    pub(crate) fn commit(&self, took: Duration, refused: Option<&Fault>) {
        let outcome = match refused {
            None => "made",
            Some(fault) if fault.kind == Kind::Journal => "failed",
            Some(_) => "refused",
        };
        self.add(&COMMITS, &[outcome], 1);
        self.time(&COMMIT_DURATION, &[], took);
        self.lease(refused);
    }

    /// Notes that another process has taken over a run, where a fault says so.
    pub(crate) fn lease(&self, refused: Option<&Fault>) {
        let is_fenced = |fault: &&Fault| fault.kind == Kind::Conflict && fault.detail.as_deref() == Some("fenced");
        if refused.filter(is_fenced).is_some() {
            self.add(&LEASES_LOST, &[], 1);
        }
    }

    /// Returns whether the journal is to be looked at again: what is known of it is older than this.
    pub(crate) fn is_old(&self, fresh: Duration) -> bool {
        let (mut state, now) = (self.state(), Instant::now());
        let is_old = state.looked.is_none_or(|looked| now.saturating_duration_since(looked) >= fresh);
        if is_old {
            state.looked = Some(now);
        }
        is_old
    }

    /// Returns all series, by their instruments.
    #[cfg_attr(not(feature = "otel"), expect(dead_code, reason = "only the export by OTLP reads them so"))]
    pub(crate) fn all(&self) -> Vec<(&'static Instrument, Series)> {
        let state = self.state();
        ALL.into_iter()
            .filter_map(|instrument| Some((instrument, state.series.get(instrument.name)?.clone())))
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn point(&mut self, instrument: &'static Instrument, labels: &[&str]) -> &mut Point {
        point(self.series.entry(instrument.name).or_default(), instrument, &self.known, labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(meters: &Meters, line: &str) -> bool {
        let page = meters.page(Exposition::Prometheus);
        page.lines().any(|written| written == line)
    }

    #[test]
    fn series_of_an_instrument_beyond_the_most_are_counted_as_other() {
        let meters = Meters::default();
        (0..2_000).for_each(|number| meters.add(&STEPS, &[&format!("w{number}")], 1));
        let page = meters.page(Exposition::Prometheus);
        assert_eq!(page.lines().filter(|line| line.starts_with("stockade_steps_total")).count(), 501, "{page}");
        assert!(written(&meters, "stockade_steps_total{workflow=\"other\"} 1500"), "{page}");
        meters.add(&STEPS, &["w7"], 4);
        assert!(written(&meters, "stockade_steps_total{workflow=\"w7\"} 5"), "those that are there go on");
    }

    #[test]
    fn a_value_of_a_label_is_cut_and_only_known_ones_are_taken_where_those_are_known() {
        let meters = Meters::default();
        meters.know("gen_ai.tool.name", BTreeSet::from(["payments.pay".to_owned()]));
        meters.add(&TOOL_CALLS, &["payments.pay", "returned"], 1);
        meters.add(&TOOL_CALLS, &["invented.by_a_model", "failed"], 2);
        meters.add(&STEPS, &[&"x".repeat(5_000)], 1);
        meters.add(&STEPS, &["a\u{202e}b"], 1);
        for line in [
            "stockade_tool_calls_total{gen_ai_tool_name=\"payments.pay\",outcome=\"returned\"} 1",
            "stockade_tool_calls_total{gen_ai_tool_name=\"other\",outcome=\"failed\"} 2",
            &format!("stockade_steps_total{{workflow=\"{}\"}} 1", "x".repeat(96)),
            "stockade_steps_total{workflow=\"a?b\"} 1",
        ] {
            assert!(written(&meters, line), "{line} is not in {}", meters.page(Exposition::Prometheus));
        }
    }

    #[test]
    fn a_commit_that_was_fenced_is_a_lease_that_was_lost() {
        let meters = Meters::default();
        meters.commit(Duration::from_millis(2), None);
        meters.commit(Duration::from_millis(2), Some(&Fault::of_storage("the disk is full")));
        meters.commit(Duration::from_millis(2), Some(&Fault::new(Kind::Conflict, "another has it").detail("fenced")));
        for line in [
            "stockade_journal_commits_total{outcome=\"made\"} 1",
            "stockade_journal_commits_total{outcome=\"failed\"} 1",
            "stockade_journal_commits_total{outcome=\"refused\"} 1",
            "stockade_journal_commit_duration_seconds_bucket{le=\"0.003\"} 3",
            "stockade_leases_lost_total 1",
        ] {
            assert!(written(&meters, line), "{line} is not in {}", meters.page(Exposition::Prometheus));
        }
    }

    #[test]
    fn a_gauge_that_is_replaced_has_only_its_new_values() {
        let meters = Meters::default();
        meters.replace(&RUNS, &[("waiting", 2.0), ("paused", 1.0)]);
        meters.replace(&RUNS, &[("waiting", 1.0)]);
        assert!(written(&meters, "stockade_runs_open{status=\"waiting\"} 1"));
        assert!(!meters.page(Exposition::Prometheus).contains("paused"), "{}", meters.page(Exposition::Prometheus));
    }
}
