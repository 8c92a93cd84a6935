//! The results of cases.

use serde::Serialize;
use serde_json::Value;
use stockade::{Fault, RunId, Status, Usage};

use super::check::Verdict;
use super::{Case, Evidence, Opinion};

/// How a run of a case, or a case, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Every check passed.
    Passed,
    /// A check failed.
    Failed,
    /// The outcome is unknown: the run could not be started or followed, or a judge did not answer.
    Error,
}

/// One run of a case.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// The run; absent if it could not be started.
    pub run_id: Option<RunId>,
    /// How it ended.
    pub mark: Mark,
    /// The score, of 100: the mean of the verdicts; absent if the outcome is unknown.
    pub score: Option<u8>,
    /// How the run settled.
    pub status: Option<Status>,
    /// Its output.
    pub output: Value,
    /// What the checks found.
    pub verdicts: Vec<Verdict>,
    /// Why the outcome is unknown, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
    /// What the run spent.
    pub usage: Usage,
    /// What the judges spent.
    pub judging: Usage,
}

/// A case with all its runs.
#[derive(Clone, Debug, Serialize)]
pub struct CaseResult {
    /// The case.
    pub name: String,
    /// How it ended.
    pub mark: Mark,
    /// How many of a hundred runs passed.
    pub pass_rate: u8,
    /// How many must pass.
    pub pass_rate_min: u8,
    /// The mean of its runs' scores; absent if the outcome is unknown.
    pub score: Option<u8>,
    /// What its runs spent.
    pub usage: Usage,
    /// What the judges spent.
    pub judging: Usage,
    /// The runs.
    pub attempts: Vec<Attempt>,
}

/// All cases under one configuration.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// The file of the cases.
    pub suite: String,
    /// The configuration.
    pub config: String,
    /// How many cases passed.
    pub passed: usize,
    /// How many failed.
    pub failed: usize,
    /// How many outcomes are unknown.
    pub errors: usize,
    /// The mean of the cases' scores, of those that have one.
    pub score: Option<u8>,
    /// What the runs spent.
    pub usage: Usage,
    /// What the judges spent.
    pub judging: Usage,
    /// The cases, in their order.
    pub cases: Vec<CaseResult>,
}

impl Attempt {
    /// Checks a run against its case.
    pub fn checked(case: &Case, run: RunId, evidence: &Evidence) -> Self {
        let verdicts = case.checks.iter().map(|check| check.verdict(evidence)).collect();
        let (status, output, usage) = (Some(evidence.status), evidence.output.clone(), evidence.usage);
        let attempt = Self { run_id: Some(run), status, output, verdicts, usage, ..Self::broken(None) };
        attempt.scored()
    }

    /// Makes the attempt of a run that could not be started or followed.
    pub fn unknown(run: Option<RunId>, fault: Fault) -> Self {
        Self { run_id: run, ..Self::broken(Some(fault)) }.scored()
    }

    /// Adds the opinions of judges, each with what it spent, or why a judge gave none.
    pub fn judged(mut self, case: &Case, opinions: Vec<(Result<Opinion, Fault>, Usage)>) -> Self {
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
        Self { run_id: None, mark: Mark::Error, score: None, status: None, output, verdicts, error, usage, judging }
    }

    /// A check that failed outweighs one whose outcome is unknown.
    fn scored(mut self) -> Self {
        self.mark = match (&self.error, self.verdicts.iter().all(|verdict| verdict.passed)) {
            (_, false) => Mark::Failed,
            (Some(_), true) => Mark::Error,
            (None, true) => Mark::Passed,
        };
        self.score = match self.mark {
            Mark::Error => None,
            _ => mean(self.verdicts.iter().map(|verdict| verdict.score)),
        };
        self
    }
}

impl CaseResult {
    /// Makes the result of a case from all its runs.
    pub fn new(case: &Case, attempts: Vec<Attempt>) -> Self {
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
            score: if mark == Mark::Error { None } else { mean(attempts.iter().filter_map(|attempt| attempt.score)) },
            usage: sum(attempts.iter().map(|attempt| &attempt.usage)),
            judging: sum(attempts.iter().map(|attempt| &attempt.judging)),
            attempts,
        }
    }
}

