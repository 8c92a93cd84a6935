use std::sync::Arc;

use stockade_tests::Place;

use crate::world::{World, folder};

/// What the binary shows of it is written out; under `--json` it is a JSON string like any other.
pub(crate) async fn run(_: Arc<World>) {
    tokio::task::spawn_blocking(through_the_binary).await.unwrap();
}

fn through_the_binary() {
    let place = Place::new();
    let guest = folder().join("23-terminal-injection.wat").display().to_string();
    for function in ["fail", "succeed"] {
        let shown = place.call(&["tool", "call", &guest, function]);
        let text = format!("{}{}", shown.stdout, shown.stderr);
        let harmful =
            |letter: char| letter.is_control() && letter != '\n' || ['\u{202e}', '\u{200b}'].contains(&letter);
        assert!(!text.contains(harmful), "{text:?}");
        assert!(text.contains("fake"), "{text:?}");
        assert!(!text.lines().any(|line| line.starts_with("run 1") || line.starts_with("error: fake")), "{text:?}");
    }
    let document = place.json(&["tool", "call", &guest, "fail"]).json;
    assert_eq!(document["error"]["kind"], "guest_error");
    assert!(document["error"]["message"].as_str().unwrap().contains("\u{1b}[2J"), "{document}");
}
