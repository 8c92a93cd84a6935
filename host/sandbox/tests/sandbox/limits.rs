//! Each limit, fired by a guest that does nothing else: a typed fault, and an engine that the next call finds well.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stockade_sandbox::{Config, Engine, Limits, Outcome, Tool};
use stockade_workflow::{Fault, Kind};

use crate::common::{built_tool, call, guest, guest_source, tool};

/// Calls a function that must end at a limit, then one that must not.
async fn fault(tool: &Tool, function: &str, arguments: Value, limits: Limits) -> Fault {
    let outcome = call(tool, function, arguments, limits).await;
    let well = call(&self::tool(guest("hostile"), &[]), "fine", json!({}), Limits::default()).await;
    assert_eq!(well.result, Ok(json!(42)));
    stopped(&outcome)
}

fn stopped(outcome: &Outcome) -> Fault {
    let fault = outcome.result.clone().expect_err("a fault");
    assert_eq!((fault.tool.as_deref(), fault.call_id.as_deref()), (Some("test"), Some("run-1/key")));
    assert!(!fault.message.contains(env!("CARGO_MANIFEST_DIR")) && !fault.message.contains('\n'), "{fault}");
    fault
}

fn breach(fault: &Fault) -> (Kind, &str, u64, u64) {
    let breach = fault.breach.as_ref().expect("a breach");
    (fault.kind, &breach.limit, breach.allowed, breach.used)
}

async fn hostile(function: &str, arguments: Value, limits: Limits) -> Fault {
    fault(&tool(guest("hostile"), &[]), function, arguments, limits).await
}

#[tokio::test]
async fn a_loop_ends_with_its_fuel() {
    let tool = tool(guest("hostile"), &[]);
    let outcome = call(&tool, "spin", json!({}), Limits::default().fuel(12_345_678)).await;
    assert_eq!(breach(&stopped(&outcome)), (Kind::Fuel, "fuel", 12_345_678, 12_345_678));
    assert_eq!(outcome.usage.fuel, 12_345_678);
    assert_eq!(breach(&hostile("fine", json!({}), Limits::default().fuel(0)).await), (Kind::Fuel, "fuel", 0, 0));
}

#[tokio::test]
async fn a_loop_ends_at_its_deadline() {
    let limits = Limits::default().fuel(u64::MAX).deadline(Duration::from_millis(20));
    let started = Instant::now();
    let fault = hostile("spin", json!({}), limits).await;
    let (kind, limit, allowed, used) = breach(&fault);
    assert_eq!((kind, limit, allowed), (Kind::Deadline, "wall_us", 20_000));
    assert!(used >= 20_000, "{used}");
    // Two milliseconds past it on a quiet machine; the rest is for one that is not.
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
    let limits = Limits::default().deadline(Duration::ZERO);
    let fault = hostile("fine", json!({}), limits).await;
    assert_eq!((fault.kind, fault.breach.unwrap().allowed), (Kind::Deadline, 0));
}

#[tokio::test]
async fn a_start_function_is_metered_like_any_other() {
    let tool = tool(guest("start-spin"), &[]);
    assert_eq!(fault(&tool, "fine", json!({}), Limits::default()).await.kind, Kind::Fuel);
    let limits = Limits::default().fuel(u64::MAX).deadline(Duration::from_millis(20));
    assert_eq!(fault(&tool, "fine", json!({}), limits).await.kind, Kind::Deadline);
}

#[tokio::test]
async fn sleeping_ends_at_the_deadline_though_it_costs_no_fuel() {
    let tool = tool(guest("sleep"), &[]);
    let limits = Limits::default().fuel(10_000);
    for nanos in [1_000_000_000, u64::MAX] {
        let limits = limits.clone().deadline(Duration::from_millis(20));
        assert_eq!(fault(&tool, "sleep", json!({"nanos": nanos}), limits).await.kind, Kind::Deadline);
    }
    // With the usual deadline, for how late a machine at work wakes a sleeper is not a matter of the limit.
    assert!(call(&tool, "sleep", json!({"nanos": 1_000}), limits).await.result.is_ok());
}

