//! Agent Skills: found in folders, used as a person has accepted them, and no file of theirs leads out of their folder.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use stockade::{AcceptedSkill, Budget, Config, Host, Label, Outcome, SkillStatus};
use stockade_tests::Place;
use stockade_tests::code::exec;

const PDF: &str =
    "---\nname: pdf\ndescription: Counts the pages of a PDF.\nallowed-tools: purchases shell\n---\nRun count.js.\n";

/// Writes a skill with one script, which asks the shop.
fn write(place: &Place, name: &str, main: &str) {
    let folder = place.path("skills").join(name);
    fs::create_dir_all(folder.join("scripts")).unwrap();
    fs::write(folder.join("SKILL.md"), main).unwrap();
    let script = "const found = await purchases.find({user_id: input}); return found.item";
    fs::write(folder.join("scripts/count.js"), script).unwrap();
}

async fn host(place: &Place, trusted: &str, accepted: Option<&AcceptedSkill>) -> Host {
    let folder = place.path("skills");
    let config = format!("[skills]\nfolders = [\"{}\"]\ntrusted = [{trusted}]\n", folder.display());
    let builder = place.host().built_in_languages().scratch(place.path(""));
    let builder =
        accepted.into_iter().fold(builder, |builder, accepted| builder.accepted_skill("pdf", accepted.clone()));
    builder.configured(&Config::parse(&config).unwrap()).unwrap().build().await.unwrap()
}

async fn accepted(place: &Place) -> AcceptedSkill {
    host(place, "", None).await.accept_skill("pdf", "dana").unwrap()
}

fn statuses(host: &Host) -> Vec<(String, SkillStatus)> {
    host.skills().into_iter().map(|skill| (skill.name, skill.status)).collect()
}

