use std::collections::BTreeMap;

use stockade_workflow::{Fault, Kind};
use wasmparser::{
    BinaryReader, ComponentImport, ComponentInstance, ComponentType, ComponentTypeRef, ComponentTypeSectionReader,
    CoreType, Encoding, Error, FuncValidatorAllocations, FunctionBody, Instance, InstanceTypeDeclaration, MemoryType,
    Operator, Parser, Payload, RecGroup, TableType, TypeBounds, ValidPayload, Validator, WasmFeatures,
};

use crate::extent::Extent;
use crate::sections::Sections;
use crate::{Result, imports, sections};

/// What a component may be made of: WebAssembly 2.0 with constant expressions, as components.
///
/// Off is what no compiler of the tools that we know emits, since what is off cannot be wrong: threads and shared memory
/// (no guest has two), 64-bit memories (past every cap), several memories in a module, garbage collection, typed function
/// references, exceptions and stack switching (not even compiled in), tail calls (frames that a backtrace lacks), relaxed
/// SIMD (another result on another machine), and asynchronous components. wasmtime validates not even the type of an async
/// function, a stream, a future or an error context unless its second executor is compiled in, and all calls pay for that:
/// so a component that has one of them is refused as a whole, with its reason.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .difference(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL)
    .union(WasmFeatures::CM_FIXED_LENGTH_LISTS)
    .union(WasmFeatures::CM_MAP);

/// How the validator says that a component needs what [`FEATURES`] leave out of the component model's concurrency.
const CONCURRENCY: [&str; 5] =
    ["async feature", "async builtins", "async stackful", "error-context", "threading feature"];

/// Elements that a table may have: room for an interpreter with all of its library and some wheels.
pub(crate) const TABLE_ELEMENTS: u64 = 60_000;
/// Core instances of one component; an interpreter has one for each of its shared libraries.
pub(crate) const CORE_INSTANCES_MAX: u32 = 64;

/// A limit on what a component is made of.
struct Cap {
    limit: &'static str,
    allowed: u64,
}

impl Cap {
    const fn new(limit: &'static str, allowed: u64) -> Self {
        Self { limit, allowed }
    }

    fn check(&self, used: u64) -> Result<()> {
        let Self { limit, allowed } = *self;
        if used <= allowed {
            return Ok(());
        }
        let message = format!("\"{limit}\" of the component is {used} and {allowed} are allowed");
        Err(Fault::limit(Kind::Invalid, limit, allowed, used, message).detail("component"))
    }
}

// In brackets what CPython 3.14 (componentize-py, with 90 modules of its library) and StarlingMonkey (componentize-js) have,
// which are the largest components that tools are known to be. A compiler's work grows with each of these, with some of
// them faster than with the bytes of the file.