#[tokio::test]
async fn time_in_the_host_is_limited_by_itself() {
    let tool = tool(guest("sleep"), &[]);
    let limits = |host_us| Limits::default().host_us(host_us);
    for nanos in [1_000_000_000, u64::MAX] {
        let fault = fault(&tool, "sleep", json!({"nanos": nanos}), limits(10_000)).await;
        let (kind, limit, allowed, used) = breach(&fault);
        assert_eq!((kind, limit, allowed), (Kind::Deadline, "host_us", 10_000));
        assert!((10_001..1_000_000).contains(&used), "{used}");
    }
    assert!(call(&tool, "sleep", json!({"nanos": 1_000}), limits(1_000_000)).await.result.is_ok());
    // Not a single call, however short; a guest that makes no call needs no allowance.
    let none = fault(&self::tool(guest("host-calls"), &[]), "time", json!({"times": 1}), limits(0)).await;
    assert_eq!((none.kind, none.breach.unwrap().limit.as_str()), (Kind::Deadline, "host_us"));
    assert!(
        call(&built_tool("policy"), "within_window", json!({"days_ago": 1, "window_days": 2}), limits(0))
            .await
            .result
            .is_ok()
    );
}

/// Many short calls, each at once: no fuel to speak of, so that the guest never yields, and never waits.
#[tokio::test]
async fn many_short_calls_end_at_the_deadline_too() {
    let tool = tool(guest("host-calls"), &[]);
    let limits = || Limits::default().deadline(Duration::from_millis(20)).host_calls(u64::MAX);
    let fault = fault(&tool, "time", json!({"times": u32::MAX}), limits()).await;
    assert_eq!((fault.kind, fault.breach.unwrap().limit.as_str()), (Kind::Deadline, "wall_us"));
}

#[tokio::test]
async fn bytes_of_all_calls_into_the_host_add_up() {
    let tool = tool(guest("random-bytes"), &[]);
    let limits = || Limits::default().host_bytes(10_000);
    let take = |times: u32, bytes: u64| json!({"times": times, "bytes": bytes});
    assert!(call(&tool, "take", take(10, 1_000), limits()).await.result.is_ok());
    let fault_of_all = fault(&tool, "take", take(11, 1_000), limits()).await;
    assert_eq!(breach(&fault_of_all), (Kind::HostcallBytes, "host_bytes", 10_000, 11_000));
    let fault_of_one = fault(&tool, "take", take(1, u64::MAX), limits()).await;
    assert_eq!(breach(&fault_of_one), (Kind::HostcallBytes, "random_bytes", 65_536, u64::MAX));
    let limits = Limits::default().host_bytes(999).stdio_bytes(2_000);
    let outcome = call(&built_tool("probe"), "print", json!({"bytes": 1_000}), limits).await;
    assert_eq!(stopped(&outcome).breach.unwrap().limit, "host_bytes");
}

#[tokio::test]
async fn limits_may_be_as_large_as_they_like() {
    let limits = Limits::default()
        .fuel(u64::MAX)
        .wall_us(u64::MAX)
        .memory_bytes(u64::MAX)
        .table_elements(u64::MAX)
        .instances(u32::MAX)
        .memories(u32::MAX)
        .tables(u32::MAX)
        .host_calls(u64::MAX)
        .hostcall_bytes(u64::MAX)
        .handles(u32::MAX)
        .resources(u32::MAX)
        .argument_bytes(u64::MAX)
        .output_bytes(u64::MAX)
        .stdio_bytes(u64::MAX)
        .host_bytes(u64::MAX)
        .host_us(u64::MAX)
        .log_bytes(u64::MAX)
        .egress_requests(u64::MAX)
        .egress_bytes(u64::MAX);
    assert!(call(&built_tool("probe"), "print", json!({"bytes": 10}), limits).await.result.is_ok());
}

#[tokio::test]
async fn memory_ends_at_the_cap() {
    let cap = 8 << 20;
    let fault = hostile("grow", json!({}), Limits::default().memory_bytes(cap)).await;
    let (kind, limit, allowed, used) = breach(&fault);
    assert_eq!((kind, limit, allowed), (Kind::Memory, "memory_bytes", cap));
    assert!(used > cap && used <= cap + (1 << 20), "{used}");
    // Above what the pool can hold, the pool's cap is the one that is named.
    let fault = hostile("grow", json!({}), Limits::default().memory_bytes(u64::MAX)).await;
    assert_eq!((fault.kind, fault.breach.unwrap().allowed), (Kind::Memory, 64 << 20));
}

#[tokio::test]
async fn two_memories_share_one_cap() {
    let tool = tool(guest("two-memories"), &[]);
    let limits = || Limits::default().memory_bytes(4 << 20);
    let pages = json!({"pages": 40});
    assert_eq!(call(&tool, "grow_one", pages.clone(), limits()).await.result, Ok(json!(1)));
    let fault = fault(&tool, "grow_both", pages, limits()).await;
    assert_eq!(breach(&fault), (Kind::Memory, "memory_bytes", 4 << 20, 82 << 16));
}

