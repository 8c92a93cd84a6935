use std::sync::Arc;

use wasm_encoder::{
    Alias, Component, ComponentAliasSection, ComponentOuterAliasKind, Module, ModuleSection, NestedComponentSection,
};

use crate::bombs::{over, over_text};
use crate::world::World;

/// Small components that would be large instances.
pub(crate) async fn run(world: Arc<World>) {
    let many = |before: &str, one: &str, count: usize| {
        over_text(&world, &format!("(component {before} {})", one.repeat(count)))
    };
    assert_eq!(many("", "(core module)", 1_000), "core_modules");
    assert_eq!(many("(core module $m)", "(core instance (instantiate $m))", 4_096), "core_instances");
    assert_eq!(many("", "(component)", 1_000), "components");
    assert_eq!(many("(component $c)", "(instance (instantiate $c))", 600), "component_instances");
    assert_eq!(many("", "(core instance)", 30_000), "instance_arguments");
    let (open, close) = ("(component ".repeat(10), ")".repeat(10));
    assert_eq!(over_text(&world, &format!("{open}{close}")), "nesting");
    assert_eq!(over(&world, &chain()), "aliases");
}

/// A component within another, of whose one module it makes twenty thousand names.
fn chain() -> Vec<u8> {
    let mut aliases = ComponentAliasSection::new();
    for _ in 0..20_001 {
        aliases.alias(Alias::Outer { kind: ComponentOuterAliasKind::CoreModule, count: 1, index: 0 });
    }
    let (mut inner, mut outer) = (Component::new(), Component::new());
    inner.section(&aliases);
    outer.section(&ModuleSection(&Module::new())).section(&NestedComponentSection(&inner));
    outer.finish()
}