/// The largest component that is looked at [33.3 MB, and 46.5 MB with pydantic; 12 MB]. Most of it is data, which takes the
/// compiler no work.
const COMPONENT_BYTES: Cap = Cap::new("component_bytes", 64 << 20);
/// Functions of all core modules [13,353; 12,704].
const FUNCTIONS: Cap = Cap::new("functions", 100_000);
/// Bytes of one function [426,843, the loop of the interpreter; 171,628]. Register allocation is not linear in it.
const FUNCTION_BYTES: Cap = Cap::new("function_bytes", 1 << 20);
/// Locals of one function [271; 118], which take one byte of the file for any number of them.
const LOCALS: Cap = Cap::new("locals", 10_000);
/// Targets of all `br_table` of one function [15,805; 863], each an edge of its graph.
const BR_TABLE_TARGETS: Cap = Cap::new("br_table_targets", 65_536);
/// Types and declarations within them [1,643; 339].
const TYPES: Cap = Cap::new("types", 20_000);
/// Types of instances and components within each other [2]; see [`Walk::component_types`]. How deep a value's type may
/// be is for the validator to say: 100.
const TYPE_NESTING: Cap = Cap::new("type_nesting", 16);
/// Parameters, and results, of a core function type [18; 17].
const PARAMETERS: Cap = Cap::new("parameters", 128);
/// Imports of all modules and components [2,296; 92]. Each takes room in every instance.
const IMPORTS: Cap = Cap::new("imports", 20_000);
/// Exports of all modules and components [4,207; 42].
const EXPORTS: Cap = Cap::new("exports", 50_000);
/// Globals [874; 4]. Each takes room in every instance.
const GLOBALS: Cap = Cap::new("globals", 10_000);
/// Data segments [3,725; 10,000].
const DATA_SEGMENTS: Cap = Cap::new("data_segments", 20_000);
/// Element segments [8; 2].
const ELEMENT_SEGMENTS: Cap = Cap::new("element_segments", 1_000);
/// Modules and components within each other [2].
const NESTING: Cap = Cap::new("nesting", 8);
/// Components within the component, itself included [2; 1].
const COMPONENTS: Cap = Cap::new("components", 100);
/// Core modules [14; 4]; there is no use for more of them than of core instances.
const CORE_MODULES: Cap = Cap::new("core_modules", CORE_INSTANCES_MAX as u64);
/// Core instances [14; 4].
const CORE_INSTANCES: Cap = Cap::new("core_instances", CORE_INSTANCES_MAX as u64);
/// Instances of components [1; 0].
const COMPONENT_INSTANCES: Cap = Cap::new("component_instances", 500);
/// Aliases [1,337; 91].
const ALIASES: Cap = Cap::new("aliases", 20_000);
/// Functions lifted and lowered [123; 44], for each of which code is made.
const CANONICAL_FUNCTIONS: Cap = Cap::new("canonical_functions", 5_000);
/// Names given to instances [1,463; 121].
const INSTANCE_ARGUMENTS: Cap = Cap::new("instance_arguments", 20_000);
/// Memories that modules define [1]. What all of them hold is for the call's meter to say.
const MEMORIES: Cap = Cap::new("memories", 16);
/// Tables that modules define [2].
const TABLES: Cap = Cap::new("tables", 64);
/// Elements that one table has to begin with [5,672; 7,689].
const TABLE_MINIMUM: Cap = Cap::new("table_elements", TABLE_ELEMENTS);
/// Custom sections [24; 9].
const CUSTOM_SECTIONS: Cap = Cap::new("custom_sections", 1_000);
/// Bytes of custom sections [414,954; 14,256]; a tool that was not stripped has megabytes of debug information.
const CUSTOM_BYTES: Cap = Cap::new("custom_bytes", 16 << 20);
/// Bytes that one value may take without what its lists and texts point to: what lists of fixed length multiply.
const VALUE_BYTES: Cap = Cap::new("value_bytes", 1 << 20);
/// Bytes of the name of a component's import or export, which stands in schemas and in messages.
const NAME_BYTES: Cap = Cap::new("name_bytes", 1_024);

/// Refuses what is not worth a look: what is no component, or too large to be one.
///
/// # Errors
///
/// As it says, with advice.
pub(crate) fn glance(bytes: &[u8]) -> Result<()> {
    COMPONENT_BYTES.check(bytes.len() as u64)?;
    if wasmtime::Engine::detect_precompiled(bytes).is_some() {
        return Err(invalid("the file is machine code, which is never run from outside; give the .wasm"));
    }
    match bytes {
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => Err(invalid(
            "the file is a core module; make a component of it (rustc --target wasm32-wasip2, wasm-tools component new)",
        )),
        [b'\0', b'a', b's', b'm', ..] => Ok(()),
        _ => Err(invalid("the file is not WebAssembly")),
    }
}

/// Refuses what is not a valid component, is made of more than any tool needs, or imports what is not offered: before
/// a compiler sees it, and in time that grows with its bytes alone.
///
/// # Errors
///
/// The first thing that is wrong, with its limit where it is over one.
pub(crate) fn admit(bytes: &[u8], memory_bytes_max: u64) -> Result<()> {
    walk(bytes, memory_bytes_max).map_err(|fault| if is_concurrent(&fault) { concurrent(bytes, fault) } else { fault })
}

fn walk(bytes: &[u8], memory_bytes_max: u64) -> Result<()> {
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    let mut walk = Walk::new(bytes, memory_bytes_max);
    for payload in parser.parse_all(bytes) {
        walk.payload(&payload.map_err(malformed)?)?;
    }
    imports::offered(&walk.imports)
}

fn is_concurrent(fault: &Fault) -> bool {
    CONCURRENCY.iter().any(|feature| fault.message.contains(feature))
}

/// Says what to do about a component of WASI 0.3, or one that uses a part of it.
fn concurrent(bytes: &[u8], fault: Fault) -> Fault {
    let sections = Sections::read(bytes).unwrap_or_default();
    let is_of_0_3 = sections.imports.iter().chain(&sections.exports).any(|name| imports::is_wasi_0_3(name));
    let advice = if is_of_0_3 {
        "the component is built for WASI 0.3; build it for wasm32-wasip2"
    } else {
        "the component uses async functions, streams, futures or error contexts, which this host does not run; build it \
         for wasm32-wasip2 without them"
    };
    invalid(&format!("{advice} ({})", fault.message))
}

