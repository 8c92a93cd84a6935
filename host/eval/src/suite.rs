//! The cases of an evaluation, each with everything it needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use serde_saphyr::Spanned;
use stockade::schema::Schema;
use stockade::{Budget, Digest, Fault, Status};

use super::amount::Amounts;
use super::check::Check;
use super::document::{Agent, Answer, Document, Expect, Models, Written};
use super::judge::Judge;

/// The most cases of a suite; each has a host of its own.
const CASES_MAX: usize = 1_000;

/// How often a case may be repeated.
const REPEAT_MAX: u32 = 100;

/// The longest name of a case, in bytes: it stands in tables.
const NAME_BYTES_MAX: usize = 200;

/// How much of a case's name is in the names of its files; file systems allow 255 bytes.
const SLUG_CHARS_MAX: usize = 40;

/// A subject and the cases on which it is evaluated.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The name of its file.
    pub name: String,
    /// What is run.
    pub subject: Subject,
    /// The cases, in their order.
    pub cases: Vec<Case>,
}

/// What a suite runs.
#[derive(Clone, Debug)]
pub enum Subject {
    /// The workflow of this name.
    Workflow(String),
    /// An agent with this configuration.
    Agent(Agent),
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name, which no other has.
    pub name: String,
    /// What its runs are started with.
    pub input: Value,
    /// What answers in place of the models; without it, the models of the configuration answer.
    pub models: Option<Models>,
    /// The answer that is given for a person.
    pub answer: Answer,
    /// How often it is run.
    pub repeat: u32,
    /// How many of a hundred of its runs must pass.
    pub pass_rate: u8,
    /// What is expected of each run.
    pub checks: Vec<Check>,
    /// The judges of its output.
    pub judges: Vec<Judge>,
    budget: Amounts,
}

impl Suite {
    /// Reads the text of a file. Paths in it are relative to its folder.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](stockade::Kind::Invalid), with the line, the case and the key that is wrong.
    pub fn parse(text: &str, file: &Path) -> Result<Self, Fault> {
        let name = file.display().to_string();
        let folder = file.parent().unwrap_or(Path::new(""));
        let document = Document::parse(text, &name)?;
        let whole = |why: &str| Fault::invalid("eval", format!("\"{name}\": {why}"));
        let subject = subject(&document).map_err(|why| whole(&why))?;
        match document.cases.len() {
            0 => return Err(whole("`cases` is empty; there must be one at least")),
            cases if cases > CASES_MAX => {
                return Err(whole(&format!("`cases` are {cases}, and {CASES_MAX} are allowed")));
            }
            _ => {}
        }
        let cases = cases(&document, &subject, folder);
        let cases = cases.map_err(|(line, case, why)| {
            Fault::invalid("eval", format!("\"{name}\", line {line}, case \"{case}\": {why}"))
        })?;
        Ok(Self { name, subject, cases })
    }

    /// Keeps the case of this name only.
    ///
    /// # Errors
    ///
    /// There is no such case.
    pub fn only(mut self, name: &str) -> Result<Self, Fault> {
        let names: Vec<_> = self.cases.iter().map(|case| format!("\"{}\"", case.name)).collect();
        self.cases.retain(|case| case.name == name);
        if self.cases.is_empty() {
            let message = format!("\"{}\" has no case \"{name}\"; there are {}", self.name, names.join(", "));
            return Err(Fault::invalid("eval", message));
        }
        Ok(self)
    }
}

impl Case {
    /// Returns the input of a run of the case; `ask` names the tools before whose calls an agent asks a person.
    pub fn input(&self, subject: &Subject, ask: &[&str]) -> Value {
        let Subject::Agent(agent) = subject else { return self.input.clone() };
        let mut input = json!(agent);
        if let Some(members) = input.as_object_mut() {
            members.insert("ask".to_owned(), json!(ask));
            match &self.input {
                Value::Object(own) => members.extend(own.clone()),
                task => drop(members.insert("task".to_owned(), task.clone())),
            }
        }
        input
    }

    /// Returns a name for the files of this case, which no other case has.
    pub fn slug(&self) -> String {
        let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
        let readable: String = self.name.chars().take(SLUG_CHARS_MAX).map(plain).collect();
        format!("{readable}-{}", Digest::of(self.name.as_bytes()).short())
    }

    /// Returns what a run of the case may spend.
    pub fn budget(&self, usual: Budget) -> Budget {
        self.budget.onto(usual)
    }
}

/// An error in a case: its line, its name, and why.
type Wrong = (u64, String, String);

