use std::sync::Arc;

use serde_json::json;
use stockade_sandbox::Limits;

use crate::world::{World, call};

/// More tenants one after the other than the pool has slots, so that each slot has had the other before.
pub(crate) async fn run(world: Arc<World>) {
    let (soil, scan) = (world.tool("46-residue/soil.wat").unwrap(), world.tool("46-residue/scan.wat").unwrap());
    for _ in 0..20 {
        let soiled = (0..4).map(|_| {
            let soil = soil.clone();
            tokio::spawn(async move { call(&soil, "soil", json!({}), Limits::default()).await })
        });
        for soiled in soiled.collect::<Vec<_>>() {
            soiled.await.unwrap().result.unwrap();
        }
        assert_eq!(call(&scan, "scan", json!({}), Limits::default()).await.result, Ok(json!(0)));
    }
}
