//! What became of the cases.

use serde::Serialize;
use serde_json::Value;
use stockade::{Fault, RunId, Status, Usage};

use super::check::Verdict;
use super::{Case, Evidence, Opinion};

/// How a run of a case, or a case, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mark {
    /// All that was expected is so.
    Passed,
    /// Something is not so.
    Failed,
    /// Nobody knows: the run could not be started or followed, or a judge did not answer.
    Error,
}

/// One run of a case.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Attempt {
    /// The run; none where it could not be started.
    pub(crate) run_id: Option<RunId>,
    /// How it ended.
    pub(crate) mark: Mark,
    /// How far it is what was expected, of 100: the mean of the verdicts.
    pub(crate) score: u8,
    /// How the run settled.
    pub(crate) status: Option<Status>,
    /// What it ended with.
    pub(crate) output: Value,
    /// What is so and what is not.
    pub(crate) verdicts: Vec<Verdict>,
    /// Why nobody knows, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Fault>,
    /// What the run spent.
    pub(crate) usage: Usage,
    /// What the judges spent.
    pub(crate) judging: Usage,
}

/// A case with all its runs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CaseResult {
    /// The case.
    pub(crate) name: String,
    /// How it ended.
    pub(crate) mark: Mark,
    /// How many of a hundred runs passed.
    pub(crate) pass_rate: u8,
    /// How many should have.
    pub(crate) pass_rate_min: u8,
    /// The mean of its runs' scores.
    pub(crate) score: u8,
    /// What its runs spent.
    pub(crate) usage: Usage,
    /// What the judges spent.
    pub(crate) judging: Usage,
    /// The runs.
    pub(crate) attempts: Vec<Attempt>,
}

/// All cases under one configuration.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Evaluation {
    /// The file of the cases.
    pub(crate) suite: String,
    /// The configuration.
    pub(crate) config: String,
    /// How many cases passed.
    pub(crate) passed: usize,
    /// How many did not.
    pub(crate) failed: usize,
    /// Of how many nobody knows.
    pub(crate) errors: usize,
    /// The mean of the cases' scores.
    pub(crate) score: u8,
    /// What the runs spent.
    pub(crate) usage: Usage,
    /// What the judges spent.
    pub(crate) judging: Usage,
    /// The cases, in their order.
    pub(crate) cases: Vec<CaseResult>,
}

impl Attempt {
    /// Takes what the checks of a case say of a run.
    pub(crate) fn checked(case: &Case, run: RunId, evidence: &Evidence) -> Self {
        let verdicts = case.checks.iter().map(|check| check.verdict(evidence)).collect();
        let (status, output, usage) = (Some(evidence.status), evidence.output.clone(), evidence.usage);
        let attempt = Self { run_id: Some(run), status, output, verdicts, usage, ..Self::broken(None) };
        attempt.scored()
    }

    /// Takes what a run came to that could not be followed.
    pub(crate) fn unknown(run: Option<RunId>, fault: Fault) -> Self {
        Self { run_id: run, ..Self::broken(Some(fault)) }.scored()
    }

    /// Adds what judges say, each with what it spent: or why one says nothing.
    pub(crate) fn judged(mut self, case: &Case, opinions: Vec<(Result<Opinion, Fault>, Usage)>) -> Self {
        for (judge, (opinion, usage)) in case.judges.iter().zip(opinions) {
            self.judging.add(&usage);
            match opinion {
                Ok(opinion) => self.verdicts.push(judge.verdict(&opinion)),
                Err(fault) => self.error = self.error.or(Some(fault)),
            }
        }
        self.scored()
    }

    fn broken(error: Option<Fault>) -> Self {
        let (usage, judging) = (Usage::default(), Usage::default());
        let (output, verdicts) = (Value::Null, Vec::new());
        Self { run_id: None, mark: Mark::Error, score: 0, status: None, output, verdicts, error, usage, judging }
    }

    /// What is known to be wrong comes before what nobody knows.
    fn scored(mut self) -> Self {
        self.score = mean(self.verdicts.iter().map(|verdict| verdict.score));
        self.mark = match (&self.error, self.verdicts.iter().all(|verdict| verdict.passed)) {
            (_, false) => Mark::Failed,
            (Some(_), true) => Mark::Error,
            (None, true) => Mark::Passed,
        };
        self
    }
}

impl CaseResult {
    /// Takes all runs of a case.
    pub(crate) fn new(case: &Case, attempts: Vec<Attempt>) -> Self {
        let count = |mark: Mark| attempts.iter().filter(|attempt| attempt.mark == mark).count();
        let (passed, runs) = (count(Mark::Passed), attempts.len());
        let mark = match passed * 100 >= usize::from(case.pass_rate) * runs && runs > 0 {
            true => Mark::Passed,
            false if count(Mark::Failed) == 0 => Mark::Error,
            false => Mark::Failed,
        };
        Self {
            name: case.name.clone(),
            mark,
            pass_rate: percent(passed, runs),
            pass_rate_min: case.pass_rate,
            score: mean(attempts.iter().map(|attempt| attempt.score)),
            usage: sum(attempts.iter().map(|attempt| &attempt.usage)),
            judging: sum(attempts.iter().map(|attempt| &attempt.judging)),
            attempts,
        }
    }
}

