//! The values of one instrument, by its labels.

use std::collections::{BTreeMap, BTreeSet};

use super::instrument::{Instrument, Shape};
use crate::is_hidden;

/// The most series of one instrument. Names of tools, workflows and doors are as many as an operator has set up; were it
/// otherwise, a program that invents names could fill the memory here, and of the database that keeps the values.
const SERIES_MAX: usize = 500;

/// The longest value of a label, in bytes.
const VALUE_BYTES_MAX: usize = 96;

/// What stands for all values that have no room.
pub(super) const OTHER: &str = "other";

/// The value of a series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Point {
    Counter(u64),
    Gauge(f64),
    /// How many values were up to each bound and above the one before; the last one counts those above all bounds.
    Histogram {
        counts: Vec<u64>,
        sum: f64,
    },
}

/// The series of an instrument, by the values of its labels.
pub(crate) type Series = BTreeMap<Vec<String>, Point>;

/// Returns the point of a series, and adds a series that is new.
pub(super) fn point<'a>(
    series: &'a mut Series,
    instrument: &Instrument,
    known: &BTreeMap<&'static str, BTreeSet<String>>,
    labels: &[&str],
) -> &'a mut Point {
    let mut key: Vec<_> = instrument
        .labels
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let value = labels.get(at).copied().unwrap_or_default();
            let is_known = known.get(name).is_none_or(|values| values.contains(value));
            if is_known { plain(value) } else { OTHER.to_owned() }
        })
        .collect();
    if series.len() >= SERIES_MAX && !series.contains_key(&key) {
        key = vec![OTHER.to_owned(); key.len()];
    }
    series.entry(key).or_insert_with(|| zero(instrument))
}

pub(super) fn zero(instrument: &Instrument) -> Point {
    match instrument.shape {
        Shape::Counter => Point::Counter(0),
        Shape::Gauge => Point::Gauge(0.0),
        Shape::Histogram(bounds) => Point::Histogram { counts: vec![0; bounds.len() + 1], sum: 0.0 },
    }
}

/// The beginning of a value, without letters that cannot be seen.
fn plain(value: &str) -> String {
    // Most are names: to look at each letter of them took longer than all else.
    if value.len() <= VALUE_BYTES_MAX && value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return value.to_owned();
    }
    let cut = value.get(..value.floor_char_boundary(VALUE_BYTES_MAX)).unwrap_or_default();
    cut.chars().map(|letter| if is_hidden(letter) { '?' } else { letter }).collect()
}

impl Point {
    pub(super) fn add(&mut self, more: u64) {
        if let Self::Counter(sum) = self {
            *sum = sum.saturating_add(more);
        }
    }

    pub(super) fn set(&mut self, value: f64) {
        if let Self::Gauge(now) = self {
            *now = value;
        }
    }

    pub(super) fn shift(&mut self, by: f64) {
        if let Self::Gauge(now) = self {
            *now += by;
        }
    }

    pub(super) fn record(&mut self, bounds: &[f64], value: f64) {
        if let Self::Histogram { counts, sum } = self {
            let at = bounds.iter().position(|bound| value <= *bound).unwrap_or(bounds.len());
            if let Some(count) = counts.get_mut(at) {
                *count = count.saturating_add(1);
            }
            *sum += value;
        }
    }
}
