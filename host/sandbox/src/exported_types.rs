//! Components whose world has types of its own, as a decoder of WIT reads them.
//!
//! WIT writes such a type in the world itself, and a tool chain either imports it, as equal to its definition, or exports
//! it. The decoder knows the first alone. Both give the type one new index at the same place, so that a component in which
//! each such export is an import instead is the same world. A resource of the component's own becomes one of the host's.

use std::borrow::Cow;

use wasm_encoder::Encode as _;
use wasmparser::component_types::ComponentAnyTypeId;
use wasmparser::types::Types;
use wasmparser::{
    Chunk, ComponentExport, ComponentExportSectionReader, ComponentExternalKind, Encoding, Parser, Payload, Validator,
};

use crate::admission::FEATURES;

const IMPORTS: u8 = 10;
const EXPORTS: u8 = 11;
/// How an import says that it is a type: one that is equal to another, or a resource.
const EQUAL_TYPE: [u8; 2] = [0x03, 0x00];
const RESOURCE_TYPE: [u8; 2] = [0x03, 0x01];

/// Returns the component with its exported types imported. What is no component, or has none, stays as it is.
pub(crate) fn imported(component: &[u8]) -> Cow<'_, [u8]> {
    rewritten(component).map_or(Cow::Borrowed(component), Cow::Owned)
}

fn rewritten(component: &[u8]) -> Option<Vec<u8>> {
    let (mut parser, mut at, mut bytes, mut types) = (Parser::new(0), 0, Vec::new(), None);
    while let Some(rest) = component.get(at..) {
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).ok()? else { return None };
        let end = at.checked_add(consumed)?;
        let end = match &payload {
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                unchecked_range.end
            }
            _ => end,
        };
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } => return None,
            Payload::ComponentExportSection(section) if exports_types(&section)? => {
                let known = match types.take() {
                    Some(known) => known,
                    None => Validator::new_with_features(FEATURES).validate_all(component).ok()?,
                };
                bytes.extend(exports(component, section, &known)?);
                types = Some(known);
            }
            Payload::End(_) => return types.map(|_| bytes),
            _ => bytes.extend_from_slice(component.get(at..end)?),
        }
        at = end;
    }
    None
}

fn exports_types(section: &ComponentExportSectionReader<'_>) -> Option<bool> {
    let kinds = section.clone().into_iter().map(|export| Some(export.ok()?.kind == ComponentExternalKind::Type));
    kinds.collect::<Option<Vec<_>>>().map(|kinds| kinds.contains(&true))
}

/// Each export is a section of its own, so that all stay in their order.
fn exports(component: &[u8], section: ComponentExportSectionReader<'_>, types: &Types) -> Option<Vec<u8>> {
    let end = section.range().end;
    let items = section.into_iter_with_offsets().collect::<Result<Vec<_>, _>>().ok()?;
    let ends = items.iter().skip(1).map(|(start, _)| *start).chain([end]);
    let mut bytes = Vec::new();
    for ((start, export), end) in items.iter().zip(ends) {
        match export.kind {
            ComponentExternalKind::Type => one(IMPORTS, &import(export, types), &mut bytes),
            _ => one(EXPORTS, component.get(*start..end)?, &mut bytes),
        }
    }
    Some(bytes)
}

fn import(export: &ComponentExport<'_>, types: &Types) -> Vec<u8> {
    let mut item = vec![0];
    export.name.name.encode(&mut item);
    match types.as_ref().component_any_type_at(export.index) {
        ComponentAnyTypeId::Resource(_) => item.extend(RESOURCE_TYPE),
        _ => {
            item.extend(EQUAL_TYPE);
            export.index.encode(&mut item);
        }
    }
    item
}

fn one(section: u8, item: &[u8], bytes: &mut Vec<u8>) {
    let mut content = vec![1];
    content.extend_from_slice(item);
    bytes.push(section);
    content.encode(bytes);
}