impl Evaluation {
    /// Takes all cases.
    pub(crate) fn new(suite: &str, config: &str, cases: Vec<CaseResult>) -> Self {
        let count = |mark: Mark| cases.iter().filter(|case| case.mark == mark).count();
        Self {
            suite: suite.to_owned(),
            config: config.to_owned(),
            passed: count(Mark::Passed),
            failed: count(Mark::Failed),
            errors: count(Mark::Error),
            score: mean(cases.iter().map(|case| case.score)),
            usage: sum(cases.iter().map(|case| &case.usage)),
            judging: sum(cases.iter().map(|case| &case.judging)),
            cases,
        }
    }

    /// Returns whether every case passed.
    pub(crate) fn is_passed(&self) -> bool {
        self.passed == self.cases.len()
    }
}

fn sum<'a>(usages: impl Iterator<Item = &'a Usage>) -> Usage {
    usages.fold(Usage::default(), |mut sum, usage| {
        sum.add(usage);
        sum
    })
}

fn percent(part: usize, whole: usize) -> u8 {
    (part * 100).checked_div(whole).and_then(|percent| u8::try_from(percent).ok()).unwrap_or_default()
}

/// The mean, rounded down so that only what is perfect is 100; of nothing it is 0.
fn mean(scores: impl Iterator<Item = u8>) -> u8 {
    let (sum, count) = scores.fold((0_u64, 0_u64), |(sum, count), score| (sum + u64::from(score), count + 1));
    sum.checked_div(count).and_then(|mean| u8::try_from(mean).ok()).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use serde_json::json;
    use stockade::Kind;

    use super::super::Suite;
    use super::super::check::tests::evidence;
    use super::*;

    pub(in crate::eval) fn case(more: &str) -> Case {
        let text = format!("workflow: w\ncases:\n- name: a case\n  input: 1\n{more}");
        Suite::parse(&text, Path::new("cases.yaml")).unwrap().cases.remove(0)
    }

    pub(in crate::eval) fn run() -> RunId {
        "01890f3c-0000-7000-8000-000000000001".parse().unwrap()
    }

    fn opinion(score: u8) -> (Result<Opinion, Fault>, Usage) {
        (Opinion::of(&json!({"score": score, "reason": "so"})), Usage { tokens: 5, ..Usage::default() })
    }

    fn silent() -> (Result<Opinion, Fault>, Usage) {
        (Err(Fault::new(Kind::Model, "no answer")), Usage::default())
    }

    #[test]
    fn an_attempt_passes_where_all_verdicts_do_and_nobody_is_in_doubt() {
        let case = case("  expect:\n    judge: {rubric: r, min: 60}");
        let wrong = self::case("  expect:\n    status: failed\n    judge: {rubric: r}");
        for (case, opinion, mark, score) in [
            (&case, opinion(60), Mark::Passed, 80),
            (&case, opinion(59), Mark::Failed, 79),
            (&case, silent(), Mark::Error, 100),
            (&wrong, silent(), Mark::Failed, 0),
        ] {
            let attempt = Attempt::checked(case, run(), &evidence()).judged(case, vec![opinion]);
            assert_eq!((attempt.mark, attempt.score), (mark, score), "{attempt:?}");
        }
        let judged = Attempt::checked(&case, run(), &evidence()).judged(&case, vec![opinion(60)]);
        assert_eq!((judged.usage.tokens, judged.judging.tokens), (10, 5));
        assert_eq!(Attempt::unknown(None, Fault::new(Kind::Journal, "full")).mark, Mark::Error);
    }

    #[test]
    fn a_case_passes_where_enough_of_its_runs_do() {
        let good = Attempt::checked(&case(""), run(), &evidence());
        let bad = Attempt::checked(&case("  expect: {status: failed}"), run(), &evidence());
        let lost = Attempt::unknown(None, Fault::new(Kind::Journal, "full"));
        for (rate, attempts, mark, reached) in [
            (100, vec![&good, &good], Mark::Passed, 100),
            (100, vec![&good, &bad], Mark::Failed, 50),
            (66, vec![&good, &good, &bad], Mark::Passed, 66),
            (67, vec![&good, &good, &bad], Mark::Failed, 66),
            (50, vec![&good, &lost], Mark::Passed, 50),
            (60, vec![&good, &lost], Mark::Error, 50),
            (60, vec![&bad, &lost], Mark::Failed, 0),
            (1, vec![], Mark::Error, 0),
        ] {
            let attempts: Vec<_> = attempts.into_iter().cloned().collect();
            let result = CaseResult::new(&case(&format!("  pass_rate: {rate}")), attempts);
            assert_eq!((result.mark, result.pass_rate), (mark, reached), "{result:?}");
        }
    }

    #[test]
    fn an_evaluation_adds_up() {
        let result = |attempts| CaseResult::new(&case(""), attempts);
        let good = Attempt::checked(&case(""), run(), &evidence());
        let lost = Attempt::unknown(None, Fault::new(Kind::Journal, "full"));
        let evaluation = Evaluation::new("cases.yaml", "", vec![result(vec![good.clone(), good]), result(vec![lost])]);
        assert_eq!((evaluation.passed, evaluation.failed, evaluation.errors, evaluation.score), (1, 0, 1, 50));
        assert_eq!((evaluation.usage.tokens, evaluation.is_passed()), (20, false));
    }
}
