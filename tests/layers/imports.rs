//! Which files of a crate import which, read off their `use`s and their paths.

use std::collections::{BTreeMap, BTreeSet};

/// A module that has a file of its own, by its names from the crate's root, which has none.
type Module = Vec<String>;

/// The files of a crate, each with what it names.
pub(crate) struct Imports {
    modules: BTreeMap<Module, Vec<Named>>,
}

/// A path that a file names.
struct Named {
    path: Vec<String>,
    /// The name under which the file hands it on to others.
    exported: Option<String>,
}

impl Imports {
    /// Reads the files of a crate: each with its path from the crate's `src`, and its code.
    pub(crate) fn read(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let files = files.into_iter().filter(|(path, _)| !path.starts_with("bin/"));
        Self { modules: files.map(|(path, code)| (module(&path), named(&code))).collect() }
    }

    /// Returns the circles in which files import each other, but for those of a module's root with what is below it.
    ///
    /// The crate's own root is no part of a circle: it lists what the crate has, and what is taken from it is looked up
    /// where it is defined.
    pub(crate) fn circles(&self) -> Vec<String> {
        let reached: BTreeMap<_, _> = self.modules.keys().map(|module| (module, self.reached(module))).collect();
        let circle = |one: &Module| -> BTreeSet<&Module> {
            let other = reached[one].iter().filter(|other| reached[*other].contains(one));
            other.copied().collect()
        };
        let circles: BTreeSet<_> = self.modules.keys().map(circle).filter(|circle| !is_of_one_root(circle)).collect();
        circles.into_iter().map(shown).collect()
    }

    /// Returns all that a module imports, and what that imports in turn.
    fn reached(&self, module: &Module) -> BTreeSet<&Module> {
        let mut reached = BTreeSet::new();
        let mut next = self.imported(module);
        while let Some(module) = next.pop() {
            if reached.insert(module) {
                next.extend(self.imported(module));
            }
        }
        reached
    }

    fn imported(&self, module: &Module) -> Vec<&Module> {
        let found = self.modules[module].iter().filter_map(|named| self.find(module, &named.path));
        found.filter(|found| *found != module && !found.is_empty()).collect()
    }

    /// Finds the file in which something is defined that a module names.
    fn find(&self, from: &Module, path: &[String]) -> Option<&Module> {
        let absolute = self.absolute(from, path)?;
        let at = (0..=absolute.len()).rev().find(|at| self.modules.contains_key(&absolute[..*at]))?;
        let (found, names) = self.modules.get_key_value(&absolute[..at])?;
        let handed_on =
            names.iter().find(|named| named.exported.is_some() && named.exported.as_ref() == absolute.get(at));
        handed_on.map_or(Some(found), |named| self.find(found, &named.path).or(Some(found)))
    }

    fn absolute(&self, from: &Module, path: &[String]) -> Option<Module> {
        let (mut module, mut path) = (from.clone(), path);
        if path.first()? == "crate" {
            (module, path) = (Module::new(), &path[1..]);
        } else if !["self", "super"].contains(&path[0].as_str()) {
            // A child of the module, or another crate.
            let child = [from.as_slice(), &path[..1]].concat();
            return self.modules.contains_key(&child).then(|| [from.as_slice(), path].concat());
        }
        while let Some(word @ ("self" | "super")) = path.first().map(String::as_str) {
            path = &path[1..];
            if word == "super" {
                module.pop()?;
            }
        }
        Some([module.as_slice(), path].concat())
    }
}

fn module(path: &str) -> Module {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" { Module::new() } else { path.split('/').map(str::to_owned).collect() }
}

fn is_of_one_root(circle: &BTreeSet<&Module>) -> bool {
    circle.iter().any(|root| circle.iter().all(|module| module.starts_with(root))) || circle.is_empty()
}

fn shown(circle: BTreeSet<&Module>) -> String {
    circle.into_iter().map(|module| module.join("/")).collect::<Vec<_>>().join(", ")
}

fn named(code: &str) -> Vec<Named> {
    let mut named = Vec::new();
    let (uses, rest) = uses(code);
    for (is_exported, tree) in uses {
        named.extend(
            expanded(&tree).into_iter().map(|(path, name)| Named { path, exported: is_exported.then_some(name) }),
        );
    }
    named.extend(paths(&rest).into_iter().map(|path| Named { path, exported: None }));
    named
}

