use stockade_workflow::Fault;
use wasm_encoder::{CodeSection, Component, Function, FunctionSection, Module, ModuleSection, TypeSection, ValType};

use crate::world::{World, typed};

/// Checks that a component is refused as such, and before it is compiled where a limit says so; returns the limit.
#[track_caller]
pub(crate) fn over(world: &World, bytes: &[u8]) -> String {
    let fault = refused(world, bytes);
    let breach = fault.breach.unwrap_or_else(|| panic!("no limit: {}", fault.message));
    assert!(breach.used > breach.allowed, "{breach:?}");
    breach.limit
}

#[track_caller]
pub(crate) fn over_text(world: &World, text: &str) -> String {
    over(world, &wat::parse_str(text).unwrap())
}

/// Checks that a component is refused as "invalid.component".
#[track_caller]
pub(crate) fn refused(world: &World, bytes: &[u8]) -> Fault {
    let fault = world.load(bytes, &[]).unwrap_err();
    assert_eq!((typed(&fault).0.as_str(), fault.detail.as_deref()), ("invalid", Some("component")), "{fault:?}");
    fault
}

/// A component of one core module, which is never instantiated.
pub(crate) fn component(module: &Module) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(module));
    component.finish()
}

/// A component of functions with so many parameters, and one result if they have any.
pub(crate) fn functions(parameters: usize, bodies: impl IntoIterator<Item = Function>) -> Vec<u8> {
    let (mut types, mut functions, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function(vec![ValType::I64; parameters], vec![ValType::I64; parameters.min(1)]);
    for body in bodies {
        functions.function(0);
        code.function(&body);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    component(&module)
}
