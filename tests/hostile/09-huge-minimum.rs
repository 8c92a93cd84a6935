use std::sync::Arc;

use crate::bombs::{over_text, refused};
use crate::footprint::Peak;
use crate::world::World;

/// Refused by what it declares, so that nothing is ever mapped for it.
pub(crate) async fn run(world: Arc<World>) {
    let peak = Peak::start();
    let over = |section: &str| over_text(&world, &format!("(component (core module {section}))"));
    assert_eq!(over("(memory 65536)"), "memory_bytes");
    assert_eq!(over("(memory 1025)"), "memory_bytes");
    assert_eq!(over("(table 10000000 funcref)"), "table_elements");
    // Beyond what is a component at all for us.
    for section in ["(memory i64 0x1000000000000)", "(memory i64 1)", "(table i64 10 funcref)", "(memory 1 1 shared)"] {
        refused(&world, &wat::parse_str(format!("(component (core module {section}))")).unwrap());
    }
    assert!(peak.bytes() < 4 << 20, "{} bytes", peak.bytes());
}