#[tokio::test]
async fn a_memory_that_starts_too_large_never_starts() {
    let fault =
        fault(&tool(guest("large-start"), &[]), "fine", json!({}), Limits::default().memory_bytes(1 << 20)).await;
    assert_eq!(breach(&fault), (Kind::Memory, "memory_bytes", 1 << 20, 4 << 20));
}

#[tokio::test]
async fn tables_end_at_the_cap() {
    let limits = Limits::default().table_elements(5_000);
    assert_eq!(breach(&hostile("grow_table", json!({}), limits).await), (Kind::Table, "table_elements", 5_000, 5_001));
}

#[tokio::test]
async fn modules_memories_and_tables_are_counted() {
    let five = tool(guest("many-instances"), &[]);
    let limits = Limits::default().instances(4);
    assert_eq!(breach(&fault(&five, "fine", json!({}), limits).await), (Kind::Instances, "instances", 4, 5));
    let limits = Limits::default().memories(1);
    let two = tool(guest("two-memories"), &[]);
    let grow = json!({"pages": 1});
    assert_eq!(breach(&fault(&two, "grow_one", grow, limits).await), (Kind::Instances, "memories", 1, 2));
    let limits = Limits::default().tables(0);
    assert_eq!(breach(&hostile("fine", json!({}), limits).await), (Kind::Instances, "tables", 0, 1));
}

#[tokio::test]
async fn recursion_ends_at_the_stack() {
    let fault = hostile("recurse", json!({"n": 1}), Limits::default()).await;
    assert_eq!((fault.kind, fault.breach.unwrap().limit.as_str()), (Kind::Stack, "stack_bytes"));
}

#[tokio::test]
async fn a_trap_keeps_its_name() {
    let fault = hostile("unreachable", json!({}), Limits::default()).await;
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Trap, Some("UnreachableCodeReached")));
    let fault = hostile("divide", json!({"by": 0}), Limits::default()).await;
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Trap, Some("IntegerDivisionByZero")));
}

#[tokio::test]
async fn a_result_is_checked_before_it_is_believed() {
    for function in ["lie", "garbage"] {
        let fault = hostile(function, json!({}), Limits::default()).await;
        assert_eq!(fault.kind, Kind::Trap, "{function}: {fault}");
    }
}

#[tokio::test]
async fn a_result_ends_at_its_cap() {
    let limits = || Limits::default().output_bytes(1_000);
    let flood = |bytes: u32| json!({"bytes": bytes});
    let tool = tool(guest("hostile"), &[]);
    assert!(call(&tool, "flood", flood(992), limits()).await.result.is_ok());
    assert_eq!(breach(&hostile("flood", flood(993), limits()).await), (Kind::Output, "output_bytes", 1_000, 1_001));
    // What would be too much for the host to even lift is the same fault.
    let fault = hostile("flood", flood(40 << 20), limits()).await;
    assert_eq!((fault.kind, fault.breach.unwrap().limit.as_str()), (Kind::Output, "hostcall_bytes"));
}

/// Calls and runs that hold values leave the rest of them what is left, and not what each may have by itself.
/// A call that has not begun is told from one whose answer is lost: the second may have changed something.
#[tokio::test]
async fn an_answer_ends_at_the_cap_of_the_values_of_all_calls() {
    let engine = Engine::new(Config { host_memory_bytes: 100, ..Config::default() }).unwrap();
    let tool = Tool::new(&engine, "test", engine.load(&guest_source("hostile")).unwrap(), &[]).unwrap();
    let fine = async || call(&tool, "fine", json!({}), Limits::default()).await;
    assert_eq!(fine().await.result, Ok(json!(42)));
    let others = engine.host_memory().hold(50).unwrap();
    let refused = stopped(&fine().await);
    let (kind, limit, allowed, used) = breach(&refused);
    assert_eq!((kind, limit, allowed), (Kind::Output, "host_memory_bytes", 100));
    assert!(used > 100, "{used}");
    assert_eq!(engine.host_memory().used(), 50, "what was refused is not held");
    let more = engine.host_memory().held(51);
    let outcome = fine().await;
    assert_eq!((breach(&stopped(&outcome)).0, outcome.usage.fuel), (Kind::HostMemory, 0));
    drop((others, more));
    assert_eq!(fine().await.result, Ok(json!(42)));
}