struct Walk<'a> {
    bytes: &'a [u8],
    memory: Cap,
    validator: Validator,
    scratch: FuncValidatorAllocations,
    /// How many of each there are so far, by the name of their limit, over all modules and components within.
    counts: BTreeMap<&'static str, u64>,
    nesting: u64,
    extent: Extent,
    /// What the outermost component imports.
    imports: Vec<String>,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8], memory_bytes_max: u64) -> Self {
        Self {
            bytes,
            memory: Cap::new("memory_bytes", memory_bytes_max),
            validator: Validator::new_with_features(FEATURES),
            scratch: FuncValidatorAllocations::default(),
            counts: BTreeMap::new(),
            nesting: 0,
            extent: Extent::default(),
            imports: Vec::new(),
        }
    }

    /// Holds a part against our caps, and only then lets the validator spend time on it.
    fn payload(&mut self, payload: &Payload<'a>) -> Result<()> {
        self.cap(payload)?;
        match self.validator.payload(payload).map_err(malformed)? {
            ValidPayload::Func(function, body) => {
                let mut validator = function.into_validator(std::mem::take(&mut self.scratch));
                validator.validate(&body).map_err(malformed)?;
                self.scratch = validator.into_allocations();
            }
            ValidPayload::End(types) if matches!(payload, Payload::End(_)) => self.extent(&types)?,
            ValidPayload::Ok | ValidPayload::Parser(_) | ValidPayload::End(_) => {}
        }
        Ok(())
    }

    fn extent(&mut self, types: &wasmparser::types::Types) -> Result<()> {
        VALUE_BYTES.check(self.extent.of(types))
    }

    fn cap(&mut self, payload: &Payload<'a>) -> Result<()> {
        match payload {
            Payload::Version { encoding, .. } => self.enter(*encoding),
            Payload::End(_) => {
                self.nesting = self.nesting.saturating_sub(1);
                Ok(())
            }
            Payload::TypeSection(section) => each(section.clone(), |group| self.core_types(&group)),
            Payload::ImportSection(section) => self.add(&IMPORTS, section.count()),
            Payload::FunctionSection(section) => self.add(&FUNCTIONS, section.count()),
            Payload::TableSection(section) => each(section.clone(), |table| self.table(&table.ty)),
            Payload::MemorySection(section) => each(section.clone(), |memory| self.memory(&memory)),
            Payload::GlobalSection(section) => self.add(&GLOBALS, section.count()),
            Payload::ExportSection(section) => self.add(&EXPORTS, section.count()),
            Payload::ElementSection(section) => self.add(&ELEMENT_SEGMENTS, section.count()),
            Payload::DataSection(section) => self.add(&DATA_SEGMENTS, section.count()),
            Payload::CodeSectionEntry(body) => body_within(body),
            Payload::InstanceSection(section) => each(section.clone(), |instance| self.core_instance(&instance)),
            Payload::CoreTypeSection(section) => each(section.clone(), |ty| self.core_type(&ty)),
            Payload::ComponentInstanceSection(section) => each(section.clone(), |instance| self.instance(&instance)),
            Payload::ComponentAliasSection(section) => self.add(&ALIASES, section.count()),
            Payload::ComponentTypeSection(section) => self.component_types(section),
            Payload::ComponentCanonicalSection(section) => self.add(&CANONICAL_FUNCTIONS, section.count()),
            Payload::ComponentImportSection(section) => each(section.clone(), |import| self.import(&import)),
            Payload::ComponentExportSection(section) => each(section.clone(), |export| self.export(export.name.name)),
            Payload::CustomSection(section) => {
                self.add(&CUSTOM_SECTIONS, 1u32)?;
                self.add(&CUSTOM_BYTES, section.data().len() as u64)
            }
            // The rest is refused by the validator, or says nothing that is not counted above.
            _ => Ok(()),
        }
    }

    fn add(&mut self, cap: &Cap, more: impl Into<u64>) -> Result<()> {
        let count = self.counts.entry(cap.limit).or_default();
        *count = count.saturating_add(more.into());
        cap.check(*count)
    }

    fn enter(&mut self, encoding: Encoding) -> Result<()> {
        self.nesting += 1;
        NESTING.check(self.nesting)?;
        self.add(if encoding == Encoding::Module { &CORE_MODULES } else { &COMPONENTS }, 1u32)
    }

    fn core_types(&mut self, group: &RecGroup) -> Result<()> {
        self.add(&TYPES, group.types().len() as u64)?;
        // A block may have any of these types, so that each of its two bytes costs as much time as there are parameters.
        let functions = group.types().filter_map(|ty| match &ty.composite_type.inner {
            wasmparser::CompositeInnerType::Func(ty) => Some(ty),
            _ => None,
        });
        functions.into_iter().try_for_each(|ty| PARAMETERS.check(ty.params().len().max(ty.results().len()) as u64))
    }

    fn core_type(&mut self, ty: &CoreType<'_>) -> Result<()> {
        match ty {
            CoreType::Rec(group) => self.core_types(group),
            CoreType::Module(declarations) => self.add(&TYPES, declarations.len() as u64 + 1),
        }
    }

    fn table(&mut self, ty: &TableType) -> Result<()> {
        self.add(&TABLES, 1u32)?;
        TABLE_MINIMUM.check(ty.initial)
    }

    fn memory(&mut self, ty: &MemoryType) -> Result<()> {
        self.add(&MEMORIES, 1u32)?;
        // wasmparser's own size of a page overflows where the guest names one that no memory has.
        let page_bytes = 1_u64.checked_shl(ty.page_size_log2()).unwrap_or(u64::MAX);
        self.memory.check(ty.initial.saturating_mul(page_bytes))
    }

    fn core_instance(&mut self, instance: &Instance<'_>) -> Result<()> {
        match instance {
            Instance::Instantiate { args, .. } => {
                self.add(&CORE_INSTANCES, 1u32)?;
                self.add(&INSTANCE_ARGUMENTS, args.len() as u64)
            }
            // A bag of names, of which nothing is left when the component runs.
            Instance::FromExports(exports) => self.add(&INSTANCE_ARGUMENTS, exports.len() as u64 + 1),
        }
    }

    fn instance(&mut self, instance: &ComponentInstance<'_>) -> Result<()> {
        self.add(&COMPONENT_INSTANCES, 1u32)?;
        match instance {
            ComponentInstance::Instantiate { args, .. } => self.add(&INSTANCE_ARGUMENTS, args.len() as u64),
            ComponentInstance::FromExports(exports) => self.add(&INSTANCE_ARGUMENTS, exports.len() as u64),
        }
    }

    fn import(&mut self, import: &ComponentImport<'_>) -> Result<()> {
        self.add(&IMPORTS, 1u32)?;
        let name = import.name.name;
        NAME_BYTES.check(name.len() as u64)?;
        // A type that is spelled out is a name for it and nothing to be given: a world's own records are imported so.
        let is_spelled_out = matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_)));
        if self.nesting == 1 && !is_spelled_out {
            self.imports.push(name.to_owned());
        }
        Ok(())
    }

    fn export(&mut self, name: &str) -> Result<()> {
        self.add(&EXPORTS, 1u32)?;
        NAME_BYTES.check(name.len() as u64)
    }

    /// Walks over types with a stack of our own. wasmparser reads a type within a type by calling itself, however deep
    /// that goes, so that a file of 300 KB that is nothing but beginnings of instance types would overflow the stack
    /// and so end the process: of wasmtime's callers too.
    fn component_types(&mut self, section: &ComponentTypeSectionReader<'a>) -> Result<()> {
        let range = section.range();
        let bytes = self.bytes.get(range.clone()).unwrap_or_default();
        let mut types = Types { reader: BinaryReader::new_features(bytes, range.start, FEATURES), open: Vec::new() };
        let count = types.reader.read_var_u32().map_err(malformed)?;
        types.open.push(Open { left: count, of_component: false });
        while let Some(more) = types.next()? {
            self.add(&TYPES, more)?;
            TYPE_NESTING.check(types.open.len() as u64 - 1)?;
        }
        Ok(())
    }
}

