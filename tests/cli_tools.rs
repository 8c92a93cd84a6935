//! Tools that `stockade.toml` names, through the binary.

use std::fs;

use serde_json::{Value, json};
use stockade::{Digest, Grant};
use stockade_tests::registry::Registry;
use stockade_tests::{Answer, Place, dist, guest};

/// A place with a configuration.
fn configured(text: &str) -> Place {
    let place = Place::new();
    place.write("stockade.toml", text);
    place
}

fn fine(place: &Place) -> Digest {
    place.guest("fine");
    Digest::of(&guest("fine"))
}

/// What `tool list --json` says of one tool.
fn listed(place: &Place, name: &str) -> Value {
    let answer = place.json(&["tool", "list"]);
    assert_eq!(answer.exit, Some(0), "{answer:#?}");
    let tools = answer.json.as_array().unwrap();
    tools.iter().find(|tool| tool["name"] == name).unwrap_or_else(|| panic!("no {name} in {answer:#?}")).clone()
}

#[track_caller]
fn refused(place: &Place, says: &[&str]) -> Answer {
    let answer = place.json(&["tool", "list"]);
    let message = answer.json["error"]["message"].as_str().unwrap_or_default().to_owned();
    for text in says {
        assert!(message.contains(text), "\"{text}\" is not in: {message}\n{answer:#?}");
    }
    assert!([Some(1), Some(2), Some(5)].contains(&answer.exit), "{answer:#?}");
    answer
}

#[test]
fn a_tool_of_the_configuration_is_called_with_its_own_limits() {
    let place = configured("[tool.answer]\ncomponent = \"fine.wasm\"\nlimits = { fuel = 1 }");
    let digest = fine(&place);
    assert_eq!(listed(&place, "answer")["digest"], json!(digest));
    let answer = place.json(&["tool", "call", "answer", "run"]);
    assert_eq!((answer.exit, &answer.json["error"]["allowed"]), (Some(1), &json!(1)), "{answer:#?}");
    let answer = place.json(&["tool", "call", "answer", "run", "--budget", "fuel=1000"]);
    assert_eq!(answer.json["output"], 42, "{answer:#?}");
    // The built-in tools are there as before.
    assert_eq!(listed(&place, "payments")["functions"][0]["name"], "refund");
}

#[test]
fn a_built_in_tool_is_there_where_the_configuration_names_it_with_no_grants_of_its_own() {
    let place = configured("[tool.web]\n[tool.clock]\ncomponent = \"built-in:time\"\ngrants = { clock = \"real\" }");
    assert_eq!(listed(&place, "web")["grants"], json!([]));
    let answer = place.json(&["tool", "call", "clock", "zones", "{\"part\": \"berlin\"}"]);
    assert_eq!(answer.json["output"], json!(["Europe/Berlin"]), "{answer:#?}");
    for tool in ["built-in:data", "built-in:files", "built-in:time", "built-in:web"] {
        assert_eq!(place.json(&["tool", "inspect", tool]).exit, Some(0), "{tool}");
        let tested = place.json(&["tool", "test", tool]);
        assert_eq!(tested.exit, Some(0), "{tool}: {tested:#?}");
    }
    refused(&configured("[tool.a]\ncomponent = \"built-in:none\""), &["there is no built-in tool"]);
}

/// What is shown is what a crash would do: the tool's grants alone said that no refund is ever paid again under its key.
#[test]
fn a_tools_repeatability_is_that_of_the_configuration() {
    for (line, repeatable) in [("", true), ("[tool.payments]\nidempotent = false", false)] {
        let place = configured(line);
        assert_eq!(listed(&place, "payments")["repeatable"], repeatable, "{line}");
        let inspected = place.json(&["tool", "inspect", "payments"]);
        assert_eq!(inspected.json["repeatable"], repeatable, "{line}");
    }
}

