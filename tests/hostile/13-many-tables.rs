use std::sync::{Arc, LazyLock};

use crate::bombs::{over, over_text};
use crate::world::World;

/// Made once, for making it takes longer than refusing it.
static TABLES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    wat::parse_str(format!("(component (core module {}))", "(table 1 funcref)".repeat(100_000))).unwrap()
});

/// A hundred thousand tables in one module, and a memory in each of many.
pub(crate) async fn run(world: Arc<World>) {
    assert_eq!(over(&world, &TABLES), "tables");
    let memories = "(core module (memory 0))".repeat(17);
    assert_eq!(over_text(&world, &format!("(component {memories})")), "memories");
}
