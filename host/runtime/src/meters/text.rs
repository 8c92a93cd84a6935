//! Meters as Prometheus reads them.

use std::fmt::Write as _;

use super::instrument::{Instrument, Shape};
use super::series::{Point, Series};

/// How a page of metrics is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exposition {
    /// The text format of Prometheus, version 0.0.4.
    #[default]
    Prometheus,
    /// `OpenMetrics`, version 1.0.
    OpenMetrics,
}

impl Exposition {
    /// Returns what a client takes, by its header `Accept`.
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// Returns the type of a page.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Writes the series of all instruments.
pub(super) fn page<'a>(
    families: impl Iterator<Item = (&'static Instrument, &'a Series)>,
    exposition: Exposition,
) -> String {
    let mut page = String::new();
    families.for_each(|(instrument, series)| family(&mut page, instrument, series, exposition));
    if exposition == Exposition::OpenMetrics {
        page += "# EOF\n";
    }
    page
}

fn family(page: &mut String, instrument: &Instrument, series: &Series, exposition: Exposition) {
    let name = instrument.family();
    let (kind, ending) = match (instrument.shape, exposition) {
        (Shape::Counter, Exposition::Prometheus) => ("counter", "_total"),
        (Shape::Counter, Exposition::OpenMetrics) => ("counter", ""),
        (Shape::Gauge, _) => ("gauge", ""),
        (Shape::Histogram(_), _) => ("histogram", ""),
    };
    let meaning = instrument.meaning.replace('\\', "\\\\").replace('\n', "\\n");
    // Writing to a string cannot fail.
    let _ = writeln!(page, "# HELP {name}{ending} {meaning}\n# TYPE {name}{ending} {kind}");
    for (values, point) in series {
        let labels = labels(instrument.labels, values);
        match point {
            Point::Counter(sum) => line(page, &format!("{name}_total"), &labels, "", &sum.to_string()),
            Point::Gauge(value) => line(page, &name, &labels, "", &value.to_string()),
            Point::Histogram { counts, sum } => histogram(page, instrument, &labels, counts, *sum),
        }
    }
}

/// Writes the buckets of a histogram, each with all values up to its bound.
fn histogram(page: &mut String, instrument: &Instrument, labels: &str, counts: &[u64], sum: f64) {
    let Shape::Histogram(bounds) = instrument.shape else { return };
    let (name, mut all) = (instrument.family(), 0_u64);
    let bounds = bounds.iter().map(|bound| format!("{bound:?}")).chain(["+Inf".to_owned()]);
    for (bound, count) in bounds.zip(counts) {
        all = all.saturating_add(*count);
        line(page, &format!("{name}_bucket"), labels, &format!("le=\"{bound}\""), &all.to_string());
    }
    line(page, &format!("{name}_sum"), labels, "", &sum.to_string());
    line(page, &format!("{name}_count"), labels, "", &all.to_string());
}

fn line(page: &mut String, name: &str, labels: &str, more: &str, value: &str) {
    let comma = if labels.is_empty() || more.is_empty() { "" } else { "," };
    // Writing to a string cannot fail.
    let _ = match (labels, more) {
        ("", "") => writeln!(page, "{name} {value}"),
        (_, _) => writeln!(page, "{name}{{{labels}{comma}{more}}} {value}"),
    };
}

fn labels(names: &[&str], values: &[String]) -> String {
    let written = names.iter().zip(values).map(|(name, value)| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("{}=\"{value}\"", name.replace('.', "_"))
    });
    written.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::instrument::{COMMITS, HTTP_DURATION, RUNS_DRIVEN};
    use super::*;

    #[test]
    fn values_of_labels_are_escaped() {
        let values = ["a\\b".to_owned(), "c\"d".to_owned(), "e\nf".to_owned()];
        assert_eq!(labels(&["x.y", "z", "w"], &values), r#"x_y="a\\b",z="c\"d",w="e\nf""#);
    }

    #[test]
    fn a_histogram_is_cumulative_and_its_last_bucket_is_its_count() {
        let Shape::Histogram(bounds) = HTTP_DURATION.shape else { panic!("it is a histogram") };
        let mut counts = vec![0; bounds.len() + 1];
        (counts[0], counts[2], counts[bounds.len()]) = (2, 1, 4);
        let values = ["GET", "/v1/runs", "200"].map(str::to_owned).to_vec();
        let series = BTreeMap::from([(values, Point::Histogram { counts, sum: 50.5 })]);
        let text = page([(&HTTP_DURATION, &series)].into_iter(), Exposition::Prometheus);
        let of = "http_request_method=\"GET\",http_route=\"/v1/runs\",http_response_status_code=\"200\"";
        for line in [
            "# TYPE http_server_request_duration_seconds histogram".to_owned(),
            format!("http_server_request_duration_seconds_bucket{{{of},le=\"0.005\"}} 2"),
            format!("http_server_request_duration_seconds_bucket{{{of},le=\"0.01\"}} 2"),
            format!("http_server_request_duration_seconds_bucket{{{of},le=\"1.0\"}} 3"),
            format!("http_server_request_duration_seconds_bucket{{{of},le=\"+Inf\"}} 7"),
            format!("http_server_request_duration_seconds_sum{{{of}}} 50.5"),
            format!("http_server_request_duration_seconds_count{{{of}}} 7"),
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is not in {text}");
        }
    }

    #[test]
    fn openmetrics_names_the_family_of_a_counter_and_has_an_end() {
        let made = BTreeMap::from([(vec!["made".to_owned()], Point::Counter(3))]);
        let driven = BTreeMap::from([(Vec::new(), Point::Gauge(2.0))]);
        let all = || [(&COMMITS, &made), (&RUNS_DRIVEN, &driven)].into_iter();
        let text = page(all(), Exposition::OpenMetrics);
        assert!(text.contains("# TYPE stockade_journal_commits counter\n"), "{text}");
        assert!(text.contains("stockade_journal_commits_total{outcome=\"made\"} 3\n"), "{text}");
        assert!(text.ends_with("stockade_runs_driven 2\n# EOF\n"), "{text}");
        let text = page(all(), Exposition::Prometheus);
        assert!(text.contains("# TYPE stockade_journal_commits_total counter\n") && !text.contains("EOF"), "{text}");
        let accepted = Exposition::accepted("application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
        assert_eq!((accepted, Exposition::accepted("*/*")), (Exposition::OpenMetrics, Exposition::Prometheus));
    }
}