/// Reads a section of component types, one declaration at a time.
struct Types<'a> {
    reader: BinaryReader<'a>,
    /// The types that have begun, outermost first; the first of all is the section.
    open: Vec<Open>,
}

struct Open {
    left: u32,
    of_component: bool,
}

/// The first byte of a component's or an instance's type, which are those that other types are within.
const COMPONENT_TYPE: u8 = 0x41;
const INSTANCE_TYPE: u8 = 0x42;
/// The first bytes of declarations within those.
const TYPE_DECLARATION: u8 = 0x01;
const IMPORT_DECLARATION: u8 = 0x03;

impl Types<'_> {
    /// Reads the next declaration, and returns the number of them that this was: 0 for an end, `None` after the last.
    fn next(&mut self) -> Result<Option<u32>> {
        let outermost = self.open.len() == 1;
        let Some(open) = self.open.last_mut() else { return Ok(None) };
        let Some(left) = open.left.checked_sub(1) else {
            self.open.pop();
            return Ok(Some(0).filter(|_| !self.open.is_empty()));
        };
        open.left = left;
        let of_component = open.of_component;
        if outermost { self.ty() } else { self.declaration(of_component) }.map_err(malformed)?;
        Ok(Some(1))
    }

    fn ty(&mut self) -> wasmparser::Result<()> {
        match self.peek() {
            Some(first @ (COMPONENT_TYPE | INSTANCE_TYPE)) => {
                self.reader.read_u8()?;
                let left = self.reader.read_var_u32()?;
                self.open.push(Open { left, of_component: first == COMPONENT_TYPE });
            }
            _ => drop(self.reader.read::<ComponentType<'_>>()?),
        }
        Ok(())
    }

    fn declaration(&mut self, of_component: bool) -> wasmparser::Result<()> {
        match self.peek() {
            Some(TYPE_DECLARATION) => {
                self.reader.read_u8()?;
                return self.ty();
            }
            Some(IMPORT_DECLARATION) if of_component => {
                self.reader.read_u8()?;
                self.reader.read::<ComponentImport<'_>>()?;
            }
            _ => drop(self.reader.read::<InstanceTypeDeclaration<'_>>()?),
        }
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.reader.clone().read_u8().ok()
    }
}

fn each<'a, T: wasmparser::FromReader<'a>>(
    section: wasmparser::SectionLimited<'a, T>,
    mut check: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    section.into_iter().try_for_each(|item| check(item.map_err(malformed)?))
}

fn body_within(body: &FunctionBody<'_>) -> Result<()> {
    FUNCTION_BYTES.check(body.as_bytes().len() as u64)?;
    let mut locals = 0u64;
    for declared in body.get_locals_reader().map_err(malformed)? {
        let (count, _) = declared.map_err(malformed)?;
        locals += u64::from(count);
        LOCALS.check(locals)?;
    }
    let mut targets = 0;
    for operator in body.get_operators_reader().map_err(malformed)? {
        if let Operator::BrTable { targets: more } = operator.map_err(malformed)? {
            targets += u64::from(more.len());
            BR_TABLE_TARGETS.check(targets)?;
        }
    }
    Ok(())
}

fn invalid(why: &str) -> Fault {
    Fault::invalid("component", why)
}

fn malformed(error: Error) -> Fault {
    sections::not_valid(&error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &[u8] = include_bytes!("../../../guest-tools/dist/policy.wasm");
    const PURCHASES: &[u8] = include_bytes!("../../../guest-tools/dist/purchases.wasm");

    /// Case 57: no file makes admission panic, and what it refuses it refuses with a reason.
    #[test]
    fn ten_thousand_changed_components_are_refused_or_valid() {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed as usize % below
        };
        let mut refused = 0;
        for _ in 0..10_000 {
            let mut bytes = if random(4) == 0 { PURCHASES } else { POLICY }.to_vec();
            for _ in 0..=random(8) {
                let at = random(bytes.len());
                match random(3) {
                    0 => bytes[at] = random(256) as u8,
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, [0, 1, 0x41, 0x42, 0x7f, 0x80, 0xff][random(7)]),
                }
            }
            if let Err(fault) = glance(&bytes).and_then(|()| admit(&bytes, 64 << 20)) {
                assert_eq!(fault.detail.as_deref(), Some("component"), "{fault}");
                refused += 1;
            }
        }
        assert!(refused > 5_000, "{refused}");
    }

    #[test]
    fn every_cut_is_refused_or_ends_between_sections() {
        let cuts_from = |first: usize| {
            for length in (first..PURCHASES.len()).step_by(2) {
                let cut = &PURCHASES[..length];
                if let Err(fault) = glance(cut).and_then(|()| admit(cut, 64 << 20)) {
                    assert_eq!(fault.detail.as_deref(), Some("component"), "{length}: {fault}");
                }
            }
        };
        // It takes longer than all others of this program: by itself it would keep one core busy, and the others idle.
        std::thread::scope(|scope| {
            scope.spawn(|| cuts_from(0));
            scope.spawn(|| cuts_from(1));
        });
        admit(PURCHASES, 64 << 20).unwrap();
    }
}