fn subject(document: &Document) -> Result<Subject, String> {
    match (&document.workflow, &document.agent) {
        (Some(workflow), None) => Ok(Subject::Workflow(workflow.clone())),
        (None, Some(agent)) => Ok(Subject::Agent(agent.clone())),
        _ => Err("exactly one of `workflow` and `agent` says what is run".to_owned()),
    }
}

fn cases(document: &Document, subject: &Subject, folder: &Path) -> Result<Vec<Case>, Wrong> {
    let mut lines: BTreeMap<&str, u64> = BTreeMap::new();
    let mut cases = Vec::new();
    for Spanned { value: written, referenced, .. } in &document.cases {
        let wrong = |why: String| (referenced.line(), written.name.clone(), why);
        if let Some(line) = lines.insert(&written.name, referenced.line()) {
            return Err(wrong(format!("the case in line {line} has this `name` already")));
        }
        check_name(&written.name).and_then(|()| check_input(subject, &written.input)).map_err(wrong)?;
        cases.push(case(document, written, folder).map_err(wrong)?);
    }
    Ok(cases)
}

fn check_name(name: &str) -> Result<(), String> {
    match name.len() {
        0 => Err("`name` is empty".to_owned()),
        bytes if bytes > NAME_BYTES_MAX => Err(format!("`name` has {bytes} bytes, and {NAME_BYTES_MAX} are allowed")),
        _ => Ok(()),
    }
}

fn check_input(subject: &Subject, input: &Value) -> Result<(), String> {
    let is_task = input.is_string() || input.get("task").is_some_and(Value::is_string);
    match subject {
        Subject::Agent(_) if !is_task => {
            Err("`input` of an agent is its task, a text, or a map with `task`".to_owned())
        }
        // The configuration decides what a person is asked for: a case that sets it would evaluate another agent.
        Subject::Agent(_) if input.get("ask").is_some() => {
            Err("a case cannot set `ask` in `input`; `approval` of a tool in stockade.toml sets it".to_owned())
        }
        _ => Ok(()),
    }
}

fn case(document: &Document, written: &Written, folder: &Path) -> Result<Case, String> {
    let expected = [&document.expect, &written.expect];
    let status = written.expect.status.or(document.expect.status);
    Ok(Case {
        name: written.name.clone(),
        input: written.input.clone(),
        models: written.models.clone().or_else(|| document.models.clone()).map(|models| beside(folder, models)),
        answer: written.approve.or(document.approve).unwrap_or_default(),
        repeat: within("repeat", written.repeat.or(document.repeat).unwrap_or(1), REPEAT_MAX)?,
        pass_rate: within("pass_rate", written.pass_rate.or(document.pass_rate).unwrap_or(100), 100)?,
        checks: checks(&expected, status)?,
        judges: expected.iter().filter_map(|expect| expect.judge.clone()).collect(),
        budget: written.budget.clone().or(&document.budget),
    })
}

fn within<N: Into<u64> + Copy>(key: &str, number: N, most: N) -> Result<N, String> {
    let (number_, most): (u64, u64) = (number.into(), most.into());
    if (1..=most).contains(&number_) {
        Ok(number)
    } else {
        Err(format!("`{key}` is from 1 to {most}, and not {number_}"))
    }
}

/// The checks of a case: those of the file and its own. A run must be done if neither sets another status.
fn checks(expected: &[&Expect], status: Option<Status>) -> Result<Vec<Check>, String> {
    let status = status.unwrap_or(Status::Done);
    if status == Status::Running {
        return Err("`status` is how a run settles: done, failed, waiting or suspended".to_owned());
    }
    let mut checks = vec![Check::Status(status)];
    for expect in expected {
        let schema = expect.schema.as_ref().map(Schema::new).transpose();
        let schema = schema.map_err(|error| format!("`schema` is not a valid JSON Schema: {error}"))?;
        checks.extend(expect.error.clone().map(Check::Error));
        checks.extend(expect.output.iter().cloned().map(Check::Output));
        checks.extend(schema.map(Check::Schema));
        checks.extend((!expect.calls.is_empty()).then(|| Check::Calls(expect.calls.clone())));
        checks.extend(expect.never.iter().cloned().map(Check::Never));
        checks.extend(expect.at_most.iter().map(|(currency, amount)| Check::AtMost(currency, amount)));
    }
    Ok(checks)
}

fn beside(folder: &Path, models: Models) -> Models {
    let path = |path: PathBuf| folder.join(path);
    match models {
        Models::File(file) => Models::File(path(file)),
        Models::Replay(file) => Models::Replay(path(file)),
    }
}