/// One function with a resource, two without.
const MIXED: &str = r#"(component
    (core module $m (func (export "f") (result i32) (i32.const 7)) (func (export "g") (param i32)))
    (core instance $i (instantiate $m))
    (type $thing' (resource (rep i32)))
    (export $thing "thing" (type $thing'))
    (func (export "one") (result u32) (canon lift (core func $i "f")))
    (func (export "two") (result u32) (canon lift (core func $i "f")))
    (func (export "take") (param "thing" (own $thing)) (canon lift (core func $i "g"))))"#;

#[test]
fn functions_are_chosen_and_those_that_cannot_be_called_are_listed() {
    let place = configured("[tool.mixed]\ncomponent = \"mixed.wat\"");
    place.write("mixed.wat", MIXED);
    let functions = |tool: &Value| tool["functions"].as_array().unwrap().clone();
    let all = functions(&listed(&place, "mixed"));
    let reason = "its signature has a resource, for which JSON has no counterpart";
    assert_eq!(all.len(), 3);
    assert_eq!(all[2], json!({"name": "take", "interface": null, "unsupported": reason}));
    let answer = place.json(&["tool", "call", "mixed", "take", "{}"]);
    assert!(answer.json["error"]["message"].as_str().unwrap().contains(reason), "{answer:#?}");
    let answer = place.json(&["tool", "inspect", "mixed"]);
    assert!(answer.json["wit"].as_str().unwrap().contains("resource thing"), "{answer:#?}");

    place.write("stockade.toml", "[tool.mixed]\ncomponent = \"mixed.wat\"\nfunctions = [\"two\"]");
    assert_eq!(functions(&listed(&place, "mixed"))[0]["name"], "two");
    assert_eq!(place.json(&["tool", "call", "mixed", "two"]).json["output"], 7);
    let answer = place.json(&["tool", "call", "mixed", "one"]);
    assert_eq!((answer.exit, &answer.json["error"]["kind"]), (Some(1), &json!("denied")), "{answer:#?}");
    place.write("stockade.toml", "[tool.mixed]\ncomponent = \"mixed.wat\"\nfunctions = [\"tow\"]");
    refused(&place, &["there is no function \"tow\"; the component has one, two"]);
}

#[test]
fn a_whole_number_of_the_command_line_is_exact_or_refused() {
    let place = configured("[tool.n]\ncomponent = \"n.wat\"");
    place.write("n.wat", include_str!("../host/sandbox/tests/guests/numbers.wat"));
    let call = |function: &str, number: &str| {
        let answer = place.json(&["tool", "call", "n", function, &format!("{{\"x\": {number}}}")]);
        answer.json.get("output").cloned().ok_or_else(|| answer.json["error"]["message"].to_string())
    };
    assert_eq!(call("s64", "-9223372036854775808"), Ok(json!(i64::MIN)));
    assert_eq!(call("u64", "18446744073709551615"), Ok(json!(u64::MAX)));
    assert_eq!(call("s8", "1e2"), Ok(json!(100)));
    assert_eq!(call("f64", "100000000000000000000"), Ok(json!(1e20)));
    for (function, number) in [("s64", "-9223372036854775809"), ("u64", "18446744073709551617"), ("u64", "1e19")] {
        let message = call(function, number).unwrap_err();
        assert!(message.contains("round"), "{number}: {message}");
    }
    assert!(call("s64", "\"\\ud800\"").unwrap_err().contains("not valid"), "half of a surrogate pair");
}

#[test]
fn a_pin_that_does_not_fit_refuses_to_start() {
    let place = Place::new();
    let digest = fine(&place);
    let write = |pin: &str| {
        place.write("stockade.toml", format!("[tool.answer]\ncomponent = \"fine.wasm\"\ndigest = \"{pin}\""));
    };
    write(digest.as_str());
    listed(&place, "answer");
    let other = Digest::of(b"other");
    write(other.as_str());
    refused(&place, &["fine.wasm", &format!("the component is {digest}, and {other} is pinned")]);
    // Nothing else starts either: a run must not find out in the middle.
    assert_eq!(place.refund("user_789", &[]).exit, Some(1));
}

/// An operator who wanted to be asked took the built-in tool its grants and its idempotence: the first refund was denied.
#[test]
fn a_built_in_tool_keeps_what_the_configuration_does_not_name() {
    let built_in = listed(&configured(""), "payments");
    for line in ["approval = \"always\"", "limits = { fuel = 40_000_000 }", "labels = []", "idempotent = true"] {
        let place = configured(&format!("[tool.payments]\n{line}"));
        let tool = listed(&place, "payments");
        for what in ["digest", "asks", "repeatable", "imports"] {
            assert_eq!(tool[what], built_in[what], "{line}: {what}");
        }
        assert_eq!(tool["grants"][0]["name"], "shop", "{line}");
        let run = place.refund("user_123", &[]).run();
        assert_eq!(place.json(&["approve", &run, "--by", "dana"]).json["status"], "done", "{line}");
    }
    assert_eq!(listed(&configured("[tool.payments.grants]"), "payments")["grants"], json!([]), "named, and empty");
}

/// All grants are named at once; and what was said of a tool does not hold for another component under its name.
#[test]
fn a_built_in_tool_is_replaced() {
    let place = configured("[tool.payments.grants]\nsql = [{ name = \"shop\", url = \"sqlite:mine.db\" }]");
    place.write("mine.db", "");
    let tool = listed(&place, "payments");
    assert_eq!(tool["digest"], json!(Digest::of(&fs::read(dist("payments")).unwrap())));
    let mine = fs::canonicalize(place.path("mine.db")).unwrap();
    assert_eq!(tool["grants"], json!([Grant::sql("shop", format!("sqlite:{}", mine.display()))]));
    place.write("stockade.toml", "[tool.payments]\ncomponent = \"fine.wasm\"");
    let digest = fine(&place);
    let tool = listed(&place, "payments");
    assert_eq!((&tool["digest"], &tool["grants"]), (&json!(digest), &json!([])));
}

#[test]
fn every_component_of_the_folder_is_a_tool() {
    let place = configured("[tools]\nfolder = \"tools\"\n[tool.b]\nlimits = { fuel = 1 }");
    fs::create_dir(place.path("tools")).unwrap();
    for name in ["a.wasm", "b.wasm"] {
        place.write(&format!("tools/{name}"), guest("fine"));
    }
    place.write("tools/notes.txt", "not a tool");
    assert_eq!(place.json(&["tool", "call", "a", "run"]).json["output"], 42);
    assert_eq!(place.json(&["tool", "call", "b", "run"]).json["error"]["kind"], "fuel");
    place.write("tools/payments.wasm", guest("fine"));
    refused(&place, &["two tools are registered as \"payments\""]);
    place.write("stockade.toml", "[tools]\nfolder = \"tulls\"");
    refused(&place, &["the folder of tools", "tulls\" cannot be read"]);
    place.write("stockade.toml", "[tool.c]\nidempotent = true");
    refused(&place, &["tool \"c\" has no component", "component = \"FILE.wasm\" or \"oci://…\" under [tool.c]"]);
}

#[test]
fn a_file_elsewhere_is_found_from_the_configurations_folder() {
    let place = Place::new();
    fs::create_dir(place.path("etc")).unwrap();
    place.write("etc/stockade.toml", "[tool.answer]\ncomponent = \"fine.wasm\"");
    place.write("etc/fine.wasm", guest("fine"));
    let answer = place.json(&["tool", "call", "answer", "run", "--config", "etc/stockade.toml"]);
    assert_eq!(answer.json["output"], 42, "{answer:#?}");
}

const GRANTED: &str = "
    [tool.answer]
    component = \"fine.wasm\"
    [tool.answer.grants]
    secrets = [{ name = \"stripe\", host = \"api.stripe.com\", header = \"authorization\" }]
";

/// Looked up only where a grant names it; and whatever goes wrong, its value is in no message.
#[test]
fn a_secret_must_be_there_when_a_grant_names_it() {
    let place = configured(GRANTED);
    fine(&place);
    refused(&place, &["secret \"stripe\"", "under [secrets], stripe = { env = \"VARIABLE\" }"]);
    place.write("stockade.toml", format!("{GRANTED}[secrets]\nstripe = {{ env = \"STOCKADE_TEST_NO_SUCH\" }}"));
    refused(&place, &["secret \"stripe\" cannot be read from the variable STOCKADE_TEST_NO_SUCH"]);
    place.write("stockade.toml", format!("{GRANTED}[secrets]\nstripe = {{ file = \"key\" }}"));
    refused(&place, &["/key\": No such file"]);
    place.write("key", "\n");
    refused(&place, &["it is empty"]);
    place.write("key", "sk_live\n");
    let shown = place.json(&["tool", "inspect", "answer"]);
    assert_eq!(shown.exit, Some(0), "{shown:#?}");
    assert!(!shown.stdout.contains("sk_live") && !shown.stderr.contains("sk_live"));
    // One that no tool is granted need not be there.
    place.write("stockade.toml", "[secrets]\nother = { file = \"none\" }");
    listed(&place, "payments");
}

#[test]
fn a_tool_is_pulled_pinned_and_called() {
    let (registry, place) = (Registry::new(), Place::new());
    let (manifest, digest) = registry.publish("1.0", &guest("fine"));
    let reference = registry.reference("acme/tool:1.0");
    place.write("stockade.toml", format!("[tool.answer]\ncomponent = \"{reference}\""));
    refused(&place, &["write digest = \"sha256:…\" beside it", &format!("stockade tool pull {reference}")]);

    // As the message says; although the configuration is not complete yet.
    let pulled = place.json(&["tool", "pull", &reference]);
    let expected = json!({"reference": reference, "digest": digest, "manifest": manifest, "size": guest("fine").len()});
    assert_eq!((pulled.exit, &pulled.json), (Some(0), &expected));
    let printed = place.call(&["tool", "pull", &reference]).stdout;
    assert_eq!(printed, format!("component = \"{reference}\"\ndigest = \"{digest}\"\n"));
    place.write("stockade.toml", format!("[tool.answer]\n{printed}"));
    let downloads = registry.downloads();
    assert_eq!(place.json(&["tool", "call", "answer", "run"]).json["output"], 42);
    assert_eq!(registry.downloads(), downloads, "it was kept already");

    let by_manifest = registry.reference(&format!("acme/tool@{manifest}"));
    assert_eq!(place.json(&["tool", "call", &by_manifest, "run"]).json["output"], 42);
    let answer = place.json(&["tool", "pull", "oci://acme/tool:1.0"]);
    assert!(answer.json["error"]["message"].as_str().unwrap().contains("names no registry"), "{answer:#?}");
}

#[test]
fn a_program_is_called_with_arguments_and_an_input() {
    let place = Place::new();
    let arguments = json!({"args": ["upper"], "stdin": "grüße"}).to_string();
    let answer = place.json(&["tool", "call", &dist("command").display().to_string(), "run", &arguments]);
    assert_eq!(answer.json["output"], "GRÜSSE", "{answer:#?}");
}

/// Shells give a process 1,024 open files and allow it far more.
#[test]
fn as_many_files_may_be_open_as_the_system_allows() {
    let (place, binary) = (Place::new(), Place::new().command(&[]).get_program().to_owned());
    let mut shell = std::process::Command::new("sh");
    let few = "ulimit -S -n 8 && exec \"$0\" tool list";
    let answer = shell.args(["-c", few]).arg(binary).current_dir(place.path("")).output().unwrap();
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
}

#[test]
fn limits_of_all_calls_are_configuration() {
    let place = Place::new();
    place.guest("spin");
    let config = "[limits]\nfuel = 1_000\nwall_us = 60_000_000\n\
                  [tool.own]\ncomponent = \"spin.wasm\"\nlimits = { fuel = 2_000 }\n\
                  [tool.same]\ncomponent = \"spin.wasm\"\n";
    place.write("stockade.toml", config);
    for (tool, fuel) in [("own", 2_000), ("same", 1_000), ("./spin.wasm", 1_000)] {
        let answer = place.json(&["tool", "call", tool, "run", "{}"]);
        assert_eq!((answer.exit, &answer.json["error"]["allowed"]), (Some(1), &fuel.into()), "{answer:#?}");
    }
}

/// With `--budget`, all that it did not name was the default; and the examples had the default anyhow.
#[test]
fn a_call_by_hand_has_the_limits_of_its_tool() {
    let place = Place::new();
    let call = |more: &[&str]| {
        let arguments = r#"{"days_ago": 1, "window_days": 30}"#;
        place.json(&[&["tool", "call", "policy", "within_window", arguments], more].concat())
    };
    assert_eq!(call(&["--budget", "wall=2s"]).exit, Some(0));
    place.write("stockade.toml", "[tool.policy]\nlimits = { fuel = 5 }");
    for more in [&[][..], &["--budget", "wall=2s"]] {
        let answer = call(more);
        assert_eq!((answer.exit, &answer.json["error"]["allowed"]), (Some(1), &json!(5)), "{more:?} {answer:#?}");
    }
    assert_eq!(call(&["--budget", "fuel=1000000"]).exit, Some(0));
    let tested = place.json(&["tool", "test", "policy"]);
    assert!(tested.exit == Some(1) && tested.json["passed"] == 0, "{tested:#?}");
}
