//! How many bytes a value of a type takes where it lies.
//!
//! A list of fixed length lies within what holds it, so that thirty bytes of a file can describe a value larger than any
//! memory, and wasmtime adds such sizes up in 32 bits. All other types are as large as they are long in the file.

use std::collections::{HashMap, HashSet};

use wasmparser::component_types::{
    ComponentAnyTypeId, ComponentDefinedType, ComponentDefinedTypeId, ComponentEntityType, ComponentFuncTypeId,
    ComponentValType,
};
use wasmparser::types::Types;

/// The most that a primitive, a handle, or the beginning of a list takes; each part of a type is counted in these.
const PART_BYTES: u64 = 8;

/// The largest value of the types that were looked at.
#[derive(Default)]
pub(crate) struct Extent {
    sizes: HashMap<ComponentDefinedTypeId, u64>,
    seen: HashSet<ComponentAnyTypeId>,
    bytes_max: u64,
}

impl Extent {
    /// Looks at all types of a component that was validated, and returns what the largest value takes of all so far.
    pub(crate) fn of(&mut self, types: &Types) -> u64 {
        let count = types.as_ref().component_type_count();
        (0..count).for_each(|index| self.look(types, types.component_any_type_at(index)));
        self.bytes_max
    }

    /// Recursion is as deep as types of components and instances are within each other, which admission bounds.
    fn look(&mut self, types: &Types, id: ComponentAnyTypeId) {
        if !self.seen.insert(id) {
            return;
        }
        match id {
            ComponentAnyTypeId::Resource(_) => {}
            ComponentAnyTypeId::Defined(id) => self.note(types, &ComponentValType::Type(id)),
            ComponentAnyTypeId::Func(id) => self.function(types, id),
            ComponentAnyTypeId::Instance(id) => {
                types[id].exports.values().for_each(|item| self.entity(types, &item.ty));
            }
            ComponentAnyTypeId::Component(id) => {
                types[id]
                    .imports
                    .values()
                    .chain(types[id].exports.values())
                    .for_each(|item| self.entity(types, &item.ty));
            }
        }
    }

    fn entity(&mut self, types: &Types, entity: &ComponentEntityType) {
        match *entity {
            ComponentEntityType::Module(_) => {}
            ComponentEntityType::Func(id) => self.function(types, id),
            ComponentEntityType::Value(ref ty) => self.note(types, ty),
            ComponentEntityType::Type { created, .. } => self.look(types, created),
            ComponentEntityType::Instance(id) => self.look(types, ComponentAnyTypeId::Instance(id)),
            ComponentEntityType::Component(id) => self.look(types, ComponentAnyTypeId::Component(id)),
        }
    }

    fn function(&mut self, types: &Types, id: ComponentFuncTypeId) {
        let function = &types[id];
        function.params.iter().map(|(_, ty)| ty).chain(&function.result).for_each(|ty| self.note(types, ty));
    }

    fn note(&mut self, types: &Types, ty: &ComponentValType) {
        let bytes = self.size(types, ty);
        self.bytes_max = self.bytes_max.max(bytes);
    }

    /// Recursion is as deep as the type of a value, which the validator bounds.
    fn size(&mut self, types: &Types, ty: &ComponentValType) -> u64 {
        let ComponentValType::Type(id) = *ty else { return PART_BYTES };
        if let Some(known) = self.sizes.get(&id) {
            return *known;
        }
        let bytes = self.defined(types, &types[id]);
        self.sizes.insert(id, bytes);
        bytes
    }

    fn defined(&mut self, types: &Types, ty: &ComponentDefinedType) -> u64 {
        use ComponentDefinedType as Defined;
        match ty {
            Defined::Record(record) => self.sum(types, record.fields.values()),
            Defined::Tuple(tuple) => self.sum(types, tuple.types.iter()),
            Defined::Variant(variant) => self.widest(types, variant.cases.values().filter_map(|case| case.ty.as_ref())),
            Defined::Option { ty, .. } => self.widest(types, [ty]),
            Defined::Result { ok, err, .. } => self.widest(types, ok.iter().chain(err)),
            Defined::FixedLengthList { element, length, .. } => {
                self.size(types, element).saturating_mul(u64::from(*length))
            }
            Defined::Flags(names) => (names.len() as u64).saturating_add(PART_BYTES),
            Defined::Primitive(_)
            | Defined::List { .. }
            | Defined::Map { .. }
            | Defined::Enum(_)
            | Defined::Own(_)
            | Defined::Borrow(_)
            | Defined::Future { .. }
            | Defined::Stream { .. } => PART_BYTES,
        }
    }

    fn sum<'a>(&mut self, types: &Types, parts: impl IntoIterator<Item = &'a ComponentValType>) -> u64 {
        parts.into_iter().fold(0, |bytes, part| bytes.saturating_add(self.size(types, part)))
    }

    fn widest<'a>(&mut self, types: &Types, cases: impl IntoIterator<Item = &'a ComponentValType>) -> u64 {
        let widest = cases.into_iter().fold(0, |bytes, case| bytes.max(self.size(types, case)));
        widest.saturating_add(PART_BYTES)
    }
}
