//! The WIT of a component, as text, and the comments of the WIT that it was made from.

use std::fs;
use std::io;
use std::path::Path;

use stockade_workflow::Fault;
use wit_component::{OutputToString, WitPrinter};
use wit_parser::decoding::decode;
use wit_parser::{Function, Interface, Resolve, TypeDefKind, TypeId, WorldItem, WorldKey};

use crate::docs::{InterfaceDocs, TypeDocs};
use crate::exported_types::imported;
use crate::sections::Sections;
use crate::{Docs, Result};

/// The largest file of WIT; one of a package in binary has some 100 KB.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Folders within a folder of WIT: `deps`, and in it one for each package.
const FOLDERS_MAX: u32 = 2;

/// Writes the interface of a component as WIT text, with the packages that it uses.
///
/// # Errors
///
/// The bytes are not a component.
pub fn text(component: &[u8]) -> Result<String> {
    let decoded = decode(&imported(component)).map_err(|error| unreadable(&error))?;
    let (resolve, package) = (decoded.resolve(), decoded.package());
    let others: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != package).collect();
    let mut printer = WitPrinter::new(OutputToString::default());
    printer.print(resolve, package, &others).map_err(|error| unreadable(&error))?;
    Ok(printer.output.to_string())
}

impl Docs {
    /// Reads the comments on what a component exports out of its WIT: folders, or files (`.wit`, or a WIT package in
    /// binary), what another one uses before it. Without any, out of the component itself: tools that keep comments there
    /// (`package-docs`) are few, and `rustc` is not among them.
    ///
    /// # Ambient authority
    ///
    /// The paths are read as the host's own user may read them.
    ///
    /// # Errors
    ///
    /// The WIT cannot be read, or describes nothing of what the component exports.
    pub fn read(component: &[u8], wit: &[impl AsRef<Path>]) -> Result<Self> {
        let exports = Sections::read(component)?.exports;
        if wit.is_empty() {
            let decoded = decode(&imported(component)).map_err(|error| unreadable(&error))?;
            return Ok(Self::collect(decoded.resolve(), &exports));
        }
        let mut resolve = Resolve::default();
        for path in wit {
            check(path.as_ref(), FOLDERS_MAX).map_err(|error| unreadable(&error))?;
            resolve.push_path(path).map_err(|error| unreadable(&error))?;
        }
        if !exports.iter().any(|export| is_described(&resolve, export)) {
            let message = format!("the WIT describes none of what the component exports: {}", exports.join(", "));
            return Err(Fault::invalid("wit", message));
        }
        Ok(Self::collect(&resolve, &exports))
    }

    fn collect(resolve: &Resolve, exports: &[&str]) -> Self {
        let mut docs = Self::default();
        let mut add = |name: &str, interface: &Interface| {
            let found = of_interface(resolve, interface);
            if exports.contains(&name) && !found.is_empty() {
                docs.interfaces.insert(name.to_owned(), found);
            }
        };
        for (id, interface) in resolve.interfaces.iter() {
            // One that a world has inline goes by a name that only the world knows.
            resolve.id_of(id).iter().for_each(|name| add(name, interface));
        }
        let items = resolve.worlds.iter().flat_map(|(_, world)| world.exports.iter().chain(&world.imports));
        for (key, item) in items {
            match (key, item) {
                (WorldKey::Name(name), WorldItem::Interface { id, .. }) => {
                    resolve.interfaces.get(*id).iter().for_each(|interface| add(name, interface));
                }
                (_, WorldItem::Function(function)) if exports.contains(&function.name.as_str()) => {
                    docs.world.add_function(function);
                }
                (WorldKey::Name(name), WorldItem::Type { id, .. }) => docs.world.add_type(resolve, name, *id),
                _ => {}
            }
        }
        docs
    }
}

/// Checks that what will be read is files and folders of files: a pipe would be waited for, and a device has no end.
fn check(path: &Path, folders: u32) -> io::Result<()> {
    let wrong = |why: &str| Err(io::Error::other(format!("\"{}\" {why}", path.display())));
    match path.metadata()? {
        found if found.is_file() && found.len() <= FILE_BYTES_MAX => Ok(()),
        found if found.is_file() => wrong("is too large"),
        found if !found.is_dir() => wrong("is neither a file nor a folder"),
        _ => {
            let entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
            // What lies deeper is not read, and a link that leads nowhere is an editor's mark.
            let is_read = |path: &&Path| path.exists() && (folders > 0 || !path.is_dir());
            entries
                .iter()
                .map(|path| path.as_path())
                .filter(is_read)
                .try_for_each(|path| check(path, folders.saturating_sub(1)))
        }
    }
}

fn is_described(resolve: &Resolve, export: &str) -> bool {
    let by_world = |key: &WorldKey| matches!(key, WorldKey::Name(name) if name == export);
    resolve.interfaces.iter().any(|(id, _)| resolve.id_of(id).as_deref() == Some(export))
        || resolve.worlds.iter().any(|(_, world)| world.exports.keys().any(by_world))
}

fn of_interface(resolve: &Resolve, interface: &Interface) -> InterfaceDocs {
    let mut found = InterfaceDocs { docs: interface.docs.contents.clone(), ..InterfaceDocs::default() };
    interface.functions.values().for_each(|function| found.add_function(function));
    interface.types.iter().for_each(|(name, id)| found.add_type(resolve, name, *id));
    found
}

impl InterfaceDocs {
    fn add_function(&mut self, function: &Function) {
        if let Some(text) = &function.docs.contents {
            self.functions.insert(function.name.clone(), text.clone());
        }
    }

    fn add_type(&mut self, resolve: &Resolve, name: &str, id: TypeId) {
        let found = of_type(resolve, id);
        if !found.is_empty() {
            self.types.insert(name.to_owned(), found);
        }
    }
}

/// A type that an interface takes over by `use` has its comments where it is defined.
fn of_type(resolve: &Resolve, id: TypeId) -> TypeDocs {
    let Some(ty) = resolve.types.get(id) else { return TypeDocs::default() };
    let mut found = match &ty.kind {
        TypeDefKind::Type(wit_parser::Type::Id(original)) => of_type(resolve, *original),
        kind => TypeDocs { docs: None, members: members(kind) },
    };
    if let Some(text) = &ty.docs.contents {
        found.docs = Some(text.clone());
    }
    found
}

fn members(kind: &TypeDefKind) -> std::collections::BTreeMap<String, String> {
    let named: Vec<_> = match kind {
        TypeDefKind::Record(record) => record.fields.iter().map(|field| (&field.name, &field.docs)).collect(),
        TypeDefKind::Variant(variant) => variant.cases.iter().map(|case| (&case.name, &case.docs)).collect(),
        TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| (&case.name, &case.docs)).collect(),
        TypeDefKind::Flags(flags) => flags.flags.iter().map(|flag| (&flag.name, &flag.docs)).collect(),
        _ => Vec::new(),
    };
    let described = named.into_iter().filter_map(|(name, docs)| Some((name.clone(), docs.contents.clone()?)));
    described.collect()
}

fn unreadable(error: &dyn std::fmt::Display) -> Fault {
    Fault::invalid("wit", format!("the WIT cannot be read: {error:#}"))
}
