use crate::{ToolCall, ToolOutcome, Usage};

/// The calls that one piece of code made, in their order: what a repetition of it is answered from.
///
/// Several of them may be in flight at once, of those that the code made before it waited for any: then the intents of all are
/// there before any of them ends, and they end in whatever order they do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeCalls {
    calls: Vec<CodeCall>,
    /// The numbers of those that have not ended, in their order.
    open: Vec<usize>,
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
    /// Whether it had ended and was paid for when the code was cut short.
    pub is_paid: bool,
}

impl CodeCall {
    fn open(call: &ToolCall) -> Self {
        let (call, ended, spent) = (call.clone(), None, Usage::NONE);
        Self { call, ended, attempts: 0, spent, may_have_happened: false, is_paid: false }
    }
}

impl CodeCalls {
    pub(crate) const NONE: Self = Self { calls: Vec::new(), open: Vec::new() };

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

    /// Returns the calls that have not ended, each with its number.
    pub fn open(&self) -> impl Iterator<Item = (usize, &CodeCall)> {
        self.open.iter().filter_map(|number| Some((*number, self.calls.get(*number)?)))
    }

    /// Returns whether the first `count` calls were made and have ended.
    pub fn have_ended(&self, count: usize) -> bool {
        count <= self.calls.len() && self.open.first().is_none_or(|open| *open >= count)
    }

    /// Returns whether a call was paid for, when the code was cut short.
    pub fn is_settled(&self, number: usize) -> bool {
        self.calls.get(number).is_some_and(|call| call.is_paid)
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

    /// Returns what the attempts at calls that have not ended have used, as far as it was not paid for.
    pub fn spent(&self) -> Usage {
        sum(self.open().map(|(_, call)| call.spent))
    }

    /// Returns the same of one call.
    pub fn spent_by(&self, number: usize) -> Usage {
        self.calls.get(number).filter(|call| call.ended.is_none()).map_or(Usage::NONE, |call| call.spent)
    }

    /// Returns what was not paid for when the code was cut short.
    pub fn unpaid(&self) -> Usage {
        let ended = self.calls.iter().filter(|call| !call.is_paid).filter_map(|call| call.ended.as_ref());
        sum(ended.map(|(_, used)| *used).chain([self.spent()]))
    }

    /// Returns a call that has ended, and of which it is not known whether it happened.
    pub(crate) fn unknown(&self, number: usize) -> Result<&ToolCall, String> {
        match self.calls.get(number).map(|call| (&call.call, &call.ended)) {
            Some((call, Some((ToolOutcome::Unknown(_), _)))) => Ok(call),
            Some(_) | None => Err(format!("call {number} of the code is not one that may have happened")),
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
        for call in &mut self.calls {
            if call.ended.is_some() {
                call.is_paid = true;
            } else {
                call.spent = Usage::NONE;
            }
        }
    }

    /// A call begins, beside others that are in flight or not. One whose outcome is not known may begin again, for its key lets
    /// the tool tell a repetition.
    pub(crate) fn begin(&mut self, number: usize, call: &ToolCall) -> Result<(), String> {
        if !self.is_open(number, call) {
            self.open_next(number, call)?;
        }
        if let Some(open) = self.calls.get_mut(number) {
            open.may_have_happened = true;
        }
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
        self.open.retain(|open| *open != number);
        Ok(())
    }

    /// Returns the call of this number, which is open; or opens the next one, which has no intent, where all before it have
    /// ended.
    fn opened(&mut self, number: usize, call: &ToolCall) -> Result<&mut CodeCall, String> {
        if !self.is_open(number, call) {
            if !self.have_ended(number) {
                return Err(self.out_of_place(number));
            }
            self.open_next(number, call)?;
        }
        self.calls.get_mut(number).ok_or_else(|| format!("there is no call {number} of the code"))
    }

    fn is_open(&self, number: usize, call: &ToolCall) -> bool {
        self.calls.get(number).is_some_and(|open| open.ended.is_none() && open.call == *call)
    }

    fn open_next(&mut self, number: usize, call: &ToolCall) -> Result<(), String> {
        if number != self.calls.len() {
            return Err(self.out_of_place(number));
        }
        self.calls.push(CodeCall::open(call));
        self.open.push(number);
        Ok(())
    }

    fn out_of_place(&self, number: usize) -> String {
        format!("call {number} of the code does not follow its {} calls", self.calls.len())
    }
}

fn sum(all: impl Iterator<Item = Usage>) -> Usage {
    all.fold(Usage::NONE, |mut sum, used| {
        sum.add(&used);
        sum
    })
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
    fn calls_that_have_begun_together_end_in_any_order_and_each_is_paid_once() {
        let [a, b, c] = ["a", "b", "c"].map(|tool| ToolCall::new(tool, "f", json!({})));
        let (done, cost) = (ToolOutcome::Returned(json!(1).into()), Usage { fuel: 7, ..Usage::NONE });
        let unknown = ToolOutcome::Unknown(crate::Fault::new(crate::Kind::UnknownOutcome, "it may have happened"));
        let mut calls = CodeCalls::default();
        calls.begin(0, &a).unwrap();
        calls.begin(1, &b).unwrap();
        assert!(calls.end(2, &c, &done, &cost).is_err(), "without an intent, a call follows those that have ended");
        assert!(calls.end(0, &b, &done, &cost).is_err(), "call 0 is another");
        calls.begin(2, &c).unwrap();
        calls.end(1, &b, &unknown, &cost).unwrap();
        assert!(calls.have_ended(0) && !calls.have_ended(1) && !calls.have_ended(4));
        assert_eq!(calls.open().map(|(number, _)| number).collect::<Vec<_>>(), [0, 2]);
        calls.retry(2, &c, &unknown, &cost).unwrap();
        assert_eq!((calls.spent().fuel, calls.spent_by(0).fuel, calls.spent_by(2).fuel), (7, 0, 7));
        assert_eq!(calls.unpaid().fuel, 14);
        calls.settle();
        assert!(calls.is_settled(1) && !calls.is_settled(0) && !calls.is_settled(2));
        assert_eq!(calls.unpaid().fuel, 0);
        calls.end(2, &c, &done, &cost).unwrap();
        calls.end(0, &a, &done, &cost).unwrap();
        assert_eq!(calls.unpaid().fuel, 14, "call 1 was paid before");
        assert!(calls.have_ended(3) && calls.begin(1, &b).is_err());
        assert!(calls.unknown(1).is_ok() && calls.unknown(0).is_err() && calls.unknown(3).is_err());
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
