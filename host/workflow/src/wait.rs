use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schema::Schema;
use crate::{DEPTH_MAX, Digest, Fault, Json, RunsLeft, utc};

/// The longest payload of a signal, in bytes of JSON.
pub const SIGNAL_BYTES_MAX: usize = 64 << 10;

/// The most signals of a run that nothing has awaited yet.
pub const SIGNALS_KEPT_MAX: usize = 256;

/// The longest name and the longest key of a signal, and the longest name of its sender, in bytes.
pub(crate) const SIGNAL_NAME_BYTES_MAX: usize = 256;

/// Until when a run sleeps. The time is fixed when the intent is journaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sleep {
    /// Until this time, in milliseconds since the Unix epoch.
    UntilMs(u64),
    /// For so many milliseconds.
    ForMs(u64),
}

/// Which signal a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedSignal {
    /// Its name.
    pub name: String,
    /// The JSON Schema that its payload must fit; without one, any payload will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
}

/// Something that a run is told from outside, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Which one it is of those that the run is sent: the same key is the same signal, sent twice.
    pub key: String,
    /// What it is about, as the workflow awaits it.
    pub name: String,
    /// What it says.
    pub payload: Json,
    /// Who sent it.
    pub by: String,
    /// When it was sent, in milliseconds since the Unix epoch, by the host's clock.
    pub at_ms: u64,
}

/// How a wait ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waited {
    /// The time has come at which a sleep ends.
    Slept {
        /// When the host saw so, in milliseconds since the Unix epoch.
        at_ms: u64,
    },
    /// The signal is there.
    Signalled(Signal),
    /// The deadline passed before the signal, or a person's decision, was there.
    TimedOut {
        /// When the host saw so, in milliseconds since the Unix epoch.
        at_ms: u64,
    },
    /// The run could not wait.
    Failed(Fault),
}

/// What a run waits for by itself, without a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// The key of the effect.
    pub key: String,
    /// The name of the signal; absent where the run waits for a time alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// What the run waits for where a tool tells a result later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<AwaitedResult>,
    /// How many runs it waits for that the effect starts; absent where it starts none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<RunsLeft>,
    /// When the wait ends by itself, in milliseconds since the Unix epoch; absent where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
    /// Why an attempt at the effect failed that is to be made again then; absent where the effect itself waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// The result of a call that a tool tells later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AwaitedResult {
    /// The tool.
    pub tool: String,
    /// The token under which it tells the result.
    pub token: String,
}

impl AwaitedSignal {
    /// Checks that it can be waited for.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](crate::Kind::Invalid) with detail `signal`: the name is empty or too long, the schema is not valid.
    pub fn validate(&self) -> Result<(), Fault> {
        let (bytes, max) = (self.name.len(), SIGNAL_NAME_BYTES_MAX);
        if self.name.trim().is_empty() || bytes > max {
            return Err(Fault::invalid("signal", format!("a signal's name has 1 to {max} bytes, this one {bytes}")));
        }
        let schema = self.schema.as_ref().map_or(Ok(()), |schema| Schema::new(schema).map(drop));
        schema.map_err(|why| {
            Fault::invalid("signal", format!("the schema of signal \"{}\" is not valid: {why}", self.name))
        })
    }

    /// Returns whether a signal is one that is waited for.
    pub fn is(&self, signal: &Signal) -> bool {
        self.name == signal.name && self.check(signal).is_ok()
    }

    /// Checks a payload against the schema.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](crate::Kind::Invalid) with detail `signal`, with what does not fit.
    pub fn check(&self, Signal { payload, .. }: &Signal) -> Result<(), Fault> {
        let Some(schema) = &self.schema else { return Ok(()) };
        let invalid = |why: String| Fault::invalid("signal", format!("signal \"{}\" is refused: {why}", self.name));
        let schema = Schema::new(schema).map_err(|why| invalid(format!("its schema is not valid: {why}")))?;
        let payload = payload.value();
        let misfits = schema.misfits(&payload, 1);
        misfits.first().map_or(Ok(()), |misfit| Err(invalid(misfit.says_of("its payload"))))
    }
}

impl Signal {
    /// Checks what every signal must fulfil, whichever effect awaits it.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](crate::Kind::Invalid) with detail `signal`.
    pub fn check(&self) -> Result<(), Fault> {
        for (what, text) in [("name", &self.name), ("key", &self.key), ("sender", &self.by)] {
            if text.trim().is_empty() || text.len() > SIGNAL_NAME_BYTES_MAX {
                let (bytes, max) = (text.len(), SIGNAL_NAME_BYTES_MAX);
                return Err(Fault::invalid(
                    "signal",
                    format!("a signal's {what} has 1 to {max} bytes, this one {bytes}"),
                ));
            }
        }
        let deep = self.payload.depth();
        if deep > DEPTH_MAX {
            let message =
                format!("the payload of signal \"{}\" nests {deep} deep, and {DEPTH_MAX} are allowed", self.name);
            return Err(Fault::invalid("signal", message));
        }
        let (bytes, max) = (self.payload.text().len(), SIGNAL_BYTES_MAX);
        if bytes > max {
            let message = format!("the payload of signal \"{}\" has {bytes} bytes, and {max} are allowed", self.name);
            return Err(Fault::invalid("signal", message));
        }
        Ok(())
    }

    /// Returns the digest of what is the same where a signal is sent twice: its name and its payload.
    pub fn digest(&self) -> Digest {
        Digest::of_json(&(&self.name, &self.payload))
    }
}

impl Waited {
    /// Returns why the run could not wait, if it could not.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Slept { .. } | Self::Signalled(_) | Self::TimedOut { .. } => None,
            Self::Failed(fault) => Some(fault),
        }
    }

    /// Returns how much memory it takes, about.
    pub fn memory_bytes(&self) -> u64 {
        match self {
            Self::Signalled(signal) => signal.payload.text().len() as u64,
            Self::Slept { .. } | Self::TimedOut { .. } | Self::Failed(_) => 0,
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.until_ms.map(|until_ms| format!("until {}", utc(until_ms)));
        if let (Some(why), Some(until)) = (&self.after, &until) {
            return write!(f, "{until}, to try \"{}\" again: {why}", self.key);
        }
        let signal = self.signal.as_ref().map(|name| format!("for signal {name}"));
        let result = self.result.as_ref().map(|result| format!("for {result}"));
        match (signal.or(result).or(self.runs.as_ref().map(RunsLeft::to_string)), until) {
            (Some(what), Some(until)) => write!(f, "{what}, {until}"),
            (Some(what), None) => f.write_str(&what),
            (None, Some(until)) => f.write_str(&until),
            (None, None) => f.write_str("for ever"),
        }
    }
}

impl fmt::Display for AwaitedResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the result of {} (token \"{}\")", self.tool, self.token)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (key \"{}\", by {})", self.name, self.key, self.by)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_payload_nests_no_deeper_than_the_journal_reads_back() {
        let signal = |levels| {
            let payload = (1..levels).fold(json!([]), |inner, _| json!([inner])).into();
            Signal { key: "k".to_owned(), name: "n".to_owned(), payload, by: "mia".to_owned(), at_ms: 1 }
        };
        assert_eq!(signal(DEPTH_MAX).check(), Ok(()));
        let fault = signal(DEPTH_MAX + 1).check().unwrap_err();
        assert!(fault.message.contains("nests 65 deep") && fault.detail.as_deref() == Some("signal"), "{fault}");
    }
}