#[cfg(test)]
mod tests {
    use stockade::Currency;

    use super::*;

    fn parse(text: &str) -> Result<Suite, String> {
        Suite::parse(text, Path::new("dir/cases.yaml")).map_err(|fault| {
            assert_eq!((fault.kind, fault.detail.as_deref()), (stockade::Kind::Invalid, Some("eval")));
            fault.message
        })
    }

    const WHOLE: &str = r#"
workflow: refund
models: {file: replies.toml}
budget: {tokens: 5000, steps: 30}
repeat: 2
expect:
  never: [payments.pay]
cases:
  - name: within the limit
    input: {user_id: user_789, country: NO}
    repeat: 3
    pass_rate: 60
    approve: yes
    budget: {tokens: 7}
    expect:
      status: failed
      error: trapped
      output:
        - {at: /outcome, equals: processed}
        - {at: /letter, contains: "$79.00"}
        - {at: /letter, matches: "^Dear", not: true}
      schema: {type: object, required: [letter]}
      calls: [purchases.find, {call: payments.refund, with: {user_id: user_789}}]
      at_most: {tokens: 2000, model_calls: 3, money: 1000, wall: 2s}
      judge: {model: main, rubric: The letter is polite., min: 80}
  - {name: bare, input: null}
"#;

    #[test]
    fn a_suite_is_read_with_every_key() {
        let suite = parse(WHOLE).unwrap();
        assert!(matches!(&suite.subject, Subject::Workflow(name) if name == "refund"));
        let [case, bare] = &suite.cases[..] else { panic!("{suite:?}") };
        assert_eq!(case.input(&suite.subject, &[]), json!({"user_id": "user_789", "country": "NO"}));
        assert_eq!((case.repeat, case.pass_rate, case.answer), (3, 60, Answer::Yes));
        assert_eq!((bare.repeat, bare.pass_rate, bare.answer), (2, 100, Answer::Never));
        assert_eq!(case.models, Some(Models::File("dir/replies.toml".into())));
        assert_eq!((case.checks.len(), case.judges.len()), (12, 1));
        assert_eq!((bare.checks.len(), bare.judges.len()), (2, 0));
        assert!(matches!(bare.checks[0], Check::Status(Status::Done)));
        let [budget, of_all] = [case, bare].map(|case| case.budget(Budget::default()));
        assert_eq!(
            [Currency::Tokens, Currency::Steps, Currency::Fuel].map(|one| budget.get(one)),
            [7, 30, 200_000_000]
        );
        assert_eq!(of_all.get(Currency::Tokens), 5_000);
    }

    #[test]
    fn an_agents_case_is_its_task() {
        let text = "agent: {tools: [policy], system: Be brief., steps_max: 3}\ncases:\n- {name: a, input: do it}\n- {name: b, input: {task: do that, system: Be long.}}";
        let suite = parse(text).unwrap();
        let inputs: Vec<_> = suite.cases.iter().map(|case| case.input(&suite.subject, &["policy"])).collect();
        assert_eq!(
            inputs,
            [
                json!({"task": "do it", "tools": ["policy"], "ask": ["policy"], "system": "Be brief.", "steps_max": 3}),
                json!({"task": "do that", "tools": ["policy"], "ask": ["policy"], "system": "Be long.", "steps_max": 3}),
            ]
        );
    }

    #[test]
    fn one_case_can_be_picked() {
        assert_eq!(parse(WHOLE).unwrap().only("bare").unwrap().cases.len(), 1);
        let fault = parse(WHOLE).unwrap().only("bear").unwrap_err();
        assert_eq!(fault.message, "\"dir/cases.yaml\" has no case \"bear\"; there are \"within the limit\", \"bare\"");
    }

    #[test]
    fn a_case_has_files_of_its_own() {
        let text = "workflow: w\ncases:\n- {name: ../Ä b, input: 1}\n- {name: .. Ä b, input: 1}";
        let slugs = parse(text).unwrap().cases.iter().map(Case::slug).collect::<Vec<_>>();
        assert!(slugs.iter().all(|slug| slug.starts_with("-----b-") && slug.len() == 19), "{slugs:?}");
        assert_ne!(slugs[0], slugs[1]);
    }