#[tokio::test]
async fn printing_ends_at_its_cap() {
    let tool = built_tool("probe");
    let limits = || Limits::default().stdio_bytes(1_000);
    let outcome = call(&tool, "print", json!({"bytes": 1_000}), limits()).await;
    assert!(outcome.result.is_ok() && outcome.stdout.len() == 1_000);
    let outcome = call(&tool, "print", json!({"bytes": 1_001}), limits()).await;
    assert_eq!(breach(&stopped(&outcome)), (Kind::Output, "stdio_bytes", 1_000, 1_001));
    assert_eq!(outcome.stdout.len(), 1_000);
}

#[tokio::test]
async fn calls_into_the_host_are_counted() {
    let tool = tool(guest("host-calls"), &[]);
    let limits = || Limits::default().host_calls(100);
    assert!(call(&tool, "time", json!({"times": 100}), limits()).await.result.is_ok());
    let fault = fault(&tool, "time", json!({"times": 101}), limits()).await;
    assert_eq!(breach(&fault), (Kind::HostCalls, "host_calls", 100, 101));
    assert!(call(&tool, "fill", json!({"times": 1_000}), limits()).await.result.is_ok());
}

#[tokio::test]
async fn handles_and_resources_are_counted() {
    let limits = || Limits::default().handles(100).resources(50);
    let outcome = call(&tool(guest("handles"), &[]), "leak", json!({}), limits()).await;
    assert_eq!(breach(&stopped(&outcome)), (Kind::Handles, "handles", 100, 101));
    // wasmtime does not say how many there were: so few instructions cannot have made many more.
    assert!(outcome.usage.fuel < 1_000, "{}", outcome.usage.fuel);
    let fault_of_resources = fault(&tool(guest("host-calls"), &[]), "streams", json!({}), limits()).await;
    assert_eq!(breach(&fault_of_resources), (Kind::Handles, "resources", 50, 51));
}

#[tokio::test]
async fn one_call_into_the_host_carries_so_many_bytes() {
    let tool = tool(guest("sql"), &[]);
    let limits = || Limits::default().hostcall_bytes(1 << 20);
    assert_eq!(call(&tool, "shout", json!({"bytes": 1_000}), limits()).await.result.unwrap_err().kind, Kind::Denied);
    let fault = fault(&tool, "shout", json!({"bytes": 2 << 20}), limits()).await;
    assert_eq!((fault.kind, fault.breach.unwrap().limit.as_str()), (Kind::HostcallBytes, "hostcall_bytes"));
}

#[tokio::test]
async fn arguments_are_capped_before_anything_runs() {
    let limits = Limits::default().argument_bytes(100);
    let outcome = call(&built_tool("probe"), "echo", json!({"text": "x".repeat(200)}), limits).await;
    let fault = stopped(&outcome);
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("schema")));
    assert_eq!(outcome.usage.fuel, 0);
}

#[tokio::test]
async fn nothing_is_left_for_the_next_guest() {
    let tool = tool(guest("hostile"), &[]);
    for _ in 0..20 {
        call(&tool, "soil", json!({}), Limits::default()).await.result.unwrap();
        assert_eq!(call(&tool, "residue", json!({}), Limits::default()).await.result, Ok(json!(0)));
    }
}

/// Sixteen slots, of which guests that never end take all: the others wait for one, and get it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_find_no_slot_wait_for_one() {
    let spin = || Limits::default().fuel(u64::MAX).deadline(Duration::from_millis(50));
    let tool = tool(guest("hostile"), &[]);
    let spinning: Vec<_> = (0..40)
        .map(|_| {
            let tool = tool.clone();
            tokio::spawn(async move { call(&tool, "spin", json!({}), spin()).await.result })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(call(&tool, "fine", json!({}), Limits::default()).await.result, Ok(json!(42)));
    for spun in spinning {
        assert_eq!(spun.await.unwrap().unwrap_err().kind, Kind::Deadline);
    }
}

/// A caller that goes away takes its guest with it, at whatever point.
#[tokio::test]
async fn a_dropped_call_stops_the_guest() {
    let tool = tool(guest("hostile"), &[]);
    for _ in 0..100 {
        let spin = call(&tool, "spin", json!({}), Limits::default().fuel(u64::MAX));
        let ended = tokio::time::timeout(Duration::from_millis(1), spin).await;
        assert!(ended.is_err());
    }
    assert_eq!(call(&tool, "fine", json!({}), Limits::default()).await.result, Ok(json!(42)));
}
