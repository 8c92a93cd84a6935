//! The built-in tool "time": the clock only where it is granted, dates anywhere.

use serde_json::json;
use stockade_sandbox::Limits;
use stockade_workflow::Grant;

use crate::common::{ENGINE, built, built_tool, call, tool};

#[tokio::test]
async fn time_is_told_only_where_the_clock_is_granted() {
    let without = built_tool("time");
    let fault = call(&without, "now", json!({}), Limits::default()).await.result.unwrap_err();
    assert!(fault.message.contains("clock = \"real\""), "{fault}");
    let with = tool(ENGINE.load(&built("time")).unwrap(), &[Grant::Clock]);
    let now = call(&with, "now", json!({"zone": "Asia/Tokyo"}), Limits::default()).await.result.unwrap();
    assert!(now["unix_ms"].as_i64().unwrap() > 1_767_225_601_000, "{now}");
    assert!(now["local"].as_str().unwrap().ends_with("+09:00[Asia/Tokyo]"), "{now}");
}

#[tokio::test]
async fn time_is_reckoned_by_the_calendar_of_a_zone() {
    let tool = built_tool("time");
    let arguments = json!({"time": "2026-03-28T12:00", "span": "P1D", "zone": "Europe/Berlin"});
    let later = call(&tool, "add", arguments, Limits::default()).await.result.unwrap();
    assert_eq!(later["utc"], "2026-03-29T10:00:00Z");
    let zones = call(&tool, "zones", json!({"part": "berlin"}), Limits::default()).await.result.unwrap();
    assert_eq!(zones, json!(["Europe/Berlin"]));
}
