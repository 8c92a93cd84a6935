//! How JavaScript calls a tool: what becomes of the arguments, what an error knows, and what code cannot change about it.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stockade::callable::{Call, Callable, Calling, Nature, Outcome as Answer, Place as PlaceInPool, ToolFunction};
use stockade::{Code, CodeEnd, Digest, Fault, Host, Kind, Usage};
use stockade_tests::Place;

use crate::code::{cell, exec, value};
use crate::programs::finished;

/// Returns its arguments, unless one of them is `"fail"`.
struct Echo {
    functions: [ToolFunction; 3],
    identity: Digest,
    nature: Nature,
    /// What it was called with.
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Echo {
    fn new(heard: &Arc<Mutex<Vec<Value>>>) -> Self {
        let input = |names: &[&str]| {
            let properties: serde_json::Map<_, _> = names.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
            json!({"type": "object", "properties": properties})
        };
        let functions = [
            ToolFunction::new("one", "Echoes.", input(&["n"]), json!({})),
            ToolFunction::new("two", "Echoes.", input(&["a", "b"]), json!({})),
            ToolFunction::new("bare", "Echoes the one argument alone.", input(&["n"]), json!({})),
        ];
        let (identity, nature) = (Digest::of(b"echo 1"), Nature::default());
        Self { functions, identity, nature, heard: Arc::clone(heard) }
    }
}

impl Callable for Echo {
    fn functions(&self) -> &[ToolFunction] {
        &self.functions
    }

    fn identity(&self) -> &Digest {
        &self.identity
    }

    fn nature(&self) -> &Nature {
        &self.nature
    }

    fn call<'a>(&'a self, call: Call<'a>, _: Option<&'a PlaceInPool>) -> stockade::Result<Calling<'a>> {
        let (given, is_bare) = (call.arguments.clone(), call.function == "bare");
        self.heard.lock().unwrap().push(given.clone());
        Ok(Calling::Answer(Box::pin(async move {
            let fails = given.as_object().is_some_and(|given| given.values().any(|value| value == "fail"));
            let answer = if is_bare { given["n"].clone() } else { given };
            let result = if fails { Err(Fault::new(Kind::GuestError, "no")) } else { Ok(answer) };
            Answer::new(result, Usage::default().tool_calls(1))
        })))
    }
}

async fn host(place: &Place) -> (Host, Arc<Mutex<Vec<Value>>>) {
    let heard = Arc::default();
    let builder = place.host().built_in_languages().scratch(place.path("")).callable("echo", Echo::new(&heard));
    (builder.build().await.unwrap(), heard)
}

fn echoing(source: &str) -> Code {
    Code::new("javascript", source).tools(["echo"])
}

