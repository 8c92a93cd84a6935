//! Calls that code in Python awaits: together, unless one is in another's way, as in JavaScript.

use std::sync::Arc;

use serde_json::json;
use stockade::{Budget, Builder, Code, CodeEnd, Currency, Decision, Exec, Grant, Host, Outcome, RunId};
use stockade_tests::code::called;
use stockade_tests::{Place, decide, root};

use crate::code_batch::{Meeting, said};

fn builder(place: &Place) -> Builder {
    let built = root().join("target/languages");
    let builder = place.host().cache(built.join("cache")).scratch(place.path(""));
    builder.language("python", built.join("interpreter-python.wasm"))
}

async fn host(place: &Place, meeting: Meeting) -> Host {
    builder(place).callable("meeting", meeting).build().await.unwrap()
}

async fn exec(host: &Host, source: &str, tools: &[&str]) -> (RunId, Outcome) {
    let code = Code::new("python", source).tools(tools.iter().copied());
    let run = host.exec(code, Budget::default().fuel(8_000_000_000)).await.unwrap();
    (run.id(), run.settled().await.unwrap())
}

/// The ways in which Python waits for several calls; each calls with 3, 1, 2 and 0, and they meet.
const TOGETHER: [&str; 15] = [
    "await asyncio.gather(meeting.say(n=3), meeting.say(n=1), meeting.say(2), meeting.say(0))",
    "await asyncio.gather(*(meeting.say(n) for n in [3, 1, 2, 0]))",
    "await asyncio.gather(*[meeting.say(n) for n in [3, 1, 2, 0]])",
    "await asyncio.gather(*map(meeting.say, [3, 1, 2, 0]))",
    "async def one(n):\n    return await meeting.say(n)\nawait asyncio.gather(*(one(n) for n in [3, 1, 2, 0]))",
    "async def main():\n    tasks = [asyncio.create_task(meeting.say(n)) for n in [3, 1, 2, 0]]\n    \
     return [await task for task in tasks]\nasyncio.run(main())",
    "async with asyncio.TaskGroup() as group:\n    tasks = [group.create_task(meeting.say(n)) for n in [3, 1, 2, 0]]\n\
     [task.result() for task in tasks]",
    "[await one for one in asyncio.as_completed([meeting.say(n) for n in [3, 1, 2, 0]])]",
    "tasks = [asyncio.ensure_future(meeting.say(n)) for n in [3, 1, 2, 0]]\nawait asyncio.wait(tasks)\n\
     [task.result() for task in tasks]",
    "await asyncio.gather(*(asyncio.wait_for(meeting.say(n), 0.1) for n in [3, 1]), \
     *(asyncio.to_thread(meeting.say, n) for n in [2, 0]))",
    "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor() as pool:\n    \
     said = list(pool.map(meeting.say, [3, 1, 2, 0]))\nsaid",
    "from concurrent.futures import ThreadPoolExecutor, as_completed\npool = ThreadPoolExecutor(max_workers=2)\n\
     futures = [pool.submit(meeting.say, n=n) for n in [3, 1, 2, 0]]\n[one.result() for one in as_completed(futures)]",
    "loop = asyncio.get_running_loop()\n\
     await asyncio.gather(*(loop.run_in_executor(None, meeting.say, n) for n in [3, 1, 2, 0]))",
    "await asyncio.gather(*(asyncio.wait_for(fut=meeting.say(n), timeout=1) for n in [3, 1]), \
     *(asyncio.ensure_future(coro_or_future=meeting.say(n)) for n in [2, 0]))",
    "queue, said = asyncio.Queue(), []\nfor n in [3, 1, 2, 0]:\n    queue.put_nowait(n)\nasync def work():\n    \
     said.append(await meeting.say(await queue.get()))\nawait asyncio.gather(*(work() for _ in range(4)))\nsaid",
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn awaited_calls_that_change_nothing_are_in_flight_together_and_journaled_in_their_order() {
    let place = Place::new();
    let host = host(&place, Meeting::new(4, true)).await;
    for source in TOGETHER {
        let (run, outcome) = exec(&host, &format!("import asyncio\n{source}"), &["meeting"]).await;
        assert_eq!(outcome, Outcome::Done(json!([3, 1, 2, 0])), "{source}");
        assert_eq!(called(&host, run).await, [0, 1, 2, 3], "{source}");
        let state = host.state(run).await.unwrap();
        assert_eq!(state.ledger().spent().tool_calls, 4);
        assert_eq!(said(&state), [3, 1, 2, 0], "{source}");
        host.replay(run, Exec::KEY).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn an_awaited_call_of_several_that_fails_leaves_the_others_alone() {
    let place = Place::new();
    let host = host(&place, Meeting::new(3, true)).await;
    let source = "import asyncio\n\
                  said = await asyncio.gather(*(meeting.say(n) for n in [1, 13, 2]), return_exceptions=True)\n\
                  [[type(one).__name__, one.kind, str(one)] if isinstance(one, ToolError) else one for one in said]";
    let (run, outcome) = exec(&host, source, &["meeting"]).await;
    assert_eq!(outcome, Outcome::Done(json!([1, ["ToolError", "tool", "not 13"], 2])));
    host.replay(run, Exec::KEY).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn awaited_calls_that_may_change_something_are_in_flight_together() {
    let place = Place::new();
    let host = host(&place, Meeting::new(3, false)).await;
    let source = "import asyncio\nawait asyncio.gather(*(meeting.say(n) for n in [3, 1, 2]))";
    let (run, outcome) = exec(&host, source, &["meeting"]).await;
    assert_eq!((outcome, called(&host, run).await.len()), (Outcome::Done(json!([3, 1, 2])), 3));
    host.replay(run, Exec::KEY).await.unwrap();
}

/// A tool whose calls write to a file of the machine, so that each of them must be alone.
fn writer(place: &Place) -> Meeting {
    Meeting::new(0, false).granted(Grant::kv("notes", place.path("notes.db").display().to_string()).writable())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn awaited_calls_that_write_to_the_same_store_are_made_alone_and_in_their_order() {
    let place = Place::new();
    let meeting = writer(&place);
    let begun = Arc::clone(&meeting.begun);
    let host = host(&place, meeting).await;
    let source = "import asyncio\nawait asyncio.gather(*(meeting.say(n) for n in [3, 1, 2]))";
    let (run, outcome) = exec(&host, source, &["meeting"]).await;
    assert_eq!(outcome, Outcome::Done(json!([3, 1, 2])));
    assert_eq!((called(&host, run).await, &*begun.lock().unwrap()), (vec![0, 1, 2], &vec![3, 1, 2]));
}

/// A plain call has its answer when it returns, and comes behind those before it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn a_plain_call_is_made_at_once_behind_those_that_are_awaited() {
    let place = Place::new();
    let meeting = writer(&place);
    let begun = Arc::clone(&meeting.begun);
    let host = host(&place, meeting).await;
    let source = "import asyncio\n\
                  first = meeting.say(n=1) + 10\n\
                  async def main():\n    \
                  task = asyncio.create_task(meeting.say(n=2))\n    \
                  third = meeting.say(n=3) + 10\n    \
                  return [await task, third, first]\n\
                  asyncio.run(main())";
    let (_, outcome) = exec(&host, source, &["meeting"]).await;
    assert_eq!(outcome, Outcome::Done(json!([2, 13, 11])));
    assert_eq!(*begun.lock().unwrap(), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn a_call_that_code_in_python_does_not_wait_for_is_made_before_the_code_ends() {
    let place = Place::new();
    let host = host(&place, Meeting::new(0, false)).await;
    let source =
        "import asyncio\nasync def main():\n    asyncio.create_task(meeting.say(n=13))\nasyncio.run(main())\n'done'";
    let (run, outcome) = exec(&host, source, &["meeting"]).await;
    assert_eq!(outcome, Outcome::Done("done".into()));
    assert_eq!(called(&host, run).await, [0]);
    let told = host.code_outcome(run, Exec::KEY).await.unwrap().unwrap().stderr;
    assert!(told.contains("meeting.say() failed, and the code did not wait for it: not 13"), "{told:?}");
}

/// Code that hears of a timeout would make the call once more.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn a_call_that_is_cancelled_before_the_host_has_it_is_not_made() {
    let place = Place::new();
    let host = host(&place, Meeting::new(0, false)).await;
    for source in [
        "task = asyncio.create_task(meeting.say(1))\ntask.cancel()\nawait asyncio.wait([task])",
        "task = asyncio.create_task(meeting.say(1))\nawait asyncio.sleep(0)\ntask.cancel()\nawait asyncio.wait([task])",
        "try:\n    await asyncio.wait_for(meeting.say(1), 0)\nexcept TimeoutError:\n    pass",
        "try:\n    async with asyncio.timeout(0):\n        await meeting.say(1)\nexcept TimeoutError:\n    pass",
        "try:\n    async with asyncio.TaskGroup() as group:\n        group.create_task(meeting.say(1))\n        \
         raise ValueError('no')\nexcept* ValueError:\n    pass",
    ] {
        let (run, outcome) = exec(&host, &format!("import asyncio\n{source}\n'done'"), &["meeting"]).await;
        assert_eq!(outcome, Outcome::Done("done".into()), "{source}");
        assert_eq!(called(&host, run).await, [0; 0], "{source}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn a_property_that_calls_a_tool_is_read_as_often_as_the_code_reads_it() {
    let place = Place::new();
    let host = host(&place, Meeting::new(0, false)).await;
    let source = "class Shop:\n    @property\n    def run(self):\n        meeting.say(1)\n        return str\n\
                  shop = Shop()\nshop.run(int(7))";
    let (run, outcome) = exec(&host, source, &["meeting"]).await;
    assert_eq!((outcome, called(&host, run).await), (Outcome::Done("7".into()), vec![0]));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn a_cell_nests_deeper_than_functions_of_python_may_call_each_other() {
    let place = Place::new();
    let host = host(&place, Meeting::new(0, false)).await;
    let source = format!("total = {}\ntotal", ["1"; 1_500].join(" + "));
    assert_eq!(exec(&host, &source, &[]).await.1, Outcome::Done(1_500.into()));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn an_error_of_an_awaited_tool_has_its_place_in_the_code() {
    let place = Place::new();
    let host = host(&place, Meeting::new(2, true)).await;
    let in_a_task = "first = asyncio.create_task(meeting.say(n=1))\nsecond = asyncio.create_task(meeting.say(n=13))\n\
                     await first\nawait second";
    let awaited = "async def one(n):\n    return await meeting.say(n)\nawait asyncio.gather(one(1), one(13))";
    for (source, line) in [(in_a_task, 3), (awaited, 3)] {
        let (run, outcome) = exec(&host, &format!("import asyncio\n{source}"), &["meeting"]).await;
        let Outcome::Failed(fault) = outcome else { panic!("{outcome}") };
        assert!(fault.message.starts_with("ToolError: not 13"), "{fault}");
        let outcome = host.code_outcome(run, Exec::KEY).await.unwrap().unwrap();
        let CodeEnd::Raised(exception) = outcome.ended else { panic!("{outcome:?}") };
        assert_eq!(exception.line, Some(line), "{exception:?}");
    }
}

/// Of several calls some are done and one waits for a person; after a restart and a yes, what is done is not done again.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn awaited_calls_behind_one_that_a_person_is_asked_about_wait_for_the_answer() {
    let place = Place::new();
    let gated = |place: &Place| builder(place).ask_first("payments").callable("meeting", Meeting::new(2, true));
    let first = gated(&place).build().await.unwrap();
    let source = "import asyncio\n\
        a, b, paid, c, d = await asyncio.gather(meeting.say(1), meeting.say(2), \
        payments.refund(user_id='user_789', amount_cents=7900), meeting.say(3), meeting.say(4))\n\
        [a, b, type(paid['reference']).__name__, c, d]";
    let (run, outcome) = exec(&first, source, &["meeting", "payments"]).await;
    let Outcome::Waiting(asked) = outcome else { panic!("{outcome}") };
    assert_eq!((asked.key.as_str(), called(&first, run).await, place.refunds().len()), ("code/2", vec![0, 1], 0));
    drop(first);
    let second = gated(&place).build().await.unwrap();
    let outcome = decide(&second, run, Decision::approve("dana")).await.unwrap().settled().await.unwrap();
    assert_eq!(outcome, Outcome::Done(json!([1, 2, "str", 3, 4])));
    assert_eq!((called(&second, run).await, place.refunds().len()), (vec![0, 1, 2, 3, 4], 1));
    second.replay(run, Exec::KEY).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs tests/interpreters"]
async fn a_flood_of_awaited_calls_ends_at_a_limit_before_any_of_them_is_made() {
    let place = Place::new();
    let host = host(&place, Meeting::new(0, true)).await;
    let source = "import asyncio\nawait asyncio.gather(*(meeting.say(n) for n in range(12000)))";
    let (run, outcome) = exec(&host, source, &["meeting"]).await;
    let Outcome::Suspended(exceeded) = outcome else { panic!("{outcome}") };
    assert_eq!((exceeded.limit, exceeded.used), (Currency::ToolCalls, 0));
    assert_eq!(called(&host, run).await, [0; 0]);
    let source = "import asyncio\nasync def main():\n    while True:\n        asyncio.create_task(meeting.say(1))\n\
                  asyncio.run(main())";
    let run = host.exec(Code::new("python", source).tools(["meeting"]), Budget::default().fuel(80_000_000)).await;
    let run = run.unwrap();
    let id = run.id();
    assert!(!matches!(run.settled().await.unwrap(), Outcome::Done(_)));
    assert_eq!(called(&host, id).await, [0; 0]);
}
