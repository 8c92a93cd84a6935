//! How much memory a live instance takes: each has answered one call and has not ended.

use std::future::Future;
use std::pin::Pin;
use std::process::Command;
use std::task::{Context, Waker};
use std::time::Duration;

use serde_json::{Value, json};
use stockade_sandbox::{Config, Engine, Limits, Outcome, Tool};
use stockade_workflow::Kind;

use crate::goals::Goals;
use crate::guests::built;
use crate::product::{arguments, call, runtime};

/// The argument by which this program knows that it shall count instances and nothing else.
pub(crate) const CHILD: &str = "count-instances";
/// As many as an engine can be told to hold.
const INSTANCES: u32 = 10_000;
/// Linux gives a process so many mappings by default; an instance takes six.
const MAPPINGS_MIN: u64 = 65_000;
const KIB_MAX: f64 = 80.0;

const GOAL: &str = "std guest: memory of each of 10,000 live instances";

/// Measures it in a process of its own, and that one more instance is refused in good order.
pub(crate) fn measure(goals: &mut Goals) {
    println!("\nLive instances of the std guest, each after one call, through the product's own calls");
    if mappings_max() < MAPPINGS_MIN {
        return goals.unmeasured(GOAL, &format!("vm.max_map_count is {}, {MAPPINGS_MIN} are needed", mappings_max()));
    }
    let child = Command::new(std::env::current_exe().unwrap()).arg(CHILD).output().unwrap();
    let Ok(counted) = serde_json::from_slice::<Value>(&child.stdout) else {
        return goals.unmeasured(GOAL, &String::from_utf8_lossy(&child.stderr));
    };
    for row in counted["rows"].as_array().into_iter().flatten() {
        let kib = row["kib_each"].as_f64().unwrap_or(f64::NAN);
        let a_gib = f64::from(1 << 20) / (kib + row["page_table_kib_each"].as_f64().unwrap_or(f64::NAN));
        println!("  {row} = {a_gib:.0} live in a GiB");
    }
    goals.at_most(GOAL, counted["kib_each"].as_f64().unwrap_or(f64::NAN), " KiB", KIB_MAX);
    let is_refused = counted["one_more"] == "deadline" && counted["is_capped"] == true;
    goals.holds("one call more is refused, and an engine above the cap", is_refused, &counted["message"].to_string());
    goals.holds("the next call after them is unharmed", counted["is_unharmed"] == true, "it answers");
}

/// Fills the pool, and prints what was seen as JSON.
pub(crate) fn count() {
    let runtime = runtime();
    let _timers = runtime.enter();
    let engine = Engine::new(Config { concurrency: INSTANCES, ..Config::default() }).unwrap();
    let tool = Tool::new(&engine, "bench", engine.load(&built("bench-std")).unwrap(), &[]).unwrap();
    let arguments = arguments();
    // What is made once for a process is not an instance's.
    drop(linger(&tool, &arguments));
    let before = memory();
    let mut live = Vec::with_capacity(INSTANCES as usize);
    let mut rows = Vec::new();
    for count in [1_000, INSTANCES / 2, INSTANCES] {
        live.resize_with(count as usize, || linger(&tool, &arguments));
        let each = |index: usize| (memory()[index] - before[index]) as f64 / f64::from(count);
        rows.push(json!({"live": count, "kib_each": each(0), "of_it_its_own": each(1), "page_table_kib_each": each(2), "mappings": mappings()}));
    }
    let short = Limits::default().deadline(Duration::from_millis(20));
    let one_more = runtime.block_on(call(&tool, "call", &arguments, short)).result.unwrap_err();
    let is_capped = Engine::new(Config { concurrency: INSTANCES + 1, ..Config::default() }).is_err();
    drop(live);
    let is_unharmed = runtime.block_on(call(&tool, "call", &arguments, Limits::default())).result.is_ok();
    let kib_each = rows.last().map(|row| row["kib_each"].clone());
    let one_more = (if one_more.kind == Kind::Deadline { "deadline" } else { "another" }, one_more.message);
    println!(
        "{}",
        json!({"rows": rows, "kib_each": kib_each, "one_more": one_more.0, "message": one_more.1,
               "is_capped": is_capped, "is_unharmed": is_unharmed})
    );
}

/// Begins a call that answers to itself and then goes round in a loop; it is asked once to go on, and never again, so
/// that its instance lives.
fn linger<'a>(tool: &'a Tool, arguments: &'a Value) -> Pin<Box<dyn Future<Output = Outcome> + 'a>> {
    let limits = Limits::default().deadline(Duration::from_secs(3_600)).fuel(1 << 40);
    let mut lingering = Box::pin(call(tool, "linger", arguments, limits));
    assert!(lingering.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    lingering
}

/// Returns KiB of this process: resident, of that not shared with other instances or files, and of page tables.
fn memory() -> [u64; 3] {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    ["VmRSS:", "RssAnon:", "VmPTE:"].map(|field| {
        let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    })
}

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().count()
}

fn mappings_max() -> u64 {
    std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap().trim().parse().unwrap()
}
