//! Which trace a run is in: one of its own, or that of the program that has started it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use stockade_workflow::{Digest, Fault, RunId, RunState};

/// A place in a trace, as the header `traceparent` of W3C Trace Context names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The trace.
    pub trace: [u8; 16],
    /// The span.
    pub span: [u8; 8],
}

impl Trace {
    /// The label of a run with the place in the trace of the program that has started it. The runs that it starts have it too.
    pub const LABEL: &'static str = "traceparent";

    /// Returns the place of a run that was started with these labels: its whole is one span.
    pub fn of(run: RunId, labels: &BTreeMap<String, String>) -> Self {
        Self { trace: trace(run, labels), span: span(run, "") }
    }

    /// Returns the place of a run.
    pub fn of_run(state: &RunState) -> Self {
        Self::of(state.run(), &state.origin().labels)
    }

    /// Returns the place that a run was started from, where a program has told it.
    #[cfg_attr(not(feature = "otel"), expect(dead_code, reason = "only the export of spans asks for it"))]
    pub(crate) fn parent(state: &RunState) -> Option<Self> {
        parent(&state.origin().labels)
    }
}

fn parent(labels: &BTreeMap<String, String>) -> Option<Trace> {
    labels.get(Trace::LABEL)?.parse().ok()
}

/// The id of the trace of a run: it follows from the run, so that another process which goes on with it is in the same trace.
fn trace(run: RunId, labels: &BTreeMap<String, String>) -> [u8; 16] {
    parent(labels).map_or(*run.as_bytes(), |parent| parent.trace)
}

/// The id of the span of an effect of a run, and of the run itself without a key: the same whenever it is made.
pub(crate) fn span(run: RunId, key: &str) -> [u8; 8] {
    let digest = Digest::of(format!("{run}/{key}").as_bytes());
    let id = digest.hex().get(..16).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(1);
    id.max(1).to_be_bytes()
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-01", u128::from_be_bytes(self.trace), u64::from_be_bytes(self.span))
    }
}

impl FromStr for Trace {
    type Err = Fault;

    /// Reads `00-TRACE-SPAN-FLAGS`; of a later version, what this one has.
    fn from_str(text: &str) -> Result<Self, Fault> {
        read(text).ok_or_else(|| {
            let shown = text.get(..text.floor_char_boundary(64)).unwrap_or_default();
            let message = format!("\"{shown}\" is not a traceparent of W3C Trace Context: 00-TRACE-SPAN-FLAGS");
            Fault::invalid("traceparent", message)
        })
    }
}

fn read(text: &str) -> Option<Trace> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let is_written = is_hex(version, 2) && is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2);
    // Version 00 ends here; `ff` is no version.
    let has_more = parts.next().is_some();
    if !is_written || version == "ff" || (version == "00" && has_more) {
        return None;
    }
    let (trace, span) = (u128::from_str_radix(trace, 16).ok()?, u64::from_str_radix(span, 16).ok()?);
    (trace != 0 && span != 0).then(|| Trace { trace: trace.to_be_bytes(), span: span.to_be_bytes() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_is_read_as_it_is_written() {
        let told: Trace = TOLD.parse().unwrap();
        assert_eq!(told.to_string(), TOLD);
        assert!("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-later".parse::<Trace>().is_ok());
        for wrong in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert!(wrong.parse::<Trace>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_run_is_in_the_trace_of_its_starter_or_in_one_of_its_own() {
        let run = RunId::from_bytes([7; 16]);
        assert_eq!(trace(run, &BTreeMap::new()), [7; 16]);
        let labels = |told: &str| BTreeMap::from([(Trace::LABEL.to_owned(), told.to_owned())]);
        assert_eq!(trace(run, &labels(TOLD)), TOLD.parse::<Trace>().unwrap().trace);
        assert_eq!(trace(run, &labels("nonsense")), [7; 16]);
        assert_ne!(span(run, ""), span(run, "ask"));
        assert_eq!(span(run, "ask"), span(run, "ask"));
    }
}
