//! The paths of the refund workflow, one file each: what happens, and what must come of it.
//!
//! A file of `paths/` holds the steps of one run: an event, then either the state's name, the log lines, the effects
//! and the end that it leads to, or the fault with which it is refused. A new path is a new file; where it says
//! something else than the machine, the test prints what the machine says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use stockade_refund::{Letter, Refund, Rules};
use stockade_workflow::{End, Event, Machine, Step};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    /// One sentence for the reader.
    #[serde(rename = "about")]
    _about: String,
    #[serde(default)]
    rules: Rules,
    /// The model that writes the letter, where one does.
    #[serde(default)]
    letter: Option<Letter>,
    steps: Vec<Told>,
}

#[derive(Deserialize)]
struct Told {
    event: Event,
    #[serde(flatten)]
    expected: Value,
}

#[test]
fn every_path_goes_as_its_file_says() {
    let mut taken = [BTreeSet::new(), BTreeSet::new()];
    for (name, story) in stories() {
        let [by_tool, by_model] = &mut taken;
        let of = if story.letter.is_some() { by_model } else { by_tool };
        of.extend(walk(&name, story));
    }
    let [by_tool, by_model] = taken;
    assert_eq!(by_tool, declared(None), "each declared edge is to be on a path");
    let more: BTreeSet<_> = declared(Some(Letter::default())).difference(&by_tool).cloned().collect();
    assert!(!more.is_empty() && by_model.is_superset(&more), "{more:?} is to be on a path: {by_model:?}");
}

fn declared(letter: Option<Letter>) -> BTreeSet<String> {
    let machine = Machine::new(Refund { rules: Rules::default(), letter });
    let states = machine.graph().states.iter();
    states.flat_map(|state| state.next.iter().map(|next| format!("{} -> {next}", state.name))).collect()
}

/// Walks one path to its end and returns the edges that it took.
fn walk(name: &str, story: Story) -> BTreeSet<String> {
    let machine = Machine::new(Refund { rules: story.rules, letter: story.letter });
    let (mut at, mut ended, mut taken) = (None::<(&str, Value)>, false, BTreeSet::new());
    for (number, Told { event, expected }) in (1..).zip(story.steps) {
        assert!(!ended, "{name}: step {number} comes after the end");
        let answer = machine.step(at.clone(), event.clone());
        let actual = match &answer {
            Ok(Step { position, transition }) => {
                let (log, effects, end) = (&transition.log, &transition.effects, &transition.end);
                json!({"position": position, "log": log, "effects": effects, "end": end})
            }
            Err(fault) => json!({"refused": fault}),
        };
        assert_eq!(actual, expected, "{name}: step {number} leads to this:\n{actual:#}\n");
        if let Ok(Step { position, transition }) = answer {
            // A run that fails where it stands takes no edge.
            let fails = matches!(transition.end, Some(End::Failed(_)));
            let edge = at.filter(|(from, _)| !(fails && *from == position));
            taken.extend(edge.map(|(from, _)| format!("{from} -> {position}")));
            ended = transition.end.is_some();
            at = Some((position, transition.state));
        }
    }
    assert!(ended, "{name}: the path does not end");
    taken
}

fn stories() -> impl Iterator<Item = (String, Story)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/paths");
    fs::read_dir(folder).unwrap().map(|file| {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let story = serde_json::from_str(&fs::read_to_string(path).unwrap());
        (name.clone(), story.unwrap_or_else(|error| panic!("{name}: {error}")))
    })
}
