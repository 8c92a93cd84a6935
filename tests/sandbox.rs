//! A warm interpreter for a service: code that is of no run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;
use stockade::{Code, CodeEnd, Filter, Host, Kind, Stdio};
use stockade_tests::Place;

async fn host(place: &Place) -> Host {
    place.host().built_in_languages().scratch(place.path("")).build().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn code_in_a_sandbox_has_its_value_and_its_output_and_leaves_nothing() {
    let place = Place::new();
    let host = host(&place).await;
    let sandbox = host.sandbox("javascript").await.unwrap().keep_ready(1);
    let source =
        "console.log('seen'); console.error('not seen'); globalThis.kept = (globalThis.kept ?? 0) + input; kept";
    for _ in 0..3 {
        let ran = sandbox.run(source, json!(7)).await.unwrap();
        assert_eq!(ran.value().unwrap(), 7, "each begins anew");
        assert_eq!((ran.outcome.stdout.as_str(), ran.outcome.stderr.as_str()), ("seen\n", "not seen\n"));
        assert!(ran.outcome.fuel > 0 && ran.usage.fuel == ran.outcome.fuel, "{ran:?}");
    }
    assert!(host.runs(&Filter::default()).await.unwrap().is_empty(), "it is of no run");
    let fault = sandbox.run("throw new RangeError('no')", json!(null)).await.unwrap().value().unwrap_err();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::GuestError, Some("RangeError")), "{fault}");
    assert_eq!(host.sandbox("cobol").await.unwrap_err().kind, Kind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_in_a_sandbox_is_stopped_at_its_limits_and_given_no_tools() {
    let place = Place::new();
    let host = host(&place).await;
    let mut limits = host.code_limits().clone();
    limits.fuel = 50_000_000;
    let sandbox = host.sandbox("javascript").await.unwrap().limits(limits);
    let stopped = sandbox.run("while (true);", json!(null)).await.unwrap();
    let CodeEnd::Failed(fault) = &stopped.outcome.ended else { panic!("{stopped:?}") };
    assert_eq!(fault.kind, Kind::Fuel, "{fault}");
    let tools = Code::new("javascript", "1").tools(["purchases"]);
    let session = Code { session: Some("s".to_owned()), ..Code::new("javascript", "1") };
    let other = Code::new("python-lite", "1");
    for code in [tools, session, other] {
        let fault = sandbox.run_code(&code).await.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("code")), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_comes_back_in_its_order_with_the_files_of_each() {
    let place = Place::new();
    let host = host(&place).await;
    let sandbox = host.sandbox("typescript").await.unwrap();
    let code = |number: u64| {
        let source =
            "const n: number = input; files.write('n.txt', String(n)); if (n === 3) throw new Error('three'); n";
        let code = Code::new("typescript", source).input(number.into());
        Code { files: Some(BTreeMap::new()), ..code }
    };
    let ran = sandbox.run_all(&(0..20).map(code).collect::<Vec<_>>()).await;
    assert_eq!(ran.len(), 20);
    for (number, ran) in (0_u64..).zip(ran) {
        let ran = ran.unwrap();
        assert!(ran.outcome.files.contains_key("n.txt"), "{ran:?}");
        match number {
            3 => assert!(matches!(ran.outcome.ended, CodeEnd::Raised(_)), "{ran:?}"),
            _ => assert_eq!(ran.value().unwrap(), number),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_hears_whole_lines_as_the_code_writes_them() {
    let place = Place::new();
    let host = host(&place).await;
    let sandbox = host.sandbox("javascript").await.unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&heard);
    let code = Code::new("javascript", "console.log('one'); console.error('two'); console.log('three'); 4");
    let ran = sandbox.run_told(&code, move |stdio: Stdio, lines: &str| {
        told.lock().unwrap().push((stdio.name(), lines.to_owned()));
    });
    assert_eq!(ran.await.unwrap().outcome.stdout, "one\nthree\n");
    let lines = |name: &str| {
        let heard = heard.lock().unwrap();
        heard.iter().filter(|(stdio, _)| *stdio == name).map(|(_, lines)| lines.as_str()).collect::<String>()
    };
    assert_eq!((lines("stdout"), lines("stderr")), ("one\nthree\n".to_owned(), "two\n".to_owned()));
}