/// Runs pieces of code, each with its value.
async fn come_to(cases: &[(&str, Value)]) {
    let place = Place::new();
    let (host, _) = host(&place).await;
    for (source, expected) in cases {
        assert_eq!(value(&host, echoing(source)).await, *expected, "{source}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_by_place_and_by_name_are_the_same() {
    come_to(&[
        ("[await echo.two(1, 'x'), await echo.two({b: 'x', a: 1})]", json!([{"a": 1, "b": "x"}, {"a": 1, "b": "x"}])),
        (
            "[await echo.two(undefined, null), await echo.two({a: undefined, b: null})]",
            json!([{"b": null}, {"b": null}]),
        ),
        ("echo.two('é\"\\\\\\n\\ud800', -0)", json!({"a": "é\"\\\n\u{fffd}", "b": 0})),
        (
            "[await echo.one(2.5), await echo.one([1]), await echo.one({}), await echo.one()]",
            json!([{"n": 2.5}, {"n": [1]}, {}, {}]),
        ),
        // The object is the one argument itself, unless it names it.
        ("[await echo.one({a: 1}), await echo.one({a: 1, n: 2})]", json!([{"n": {"a": 1}}, {"a": 1, "n": 2}])),
        ("echo.one(Object.setPrototypeOf([1], Object.prototype))", json!({"n": [1]})),
        ("echo.two(Object.setPrototypeOf([1], Object.prototype))", json!([1])),
        ("echo.one(new Proxy({n: 1}, {}))", json!({"n": 1})),
        ("echo.one(1, 2).catch((e) => e.message)", json!("echo.one takes 1 argument, not 2")),
        ("echo.two(Symbol()).catch((e) => e.name)", json!("TypeError")),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_look_like_numbers_are_what_they_are() {
    let answers =
        "const n = [0, 7, 2147483647, 2147483648, 9007199254740993n, -1, '007', '', NaN, '1234567890123456', 'N'];\n";
    let source =
        format!("{answers}(await Promise.all(n.map((n) => echo.bare({{n}})))).map((n) => [typeof n, String(n)])");
    let as_they_are = [
        ("number", "0"),
        ("number", "7"),
        ("number", "2147483647"),
        ("number", "2147483648"),
        ("bigint", "9007199254740993"),
        ("number", "-1"),
        ("string", "007"),
        ("string", ""),
        ("string", "NaN"),
        ("string", "1234567890123456"),
        ("string", "N"),
    ];
    come_to(&[(&source, json!(as_they_are))]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_code_changes_about_the_language_does_not_divert_a_call() {
    come_to(&[
        (
            "Object.defineProperty(Object.prototype, 'a', {set() { throw 1 }, configurable: true});\n\
             Object.defineProperty(Array.prototype, 0, {set() { throw 2 }, configurable: true});\n\
             Object.prototype.b = 'theirs';\nconst given = [await echo.two(1, 2)].length; given",
            json!(1),
        ),
        (
            "Promise.prototype.then = Promise.prototype.catch = () => { throw 1 };\n\
             globalThis.Promise = class { constructor() { throw 2 } };\n(await echo.one(3)).n",
            json!(3),
        ),
        (
            "Error.stackTraceLimit = 1; const real = Error;\n\
             globalThis.Error = function () { throw 1 };\nconst call = () => echo.two('fail');\n\
             try { await call() } catch (e) { [e instanceof real, e.stack] }",
            json!([true, "ToolError: no\n    at call (code:3:23)"]),
        ),
        // It hears of the call that has failed alone, and of its place.
        (
            "const seen = []; Error.prepareStackTrace = (_, sites) => { seen.push(sites[0].getLineNumber()); return 1 };\n\
             const call = () => echo.one('fail');\nawait echo.one(1); try { await call() } catch { }\n\
             Error.prepareStackTrace = undefined; seen",
            json!([2]),
        ),
        // What says itself what its JSON is still does.
        (
            "Object.prototype.toJSON = () => ({n: 'told'}); const told = [await echo.one(1), await echo.one({n: 1})];\n\
             delete Object.prototype.toJSON; told.map((one) => one.n)",
            json!(["told", "told"]),
        ),
    ])
    .await;
}

/// A getter among the arguments calls a tool, throws, and ends the code.
#[tokio::test(flavor = "multi_thread")]
async fn arguments_may_run_code() {
    let place = Place::new();
    let (host, heard) = host(&place).await;
    let source = "let inner; const outer = echo.two({ get a() { inner = echo.one(7); return 1 }, b: 2 });\n\
                  const threw = echo.two({ get a() { echo.one(8); throw new RangeError('mine') } }).catch((e) => e.name);\n\
                  [await outer, await inner, await threw]";
    assert_eq!(value(&host, echoing(source)).await, json!([{"a": 1, "b": 2}, {"n": 7}, "RangeError"]));
    assert_eq!(*heard.lock().unwrap(), [json!({"n": 7}), json!({"a": 1, "b": 2}), json!({"n": 8})]);
    heard.lock().unwrap().clear();
    // Neither the call that was asked before nor the one in the getter is made, then or for the next cell.
    let exits =
        "echo.one(1); try { echo.two({ get a() { echo.one(2); process.exit(3) } }) } finally { console.log('on') }";
    let (run, _) = exec(&host, Code { session: Some("exits".to_owned()), ..echoing(exits) }).await;
    let CodeEnd::Raised(raised) = finished(&host, run).await.ended else { panic!("it has exited") };
    assert_eq!(raised.name, "Exit");
    assert_eq!(
        value(&host, Code { tools: vec!["echo".to_owned()], ..cell("exits", "(await echo.one(3)).n") }).await,
        3
    );
    assert_eq!(*heard.lock().unwrap(), [json!({"n": 3})]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_has_the_stack_of_its_call_wherever_the_answer_comes_in() {
    let stack = |frames: &[&str]| json!(format!("ToolError: no\n    at {}", frames.join("\n    at ")));
    come_to(&[
        ("const deep = (n) => n > 0 ? (deep(n - 1)) : echo.one('fail');\ntry { await deep(99) } catch (e) { e.stack.split('\\n').length }", json!(11)),
        (
            "const both = [echo.one('fail'),\n  echo.two('fine'), echo.two('fail')];\n\
             (await Promise.allSettled(both)).map((end) => end.reason?.stack ?? null)",
            json!([stack(&["code:1:17"]), null, stack(&["code:2:26"])]),
        ),
        // A function of the language between them has no line.
        ("try { await [1].map(\n  (n) => echo.one('fail'))[0] } catch (e) { e.stack }", stack(&["<anonymous> (code:2:15)", "code:2:3"])),
        // The function that has called is gone, and its code with it.
        (
            "const gone = new Function('return echo.one(\"fail\")')();\nawait echo.one(1);\n\
             try { await gone } catch (e) { e.stack }",
            stack(&["code:1:15"]),
        ),
        (
            "class Of { get it() { return echo.one('fail') } static async *all() { yield await echo.one('fail') } }\n\
             const stacks = []; try { await new Of().it } catch (e) { stacks.push(e.stack) }\n\
             try { for await (const one of Of.all()) one } catch (e) { stacks.push(e.stack) } stacks",
            json!([stack(&["get it (code:1:41)", "code:2:34"]), stack(&["all (code:1:94)", "code:3:41"])]),
        ),
    ])
    .await;
}
