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
    /// How that ended and what it cost, with the attempts before the last one. None where the host stopped before it knew.
    pub ended: Option<(ToolOutcome, Usage)>,
    /// How many attempts have failed, after each of which there was another one.
    pub attempts: u32,
    /// What those attempts have used and was not paid for before the call has ended.
    pub spent: Usage,
    /// Whether it may have happened: an attempt has begun, and did not end by failing.
    pub may_have_happened: bool,
}

impl CodeCall {
    fn open(call: &ToolCall) -> Self {
        Self { call: call.clone(), ended: None, attempts: 0, spent: Usage::NONE, may_have_happened: false }
    }
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

    /// Returns how many attempts at calls have failed, after each of which there was another one.
    pub fn attempts(&self) -> u64 {
        self.calls.iter().map(|call| u64::from(call.attempts)).fold(0, u64::saturating_add)
    }

    /// Returns what the attempts at a call that has not ended have used, as far as it was not paid for.
    pub fn spent(&self) -> Usage {
        self.calls.last().filter(|last| last.ended.is_none()).map_or(Usage::NONE, |last| last.spent)
    }

    /// Returns what was not paid for when the code was cut short.
    pub fn unpaid(&self) -> Usage {
        let ended = self.calls.iter().skip(self.settled).filter_map(|call| call.ended.as_ref());
        ended.fold(self.spent(), |mut unpaid, (_, used)| {
            unpaid.add(used);
            unpaid
        })
    }

    /// Returns the last call, of which it is not known whether it happened.
    pub(crate) fn unknown(&self, number: usize) -> Result<&ToolCall, String> {
        let last = self.calls.get(number).filter(|_| number.saturating_add(1) == self.calls.len());
        match last.map(|last| (&last.call, &last.ended)) {
            Some((call, Some((ToolOutcome::Unknown(_), _)))) => Ok(call),
            Some(_) | None => Err(format!("call {number} of the code is not a last one that may have happened")),
        }
    }

    /// Says how a call ended of which it was not known whether it happened. It was paid for before.
    pub(crate) fn answer(&mut self, number: usize, outcome: &ToolOutcome) {
        if let Some((ended, _)) = self.calls.get_mut(number).and_then(|call| call.ended.as_mut()) {
            ended.clone_from(outcome);
        }
    }

    /// All that the calls have used until now is paid for.
    pub(crate) fn settle(&mut self) {
        self.settled = self.calls.iter().take_while(|call| call.ended.is_some()).count();
        if let Some(open) = self.calls.get_mut(self.settled) {
            open.spent = Usage::NONE;
        }
    }

    /// A call whose outcome is not known may begin again, for its key lets the tool tell a repetition.
    pub(crate) fn begin(&mut self, number: usize, call: &ToolCall) -> Result<(), String> {
        self.opened(number, call)?.may_have_happened = true;
        Ok(())
    }

    /// An attempt has failed, and the call is made again.
    pub(crate) fn retry(
        &mut self,
        number: usize,
        call: &ToolCall,
        outcome: &ToolOutcome,
        used: &Usage,
    ) -> Result<(), String> {
        let may_have_happened = match outcome {
            ToolOutcome::Returned(_) => return Err(format!("call {number} of the code has answered")),
            ToolOutcome::Failed(_) => false,
            ToolOutcome::Unknown(_) => true,
        };
        let open = self.opened(number, call)?;
        open.may_have_happened = may_have_happened;
        open.attempts = open.attempts.saturating_add(1);
        open.spent.add(used);
        Ok(())
    }

    pub(crate) fn end(
        &mut self,
        number: usize,
        call: &ToolCall,
        outcome: &ToolOutcome,
        used: &Usage,
    ) -> Result<(), String> {
        self.opened(number, call)?.ended = Some((outcome.clone(), *used));
        Ok(())
    }

    /// Returns the call that is open, or opens the next one.
    fn opened(&mut self, number: usize, call: &ToolCall) -> Result<&mut CodeCall, String> {
        if !self.is_open(number, call) {
            self.check_next(number)?;
            self.calls.push(CodeCall::open(call));
        }
        self.calls.last_mut().ok_or_else(|| format!("there is no call {number} of the code"))
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

    #[test]
    fn attempts_are_paid_once_with_the_call_or_when_the_code_is_cut_short() {
        let (call, cost) = (ToolCall::new("a", "f", json!({})), Usage { fuel: 7, ..Usage::NONE });
        let failed = ToolOutcome::Failed(crate::Fault::new(crate::Kind::GuestError, "not now"));
        let unknown = ToolOutcome::Unknown(crate::Fault::new(crate::Kind::UnknownOutcome, "who knows"));
        let done = ToolOutcome::Returned(json!(1).into());
        let mut calls = CodeCalls::default();
        assert!(calls.retry(0, &call, &done, &cost).is_err(), "what has answered is not made again");
        calls.begin(0, &call).unwrap();
        assert!(calls.get(0).unwrap().may_have_happened);
        calls.retry(0, &call, &failed, &cost).unwrap();
        assert!(!calls.get(0).unwrap().may_have_happened, "it has failed, and not begun again");
        calls.retry(0, &call, &unknown, &cost).unwrap();
        assert!(calls.get(0).unwrap().may_have_happened);
        assert_eq!((calls.attempts(), calls.unpaid().fuel), (2, 14));
        calls.settle();
        assert_eq!((calls.attempts(), calls.unpaid().fuel), (2, 0));
        calls.end(0, &call, &done, &cost).unwrap();
        assert_eq!(calls.unpaid().fuel, 7);
        assert!(calls.retry(0, &call, &failed, &cost).is_err(), "it has ended");
    }
}