impl Evaluation {
    /// Makes the evaluation of all cases.
    pub fn new(suite: &str, config: &str, cases: Vec<CaseResult>) -> Self {
        let count = |mark: Mark| cases.iter().filter(|case| case.mark == mark).count();
        Self {
            suite: suite.to_owned(),
            config: config.to_owned(),
            passed: count(Mark::Passed),
            failed: count(Mark::Failed),
            errors: count(Mark::Error),
            score: mean(cases.iter().filter_map(|case| case.score)),
            usage: sum(cases.iter().map(|case| &case.usage)),
            judging: sum(cases.iter().map(|case| &case.judging)),
            cases,
        }
    }

    /// Returns whether every case passed.
    pub fn is_passed(&self) -> bool {
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

/// The mean, rounded down so that only a perfect result is 100. No scores have no mean.
fn mean(scores: impl Iterator<Item = u8>) -> Option<u8> {
    let (sum, count) = scores.fold((0_u64, 0_u64), |(sum, count), score| (sum + u64::from(score), count + 1));
    sum.checked_div(count).and_then(|mean| u8::try_from(mean).ok())
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use serde_json::json;
    use stockade::Kind;

    use super::super::Suite;
    use super::super::check::tests::evidence;
    use super::*;

    pub(crate) fn case(more: &str) -> Case {
        let text = format!("workflow: w\ncases:\n- name: a case\n  input: 1\n{more}");
        Suite::parse(&text, Path::new("cases.yaml")).unwrap().cases.remove(0)
    }

    pub(crate) fn run() -> RunId {
        "01890f3c-0000-7000-8000-000000000001".parse().unwrap()
    }

    fn opinion(score: u8) -> (Result<Opinion, Fault>, Usage) {
        (Opinion::of(&json!({"score": score, "reason": "so"})), Usage::default().tokens(5))
    }

    fn silent() -> (Result<Opinion, Fault>, Usage) {
        (Err(Fault::new(Kind::Model, "no answer")), Usage::default())
    }

    #[test]
    fn an_attempt_passes_if_all_checks_pass_and_every_judge_answers() {
        let case = case("  expect:\n    judge: {rubric: r, min: 60}");
        let wrong = self::case("  expect:\n    status: failed\n    judge: {rubric: r}");
        for (case, opinion, mark, score) in [
            (&case, opinion(60), Mark::Passed, Some(80)),
            (&case, opinion(59), Mark::Failed, Some(79)),
            (&case, silent(), Mark::Error, None),
            (&wrong, silent(), Mark::Failed, Some(0)),
        ] {
            let attempt = Attempt::checked(case, run(), &evidence()).judged(case, vec![opinion]);
            assert_eq!((attempt.mark, attempt.score), (mark, score), "{attempt:?}");
        }
        let judged = Attempt::checked(&case, run(), &evidence()).judged(&case, vec![opinion(60)]);
        assert_eq!((judged.usage.tokens, judged.judging.tokens), (10, 5));
        assert_eq!(Attempt::unknown(None, Fault::of_storage("full")).mark, Mark::Error);
    }

    #[test]
    fn a_case_passes_if_enough_of_its_runs_pass() {
        let good = Attempt::checked(&case(""), run(), &evidence());
        let bad = Attempt::checked(&case("  expect: {status: failed}"), run(), &evidence());
        let lost = Attempt::unknown(None, Fault::of_storage("full"));
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
        let lost = Attempt::unknown(None, Fault::of_storage("full"));
        let evaluation = Evaluation::new("cases.yaml", "", vec![result(vec![good.clone(), good]), result(vec![lost])]);
        assert_eq!((evaluation.passed, evaluation.failed, evaluation.errors, evaluation.score), (1, 0, 1, Some(100)));
        assert_eq!((evaluation.usage.tokens, evaluation.is_passed()), (20, false));
    }
}