    #[test]
    fn an_error_names_its_line_its_case_and_its_key() {
        let case =
            |lines: &str| format!("workflow: refund\ncases:\n- name: a\n  input: 1\n- name: b\n  input: 2\n{lines}");
        for (text, says) in [
            (case("  inptu: 3"), "line 7, case \"b\": unknown field `inptu`, expected one of name, input"),
            (case("  expect:\n    outptu: []"), "line 8, case \"b\": unknown field `outptu`, expected one of status"),
            (
                case("  expect:\n    status: finished"),
                "line 8, case \"b\": unknown variant `finished`, expected one of running",
            ),
            (case("  expect:\n    status: running"), "line 5, case \"b\": `status` is how a run settles"),
            (
                case("  expect:\n    output:\n    - {at: letter, equals: 1}"),
                "line 9, case \"b\": `at` is a JSON pointer",
            ),
            (case("  expect:\n    schema: {type: strnig}"), "line 5, case \"b\": `schema` is not a valid JSON Schema"),
            (case("  expect:\n    calls: [7]"), "line 8, case \"b\""),
            (
                case("  expect:\n    at_most: {token: 7}"),
                "line 8, case \"b\": unknown field `token`, expected one of fuel",
            ),
            (case("  expect:\n    judge: {min: 7}"), "line 8, case \"b\": missing field `rubric`"),
            (case("  approve: maybe"), "line 7, case \"b\": unknown variant `maybe`, expected one of yes, no, never"),
            (case("  models: {fiel: x}"), "line 7, case \"b\": unknown variant `fiel`, expected one of file, replay"),
            (case("  repeat: 0"), "line 5, case \"b\": `repeat` is from 1 to 100, and not 0"),
            (case("  repeat: many"), "line 7, case \"b\""),
            (case("  pass_rate: 101"), "line 5, case \"b\": `pass_rate` is from 1 to 100, and not 101"),
            (case("  repeat: 1\n  repeat: 2"), "line 8"),
            (case("- name: a\n  input: 3"), "line 7, case \"a\": the case in line 3 has this `name` already"),
            (case("- name: ''\n  input: 3"), "line 7, case \"\": `name` is empty"),
            (case("- name: c"), "line 7, case \"c\": missing field `input`"),
            (case("- input: 3"), "line 7: missing field `name`"),
            ("workflow: refund\ncases: []".into(), "`cases` is empty"),
            ("workflow: refund".into(), "missing field `cases`"),
            ("cases:\n- {name: a, input: 1}".into(), "exactly one of `workflow` and `agent`"),
            ("workflow: x\nagent: {}\ncases:\n- {name: a, input: 1}".into(), "exactly one of `workflow` and `agent`"),
            ("agent: {}\ncases:\n- {name: a, input: 1}".into(), "line 3, case \"a\": `input` of an agent is its task"),
            ("agent: {}\ncases:\n- {name: a, input: {task: t, ask: []}}".into(), "a case cannot set `ask` in `input`"),
            ("agent: {tool: []}\ncases: []".into(), "line 1: unknown field `tool`, expected one of tools, system"),
            ("- 1".into(), "line 1"),
            ("workflow: [".into(), "line 1"),
            ("workflow: a\ncases:\n- {name: a, input: 1}\n---\nworkflow: b".into(), "document"),
            (String::new(), "line 1: unexpected end of file"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.starts_with("\"dir/cases.yaml\"") && error.contains(says), "{text}\n{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    /// Nine lines that would expand to a billion texts, and other files that would take too much memory.
    #[test]
    fn a_file_that_would_be_too_large_is_refused() {
        let level = |n: u8| {
            format!(
                "{0}: &{0} [{1}]\n",
                char::from(b'a' + n),
                vec![format!("*{}", char::from(b'a' + n - 1)); 9].join(",")
            )
        };
        let bomb = format!("a: &a [x,x,x,x,x,x,x,x,x]\n{}", (1..9).map(level).collect::<String>());
        let bomb = bomb.replace('\n', "\n    ");
        let many = (0..=CASES_MAX).map(|n| format!("- {{name: c{n}, input: 1}}\n")).collect::<String>();
        for (text, says) in [
            (format!("workflow: x\ncases:\n- name: a\n  input:\n    {bomb}"), "too large or too complex"),
            (format!("workflow: x\ncases:\n- name: a\n  input: {}{}", "[".repeat(100), "]".repeat(100)), "too"),
            (format!("workflow: x\ncases:\n{many}"), "1001, and 1000 are allowed"),
            ("#".repeat(5 << 20), "5242880 bytes, and 4194304 are allowed"),
            (format!("workflow: x\ncases:\n- name: {}\n  input: 1", "n".repeat(300)), "`name` has 300 bytes"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(says) && error.len() < 1_000, "{error}");
        }
    }
}