/// Takes the `use`s out of code: whether each hands on what it names, and its tree.
fn uses(code: &str) -> (Vec<(bool, String)>, String) {
    let (mut uses, mut rest, mut open) = (Vec::new(), String::new(), None::<(bool, String)>);
    for line in code.lines() {
        let line = line.trim();
        let (is_exported, bare) = bare(line);
        match (&mut open, bare.strip_prefix("use ")) {
            (Some((_, tree)), _) => tree.push_str(line),
            (None, Some(tree)) => open = Some((is_exported, tree.to_owned())),
            (None, None) => rest.extend([line, "\n"]),
        }
        if open.as_ref().is_some_and(|(_, tree)| tree.ends_with(';')) {
            uses.extend(open.take().map(|(is_exported, tree)| (is_exported, tree.trim_end_matches(';').to_owned())));
        }
    }
    (uses, rest)
}

/// Takes the visibility off a line.
fn bare(line: &str) -> (bool, &str) {
    match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => (true, rest.split_once(") ").map_or(rest, |(_, rest)| rest)),
        Some(rest) => (true, rest.trim_start()),
        None => (false, line),
    }
}

/// Writes a tree of `use` as its paths, each with the name that it gets.
fn expanded(tree: &str) -> Vec<(Vec<String>, String)> {
    if let Some((before, group)) = tree.split_once('{') {
        let group = group.trim().trim_end_matches(',').strip_suffix('}').unwrap_or(group);
        return items(group).iter().flat_map(|item| expanded(&format!("{before}{item}"))).collect();
    }
    let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
    let path = path.trim().trim_end_matches("::self");
    let path: Vec<_> = path.split("::").map(|name| name.trim().to_owned()).collect();
    let name = if alias.is_empty() { path.last().cloned().unwrap_or_default() } else { alias.trim().to_owned() };
    vec![(path, name)]
}

/// Splits a group at its own commas.
fn items(group: &str) -> Vec<String> {
    let (mut items, mut depth) = (vec![String::new()], 0);
    for letter in group.chars() {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        match items.last_mut() {
            Some(item) if letter != ',' || depth > 0 => item.push(letter),
            _ => items.push(String::new()),
        }
    }
    items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

/// Returns the paths of the crate that stand in code.
fn paths(code: &str) -> Vec<Vec<String>> {
    let is_of_path = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | ':');
    let words = code.split(|letter: char| !is_of_path(letter));
    let ours = words.filter(|word| ["crate::", "super::", "self::"].iter().any(|start| word.starts_with(start)));
    ours.map(|word| word.split("::").map(str::to_owned).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        Imports::read(files.iter().map(|(path, code)| ((*path).to_owned(), (*code).to_owned()))).circles()
    }

    #[test]
    fn a_circle_is_found_however_it_is_written() {
        let lib = ("lib.rs", "mod a;\nmod b;\npub use a::A;\npub use b::{B, Other as C};\npub type Result = ();");
        for names_a in [
            "use crate::a::A;",
            "use crate::{A, Result};",
            "fn f(_: super::a::A) {}",
            "use crate::{\n    x::{Y, Z},\n    A,\n};",
        ] {
            assert_eq!(circles(&[lib, ("a.rs", "use crate::C;"), ("b.rs", names_a)]), ["a, b"], "{names_a}");
        }
        assert_eq!(circles(&[lib, ("a.rs", "use crate::C;"), ("b.rs", "use crate::Result;")]), [""; 0]);
    }

    #[test]
    fn a_root_and_its_children_may_import_each_other() {
        let root = ("a/mod.rs", "mod b;\nmod c;\nuse self::b::B;\nuse c::C;");
        let files = [root, ("a/b.rs", "use super::{D, c::C};"), ("a/c.rs", "use super::super::a::D;"), ("e.rs", "")];
        assert_eq!(circles(&files), [""; 0]);
        let files = [root, ("a/b.rs", "use super::D;"), ("a/c.rs", "use crate::e::E;"), ("e.rs", "use crate::a::D;")];
        assert_eq!(circles(&files), ["a, a/b, a/c, e"]);
    }
}