const READ: &str = "try { return await skill.read({name: 'pdf'}) } catch (error) { return error.message }";

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_is_read_once_it_is_accepted_and_not_once_it_has_changed() {
    let place = Place::new();
    write(&place, "pdf", PDF);
    let new = host(&place, "", None).await;
    assert_eq!(statuses(&new), [("pdf".to_owned(), SkillStatus::New)]);
    let Outcome::Done(message) = exec(&new, READ, &["skill"]).await else { panic!("it failed") };
    assert!(message.as_str().unwrap().contains("there is no skill \"pdf\""), "{message}");
    assert!(new.tool("skill-pdf").is_err());
    let accepted = new.accept_skill("pdf", "dana").unwrap();
    assert_eq!(accepted.tools.keys().collect::<Vec<_>>(), ["purchases"], "there is no tool \"shell\"");
    assert!(new.accept_skill("pdf", " ").is_err() && new.accept_skill("other", "dana").is_err());
    let used = host(&place, "", Some(&accepted)).await;
    assert_eq!(exec(&used, READ, &["skill"]).await, Outcome::Done(PDF.into()));
    assert!(used.tool("skill").unwrap().functions()[0].docs().contains("- pdf: Counts the pages of a PDF."));
    fs::write(place.path("skills/pdf/scripts/count.js"), "return 1").unwrap();
    let changed = host(&place, "", Some(&accepted)).await;
    assert_eq!(statuses(&changed), [("pdf".to_owned(), SkillStatus::Changed)]);
    assert!(changed.tool("skill-pdf").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_is_untrusted_unless_the_operator_trusts_it() {
    let place = Place::new();
    write(&place, "pdf", PDF);
    let accepted = accepted(&place).await;
    for (trusted, labels) in [("", vec![Label::Untrusted]), ("\"pdf\"", vec![])] {
        let host = host(&place, trusted, Some(&accepted)).await;
        for tool in ["skill", "skill-pdf"] {
            let own: Vec<_> = host.tool(tool).unwrap().nature().labels.iter().copied().collect();
            assert_eq!(own, labels, "{tool}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_has_no_file_outside_of_its_folder() {
    let place = Place::new();
    write(&place, "pdf", PDF);
    fs::write(place.path("secret"), "canary").unwrap();
    let accepted = accepted(&place).await;
    let host = host(&place, "", Some(&accepted)).await;
    let tool = host.tool("skill").unwrap();
    assert_eq!(tool.functions()[0].input_schema()["properties"]["name"]["enum"], json!(["pdf"]));
    for file in ["../../secret", "/etc/passwd", "scripts/../../../secret", "scripts", ""] {
        let source = format!(
            "try {{ return await skill.read({{name: 'pdf', file: {}}}) }} catch (error) {{ return error.message }}",
            json!(file)
        );
        let Outcome::Done(message) = exec(&host, &source, &["skill"]).await else { panic!("{file}") };
        assert!(message.as_str().unwrap().contains("the skill has no file"), "{file}: {message}");
    }
}

#[tokio::test]
async fn a_folder_that_is_no_skill_is_told_and_not_used() {
    let place = Place::new();
    let with = |name: &str, main: &str| write(&place, name, main);
    with("other-name", PDF);
    with("hidden", "---\nname: hidden\ndescription: a\u{202e}b\n---\n");
    with("Capital", "---\nname: Capital\ndescription: a\n---\n");
    with("plain", "# no front matter\n");
    with("linked", "---\nname: linked\ndescription: a\n---\n");
    std::os::unix::fs::symlink("/etc/passwd", place.path("skills/linked/more.md")).unwrap();
    std::os::unix::fs::symlink(Path::new("linked"), place.path("skills/whole")).unwrap();
    with("long", "---\nname: long\ndescription: a\n---\n");
    fs::write(place.path("skills/long/big"), vec![b'x'; (1 << 20) + 1]).unwrap();
    fs::create_dir(place.path("skills/empty")).unwrap();
    let host = host(&place, "", None).await;
    let problems: Vec<(String, String)> =
        host.skills().into_iter().map(|skill| (skill.name, skill.problem.unwrap_or_default())).collect();
    let expected = [
        ("Capital", "small letters"),
        ("empty", "no SKILL.md"),
        ("hidden", "cannot be seen"),
        ("linked", "\"more.md\" is a link"),
        ("long", "\"big\" cannot be read"),
        ("other-name", "says that its name is \"pdf\""),
        ("plain", "does not begin"),
        ("whole", "it is a link"),
    ];
    assert_eq!(problems.len(), expected.len(), "{problems:?}");
    for ((name, problem), (expected, why)) in problems.iter().zip(expected) {
        assert!(name == expected && problem.contains(why), "{name}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_of_a_skill_runs_in_the_sandbox_with_what_was_accepted() {
    use stockade::{Effect, EffectOutcome, ToolCall, ToolOutcome};
    use stockade_tests::in_turn::{InTurn, outcomes, start};

    let place = Place::new();
    write(&place, "pdf", PDF);
    let accepted = accepted(&place).await;
    let folder = place.path("skills");
    let config = format!("[skills]\nfolders = [\"{}\"]\n", folder.display());
    let builder = place.host().built_in_languages().scratch(place.path("")).workflow(InTurn);
    let builder = builder.accepted_skill("pdf", accepted).configured(&Config::parse(&config).unwrap()).unwrap();
    let host = builder.build().await.unwrap();
    let run = |key: &str, script: &str| {
        let arguments: Value = json!({"script": script, "input": "user_123"});
        Effect::call(key, ToolCall::new("skill-pdf", "run", arguments))
    };
    let effects = [run("first", "scripts/count.js"), run("second", "SKILL.md")];
    let (_, outcome) = start(&host, &effects, Budget::default().fuel(2_000_000_000)).await;
    let outcomes = outcomes(&outcome);
    let EffectOutcome::ToolReturned(ToolOutcome::Returned(item)) = &outcomes[0] else { panic!("{outcomes:?}") };
    // The answer of code that is a tool is the JSON of what it returned, as a text.
    assert!(item.text().contains("Premium Subscription"), "{outcomes:?}");
    let EffectOutcome::ToolReturned(ToolOutcome::Failed(fault)) = &outcomes[1] else { panic!("{outcomes:?}") };
    assert!(fault.message.contains("has no script"), "{fault}");
}

#[test]
fn a_skill_is_accepted_on_the_command_line_until_it_changes() {
    let place = Place::new();
    write(&place, "pdf", PDF);
    place.write("stockade.toml", "[skills]\nfolders = [\"skills\"]");
    let status = |place: &Place| place.json(&["skill", "list"]).json[0]["status"].clone();
    assert_eq!(status(&place), "new");
    let unasked = place.json(&["skill", "accept", "pdf", "--by", "dana"]);
    assert!(unasked.exit != Some(0) && status(&place) == "new", "{unasked:#?}");
    let accepted = place.json(&["skill", "accept", "pdf", "--by", "dana", "--yes"]);
    assert_eq!((accepted.exit, status(&place)), (Some(0), json!("accepted")), "{accepted:#?}");
    let tools = place.json(&["tool", "list"]);
    let names: Vec<_> = tools.json.as_array().unwrap().iter().map(|tool| tool["name"].clone()).collect();
    assert!(names.contains(&json!("skill")) && names.contains(&json!("skill-pdf")), "{names:?}");
    // A record that this user has not sealed is worth nothing.
    let record = place.data("skills/pdf.json");
    fs::write(&record, fs::read_to_string(&record).unwrap().replace("dana", "eve")).unwrap();
    assert_eq!(status(&place), "new");
    place.json(&["skill", "accept", "pdf", "--by", "dana", "--yes"]);
    fs::write(place.path("skills/pdf/more.md"), "more").unwrap();
    assert_eq!(status(&place), "changed");
}
