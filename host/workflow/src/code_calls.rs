use crate::{ToolCall, ToolOutcome, Usage};

/// The calls that one piece of code made, in their order: what a repetition of it is answered from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeCalls {
    calls: Vec<CodeCall>,
    /// How many of them were paid for when the code was cut short.
    settled: usize,
}

/// One call that code made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeCall {
    /// What it called.
    pub call: ToolCall,
    /// How that ended and what it cost. None where the host stopped before it knew.
    pub ended: Option<(ToolOutcome, Usage)>,
}

impl CodeCalls {
    pub(crate) const NONE: Self = Self { calls: Vec::new(), settled: 0 };

    /// Returns how many calls there are.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Returns whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Returns one of the calls.
    pub fn get(&self, number: usize) -> Option<&CodeCall> {
        self.calls.get(number)
    }

    /// Returns the calls, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = &CodeCall> {
        self.calls.iter()
    }

    /// Returns whether a call was paid for, when the code was cut short.
    pub fn is_settled(&self, number: usize) -> bool {
        number < self.settled
    }

    /// Returns the fuel that the tools used.
    pub fn fuel(&self) -> u64 {
        let used = self.calls.iter().filter_map(|call| call.ended.as_ref()).map(|(_, used)| used.fuel);
        used.fold(0, u64::saturating_add)
    }

    /// Returns how much memory they take, about.
    pub fn memory_bytes(&self) -> u64 {
        let outcome = |call: &CodeCall| call.ended.as_ref().map_or(0, |(outcome, _)| outcome.memory_bytes());
        self.calls.iter().map(|call| call.call.memory_bytes() + outcome(call)).sum()
    }

    pub(crate) fn settle(&mut self) {
        self.settled = self.calls.iter().take_while(|call| call.ended.is_some()).count();
    }

    /// A call whose outcome is not known may begin again, for its key lets the tool tell a repetition.
    pub(crate) fn begin(&mut self, number: usize, call: &ToolCall) -> Result<(), String> {
        if self.is_open(number, call) {
            return Ok(());
        }
        self.check_next(number)?;
        self.calls.push(CodeCall { call: call.clone(), ended: None });
        Ok(())
    }

    pub(crate) fn end(
        &mut self,
        number: usize,
        call: &ToolCall,
        outcome: &ToolOutcome,
        used: &Usage,
    ) -> Result<(), String> {
        let ended = Some((outcome.clone(), *used));
        if self.is_open(number, call)
            && let Some(open) = self.calls.last_mut()
        {
            open.ended = ended;
            return Ok(());
        }
        self.check_next(number)?;
        self.calls.push(CodeCall { call: call.clone(), ended });
        Ok(())
    }

    fn is_open(&self, number: usize, call: &ToolCall) -> bool {
        number + 1 == self.calls.len()
            && self.calls.last().is_some_and(|last| last.ended.is_none() && last.call == *call)
    }

    fn check_next(&self, number: usize) -> Result<(), String> {
        if number != self.calls.len() || self.calls.last().is_some_and(|last| last.ended.is_none()) {
            return Err(format!("call {number} of the code does not follow its {} calls", self.calls.len()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn calls_follow_one_another_and_an_open_one_may_begin_again() {
        let (a, b) = (ToolCall::new("a", "f", json!({})), ToolCall::new("b", "f", json!({})));
        let (done, cost) = (ToolOutcome::Returned(json!(1).into()), Usage { fuel: 7, ..Usage::default() });
        let mut calls = CodeCalls::default();
        assert!(calls.begin(1, &a).is_err(), "there is no call 0");
        calls.begin(0, &a).unwrap();
        calls.begin(0, &a).unwrap();
        assert!(
            calls.begin(0, &b).is_err() && calls.end(1, &b, &done, &cost).is_err(),
            "call 0 is open, and is another"
        );
        calls.end(0, &a, &done, &cost).unwrap();
        assert!(calls.end(0, &a, &done, &cost).is_err(), "it has ended");
        calls.end(1, &b, &done, &cost).unwrap();
        calls.settle();
        calls.begin(2, &a).unwrap();
        calls.settle();
        assert!(calls.is_settled(1) && !calls.is_settled(2), "the cost of the third one is not known");
    }
}
