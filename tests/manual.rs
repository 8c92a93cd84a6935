//! `stockade man` and `stockade completions`, as packages call them.

use stockade_tests::Place;

#[test]
fn each_command_has_a_page_of_the_manual() {
    let answer = Place::new().json(&["man"]);
    assert_eq!(answer.exit, Some(0), "{answer:#?}");
    let pages = answer.json["pages"].as_object().unwrap();
    for name in ["stockade.1", "stockade-run.1", "stockade-worker.1", "stockade-tool-new.1"] {
        let page = pages.get(name).unwrap_or_else(|| panic!("no {name} among {:?}", pages.keys()));
        assert!(page.as_str().unwrap().contains("\n.TH "), "{name}: {page}");
    }
    assert!(!pages.contains_key("stockade-prune.1"), "a hidden command has a page");
    let of_tool = Place::new().call(&["man", "tool", "new"]);
    assert_eq!(Some(of_tool.stdout.as_str()), pages["stockade-tool-new.1"].as_str());
}

#[test]
fn a_command_that_is_not_there_has_no_page() {
    let answer = Place::new().json(&["man", "tool", "old"]);
    assert_eq!((answer.exit, answer.json["error"]["detail"].as_str()), (Some(5), Some("command")), "{answer:#?}");
}

#[test]
fn a_shell_that_is_known_gets_a_script_and_another_a_refusal() {
    for shell in ["bash", "zsh", "fish"] {
        let answer = Place::new().json(&["completions", shell]);
        assert_eq!((answer.exit, answer.json["shell"].as_str()), (Some(0), Some(shell)), "{answer:#?}");
        assert!(answer.json["script"].as_str().unwrap().contains("worker"), "{shell}");
    }
    assert_eq!(Place::new().json(&["completions", "command.com"]).exit, Some(2));
}
