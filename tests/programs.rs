//! Programs as agents write them, a file each in `languages-cases`, with what they come to beside them.
//!
//! An expectation is JSON: `output`, `stdout` and `stderr`, or `error` with those fields of the exception that count; and
//! `input`, which the program is given. `python-lite` runs the programs of `python`; where it has an expectation of its
//! own, that one holds. `expect.mjs` and `expect.py` write what node and python3 come to.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stockade::{Budget, Code, CodeEnd, CodeOutcome, Currency, Exec, Host, RunId};
use stockade_tests::{Place, root};

fn cases(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = root().join("tests/languages-cases").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|found| found == ending)).collect();
    files.sort();
    files
}

/// Returns what a program must come to in a language.
fn expected(program: &Path, language: &str) -> Value {
    let own = program.with_extension("json");
    let name = own.file_name().unwrap();
    let others = program.parent().unwrap().with_file_name(language).join(name);
    let file = if others.exists() { others } else { own };
    serde_json::from_str(&fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
        .unwrap()
}

/// A host with the languages that `tests/interpreters` makes; compiled once for all tests.
pub(crate) async fn host(place: &Place) -> Host {
    let built = root().join("target/languages");
    let shop = place.data("shop.db");
    let builder = place.bare().shop(&shop).cache(built.join("cache")).built_in_languages();
    let added = ["python", "python-lite"]
        .into_iter()
        .fold(builder, |builder, name| builder.language(name, built.join(format!("interpreter-{name}.wasm"))));
    added.build().await.unwrap()
}

async fn outcome(host: &Host, code: &Code) -> CodeOutcome {
    let budget = Budget::default().fuel(20_000_000_000).with(Currency::Memory, 128 << 20);
    let run = host.exec(code.clone(), budget).await.unwrap();
    let id = run.id();
    run.settled().await.unwrap();
    finished(host, id).await
}

/// Returns what the code of a run came to.
pub(crate) async fn finished(host: &Host, run: RunId) -> CodeOutcome {
    let finished = host.code_outcome(run, Exec::KEY).await.unwrap();
    finished.unwrap_or_else(|| panic!("the code of run {run} has not ended"))
}

/// Says what of an outcome is not as expected, if anything is.
fn complaint(expected: &Value, outcome: &CodeOutcome) -> Option<String> {
    let is = |name: &str, seen: &Value| {
        let wanted = expected.get(name)?;
        (wanted != seen).then(|| format!("{name} is {seen} and should be {wanted}"))
    };
    let texts =
        || is("stdout", &outcome.stdout.as_str().into()).or_else(|| is("stderr", &outcome.stderr.as_str().into()));
    match (&outcome.ended, expected.get("error")) {
        (CodeEnd::Returned(value), None) => is("output", value).or_else(texts),
        (CodeEnd::Raised(exception), Some(Value::Object(fields))) => {
            let mut seen = json!(exception);
            seen["syntax"] = exception.syntax.into();
            let wrong = fields.iter().find(|(name, wanted)| seen.get(*name) != Some(*wanted));
            wrong.map(|(name, wanted)| format!("{name} is {:?} and should be {wanted}", seen.get(name))).or_else(texts)
        }
        (ended, _) => Some(format!("it ended as {ended:?}")),
    }
}

async fn all_come_to_what_they_should(language: &str, folder: &str, ending: &str) {
    let place = Place::new();
    let host = host(&place).await;
    let (programs, mut wrong) = (cases(folder, ending), Vec::new());
    assert!(programs.len() >= 60, "only {} programs", programs.len());
    for program in programs {
        let (name, expected) = (program.file_name().unwrap().to_str().unwrap(), expected(&program, language));
        let code = Code::new(language, &fs::read_to_string(&program).unwrap());
        let code =
            Code { name: Some(name.to_owned()), input: expected.get("input").cloned().unwrap_or_default(), ..code };
        wrong.extend(
            complaint(&expected, &outcome(&host, &code).await).map(|what| format!("{language}, {name}: {what}")),
        );
    }
    assert!(wrong.is_empty(), "{} programs:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_in_javascript() {
    all_come_to_what_they_should("javascript", "javascript", "js").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn programs_in_python() {
    all_come_to_what_they_should("python", "python", "py").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn programs_in_python_lite() {
    all_come_to_what_they_should("python-lite", "python", "py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn types_are_taken_out_and_lines_stay_where_they_were() {
    let place = Place::new();
    let host = host(&place).await;
    let typed = "interface Row { n: number }\nconst rows: Row[] = [{ n: 1 }, { n: 2 }];\n\
                 const total = (rows: Row[]): number => rows.reduce((sum: number, row) => sum + row.n, 0);\nreturn total(rows) as number";
    assert_eq!(outcome(&host, &Code::new("typescript", typed)).await.ended, CodeEnd::Returned(json!(3)));
    let raises = "type T = string;\nconst t: T = 'a';\n  throw new Error(t)";
    let CodeEnd::Raised(exception) = outcome(&host, &Code::new("typescript", raises)).await.ended else { panic!() };
    assert_eq!((exception.name.as_str(), exception.line), ("Error", Some(3)), "{exception:?}");
    let CodeEnd::Raised(exception) = outcome(&host, &Code::new("typescript", "let a: = 1")).await.ended else {
        panic!()
    };
    assert!(exception.syntax && exception.line == Some(1), "{exception:?}");
}
