//! Agent Skills, told and read by the extension of the protocol for them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stockade::Digest;
use stockade_tests::Place;

use super::agent::Agent;
use super::newest;

const MAIN: &str = "---\nname: pdf\ndescription: Counts the pages of a PDF.\nlicense: MIT\n---\nRead `more/a b.md`.\n";

/// What a skill of these files is listed as.
fn listed(files: &[(&str, &[u8])]) -> Value {
    let mut listed = Vec::new();
    for (address, bytes) in files {
        let uri = format!("skill://pdf/{address}");
        listed.push(json!({"uri": uri, "digest": Digest::of(bytes), "size": bytes.len()}));
    }
    listed.into()
}

fn with_skills() -> Place {
    let place = Place::new();
    place.write("stockade.toml", "[skills]\nfolders = [\"skills\"]");
    place.write("skills/pdf/SKILL.md", MAIN);
    place.write("skills/pdf/logo.png", b"\x89PNG");
    place.write("skills/pdf/more/a b.md", "more");
    // The host reads it, and YAML does not allow it.
    place.write("skills/loose/SKILL.md", "---\nname: loose\ndescription: Use this: it works\n---\n");
    place.write("skills/new/SKILL.md", "---\nname: new\ndescription: No person has accepted it.\n---\n");
    place.write("secret", "canary");
    for name in ["pdf", "loose"] {
        let accepted = place.json(&["skill", "accept", name, "--by", "dana", "--yes"]);
        assert_eq!(accepted.exit, Some(0), "{accepted:?}");
    }
    place
}

#[test]
fn accepted_skills_are_listed_with_digests_and_their_files_are_read_as_they_are() {
    let place = with_skills();
    let mut agent = Agent::start(&place, &["--tools", "skill", "--languages", "javascript"]);
    let mut ask = |method: &str, params: Value| agent.ask(method, newest(params, json!({})));
    let discovered = ask("server/discover", json!({}));
    assert_eq!(
        discovered["result"]["capabilities"]["extensions"]["io.modelcontextprotocol/skills"],
        json!({}),
        "{discovered}"
    );

    let skills = ask("skills/list", json!({}))["result"].clone();
    assert_eq!(skills["skills"].as_array().map(Vec::len), Some(1), "{skills}");
    let pdf = &skills["skills"][0];
    let front_matter = json!({"name": "pdf", "description": "Counts the pages of a PDF.", "license": "MIT"});
    assert_eq!((&pdf["uri"], &pdf["frontmatter"]), (&json!("skill://pdf/SKILL.md"), &front_matter));
    let files: [(&str, &[u8]); 3] =
        [("SKILL.md", MAIN.as_bytes()), ("logo.png", b"\x89PNG"), ("more/a%20b.md", b"more")];
    assert_eq!(pdf["resources"], listed(&files));
    assert_eq!(pdf["_meta"]["stockade/labels"], json!(["untrusted"]));
    let accepted = place.json(&["skill", "list"]).json;
    let accepted = accepted.as_array().unwrap().iter().find(|skill| skill["name"] == "pdf").unwrap();
    assert_eq!(pdf["_meta"]["stockade/digest"], accepted["digest"]);
    assert_eq!(ask("skills/get", json!({"uri": "skill://pdf/SKILL.md"}))["result"]["skill"], *pdf);
    for (unknown, why) in [
        ("skill://new/SKILL.md", "there is no skill"),
        ("skill://loose/SKILL.md", "cannot be read as YAML"),
        ("skill://pdf/logo.png", "not the uri of a SKILL.md"),
        ("skill://other/../pdf/SKILL.md", "there is no skill"),
    ] {
        let refused = ask("skills/get", json!({"uri": unknown}));
        assert_eq!(refused["error"]["code"], -32_602, "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(why), "{refused}");
    }

    let mut read = |uri: &str| ask("resources/read", json!({"uri": uri}));
    for (address, bytes) in files {
        let file = read(&format!("skill://pdf/{address}"))["result"]["contents"][0].clone();
        let text = file["text"].as_str().map(|text| text.as_bytes().to_vec());
        let blob = || STANDARD.decode(file["blob"].as_str().unwrap()).unwrap();
        assert_eq!(text.unwrap_or_else(blob), bytes, "{file}");
        assert_eq!(file["_meta"]["stockade/labels"], json!(["untrusted"]), "{file}");
    }
    assert_eq!(read("skill://pdf/SKILL.md")["result"]["contents"][0]["mimeType"], "text/markdown");
    for elsewhere in ["skill://pdf/../../secret", "skill://pdf/more", "skill://pdf", "skill://new/SKILL.md"] {
        assert_eq!(read(elsewhere)["error"]["code"], -32_602, "{elsewhere}");
    }
    assert_eq!(agent.close().status.code(), Some(0));
}

#[test]
fn a_client_without_the_extension_finds_skills_among_the_resources() {
    let place = with_skills();
    let mut agent = Agent::before(&place, &["--tools", "skill", "--languages", "javascript"]);
    let resources = agent.ask("resources/list", json!({}))["result"]["resources"].clone();
    let names: Vec<_> =
        resources.as_array().unwrap().iter().map(|resource| resource["uri"].as_str().unwrap()).collect();
    assert_eq!(names, ["skill://loose/SKILL.md", "skill://pdf/SKILL.md"], "{resources}");
    let pdf = &resources[1];
    assert_eq!((&pdf["name"], &pdf["mimeType"]), (&json!("pdf"), &json!("text/markdown")), "{pdf}");
    assert_eq!(pdf["description"], "Counts the pages of a PDF.", "{pdf}");
    let templates = agent.ask("resources/templates/list", json!({}))["result"]["resourceTemplates"].to_string();
    assert!(templates.contains("skill://{name}/{+path}"), "{templates}");
    assert_eq!(agent.close().status.code(), Some(0));
}

#[test]
fn skills_are_not_told_to_a_client_that_is_not_offered_the_tool_for_them() {
    let place = with_skills();
    let mut agent = Agent::before(&place, &["--tools", "policy", "--languages", "javascript"]);
    assert_eq!(agent.ask("resources/list", json!({}))["result"]["resources"], json!([]));
    assert_eq!(agent.ask("skills/list", json!({}))["error"]["code"], -32_601);
    let refused = agent.ask("resources/read", json!({"uri": "skill://pdf/SKILL.md"}));
    assert!(refused["error"]["message"].as_str().unwrap().contains("there is no"), "{refused}");
    assert_eq!(agent.close().status.code(), Some(0));
}
