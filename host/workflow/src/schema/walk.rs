//! Checks a value against the parts of a schema, within so many steps and so much depth.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::equal::{all_differ, equal};
use super::misfit::{Misfit, Step};
use super::number;
use super::rule::{Bound, End, Id, Of, ROOT, Rule, Type};

/// The steps of one check, each of some 10 ns: what refers to itself twice would else take for ever.
const STEPS_MAX: u64 = 20_000_000;

/// How deep parts may lead to parts. A value is at most 128 deep when it is read, and a part that refers to itself without
/// looking deeper has no end.
const DEPTH_MAX: u32 = 512;

static ENDLESS: Rule = Rule::Endless;
static MANY: Rule = Rule::Many;

pub(super) struct Walk<'a> {
    nodes: &'a [Vec<Rule>],
    steps_left: Cell<u64>,
    depth: Cell<u32>,
    spent: Cell<bool>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(nodes: &'a [Vec<Rule>]) -> Self {
        Self { nodes, steps_left: Cell::new(STEPS_MAX), depth: Cell::new(0), spent: Cell::new(false) }
    }

    /// Whether the check was given up; what it has said then means nothing.
    pub(super) fn is_spent(&self) -> bool {
        self.spent.get()
    }

    /// Whether a value fits a part.
    pub(super) fn node(&self, id: Id, value: &Value) -> bool {
        let Some(rules) = self.enter(id) else { return false };
        let fits = rules.iter().all(|rule| self.rule(rule, value));
        self.leave();
        fits
    }

    fn enter(&self, id: Id) -> Option<&'a [Rule]> {
        if self.depth.get() >= DEPTH_MAX || !self.pay(1) {
            self.spent.set(true);
            return None;
        }
        self.depth.set(self.depth.get() + 1);
        self.nodes.get(id).map(Vec::as_slice)
    }

    fn leave(&self) {
        self.depth.set(self.depth.get() - 1);
    }

    fn pay(&self, steps: usize) -> bool {
        let left = self.steps_left.get().checked_sub(steps as u64);
        self.steps_left.set(left.unwrap_or(0));
        self.spent.set(self.spent.get() || left.is_none());
        !self.spent.get()
    }

    fn rule(&self, rule: &Rule, value: &Value) -> bool {
        match (rule, value) {
            (Rule::Never | Rule::Endless | Rule::Many, _) => false,
            (Rule::Types(types), value) => types.iter().any(|one| is_of(value, *one)),
            (Rule::Enum(options), value) => self.pay(options.len()) && options.iter().any(|one| equal(one, value)),
            (Rule::Const(constant), value) => equal(constant, value),
            (Rule::Bound(bound, limit), Value::Number(value)) => within(*bound, number::compare(value, limit)),
            (Rule::MultipleOf(of), Value::Number(value)) => number::is_multiple(value, of),
            (Rule::Size(of, end, limit), value) => count(*of, value)
                .is_none_or(|count| if matches!(end, End::Min) { count >= *limit } else { count <= *limit }),
            (Rule::Pattern(pattern), Value::String(text)) => pattern.is_in(text),
            (Rule::Items { prefix, rest }, Value::Array(items)) => items
                .iter()
                .enumerate()
                .all(|(at, item)| part_of(prefix, *rest, at).is_none_or(|id| self.node(id, item))),
            (Rule::Contains { item, min, max }, Value::Array(items)) => {
                let found = items.iter().filter(|one| self.node(*item, one)).count() as u64;
                found >= *min && max.is_none_or(|max| found <= max)
            }
            (Rule::Unique, Value::Array(items)) => all_differ(items),
            (Rule::OtherItems { node, rest }, Value::Array(items)) => {
                let mut seen = BTreeSet::new();
                self.items_seen(*node, value, items, true, &mut seen);
                items.iter().enumerate().all(|(at, item)| seen.contains(&at) || self.node(*rest, item))
            }
            (Rule::Required(name), Value::Object(members)) => members.contains_key(name),
            (Rule::Members { .. }, Value::Object(members)) => {
                members.iter().all(|(name, value)| self.parts_of(rule, name).all(|id| self.node(id, value)))
            }
            (Rule::Names(id), Value::Object(members)) => {
                members.keys().all(|name| self.node(*id, &name.as_str().into()))
            }
            (Rule::OtherMembers { node, rest }, Value::Object(members)) => {
                let mut seen = BTreeSet::new();
                self.members_seen(*node, value, members, true, &mut seen);
                members.iter().all(|(name, value)| seen.contains(name.as_str()) || self.node(*rest, value))
            }
            (Rule::Needs(name, needed), Value::Object(members)) => {
                !members.contains_key(name) || members.contains_key(needed)
            }
            (Rule::When(name, id), Value::Object(members)) => !members.contains_key(name) || self.node(*id, value),
            (Rule::Same(id), value) => self.node(*id, value),
            (Rule::All(ids), value) => ids.iter().all(|id| self.node(*id, value)),
            (Rule::Any(ids), value) => ids.iter().any(|id| self.node(*id, value)),
            (Rule::One(ids), value) => self.fitting(ids, value) == 1,
            (Rule::Not(id, _), value) => !self.node(*id, value),
            (Rule::If { test, then, or }, value) => {
                self.branch(*test, *then, *or, value).is_none_or(|id| self.node(id, value))
            }
            _ => true,
        }
    }

    /// Returns how many of the parts a value fits; that there are two is enough to know.
    fn fitting(&self, ids: &[Id], value: &Value) -> usize {
        ids.iter().filter(|id| self.node(**id, value)).take(2).count()
    }

    fn branch(&self, test: Id, then: Option<Id>, or: Option<Id>, value: &Value) -> Option<Id> {
        if self.node(test, value) { then } else { or }
    }

    /// Returns the parts that a member of an object is to fit.
    fn parts_of<'r>(&self, rule: &'r Rule, name: &'r str) -> impl Iterator<Item = Id> + use<'r> {
        let (named, matching, rest) = match rule {
            Rule::Members { named, matching, rest } => (named.as_slice(), matching.as_slice(), *rest),
            _ => (&[][..], &[][..], None),
        };
        let own = named.binary_search_by(|(one, _)| one.as_str().cmp(name)).ok();
        let own = own.and_then(|at| named.get(at)).map(|(_, id)| *id);
        let rest = if own.is_none() && !matching.iter().any(|(pattern, _)| pattern.is_in(name)) { rest } else { None };
        let matching = matching.iter().filter(move |(pattern, _)| pattern.is_in(name)).map(|(_, id)| *id);
        own.into_iter().chain(matching).chain(rest)
    }

    /// Collects the members that a part has looked at; all that `unevaluatedProperties` says is of the others. `own` is
    /// true for the part that says it.
    fn members_seen<'v>(
        &self,
        node: Id,
        value: &'v Value,
        members: &'v Map<String, Value>,
        own: bool,
        seen: &mut BTreeSet<&'v str>,
    ) {
        let Some(rules) = self.enter(node) else { return };
        for rule in rules {
            match rule {
                Rule::Members { .. } => {
                    seen.extend(
                        members.keys().filter(|name| self.parts_of(rule, name).next().is_some()).map(String::as_str),
                    );
                }
                Rule::OtherMembers { .. } if !own => seen.extend(members.keys().map(String::as_str)),
                _ => self
                    .inward(rule, value)
                    .into_iter()
                    .for_each(|id| self.members_seen(id, value, members, false, seen)),
            }
        }
        self.leave();
    }

    /// Collects the items that a part has looked at.
    fn items_seen(&self, node: Id, value: &Value, items: &[Value], own: bool, seen: &mut BTreeSet<usize>) {
        let Some(rules) = self.enter(node) else { return };
        for rule in rules {
            match rule {
                Rule::Items { prefix, rest } => {
                    seen.extend(0..if rest.is_some() { items.len() } else { prefix.len() });
                }
                Rule::Contains { item, .. } => {
                    seen.extend(items.iter().enumerate().filter(|(_, one)| self.node(*item, one)).map(|(at, _)| at));
                }
                Rule::OtherItems { .. } if !own => seen.extend(0..items.len()),
                _ => self.inward(rule, value).into_iter().for_each(|id| self.items_seen(id, value, items, false, seen)),
            }
        }
        self.leave();
    }

    /// Returns the parts that a rule has checked the same value against, and that the value fits.
    fn inward(&self, rule: &Rule, value: &Value) -> Vec<Id> {
        let fits = |id: &Id| self.node(*id, value);
        match rule {
            Rule::Same(id) => vec![*id],
            Rule::All(ids) => ids.clone(),
            Rule::Any(ids) | Rule::One(ids) => ids.iter().copied().filter(fits).collect(),
            Rule::When(name, id) if value.get(name).is_some() => vec![*id],
            Rule::If { test, then, or } => {
                let test = Some(*test).filter(fits);
                test.into_iter().chain(if test.is_some() { *then } else { *or }).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns what does not fit, so many at most.
    pub(super) fn misfits(&self, value: &'a Value, max: usize) -> Vec<Misfit<'a>> {
        let mut search = Search { walk: self, max, path: Vec::new(), found: Vec::new() };
        search.node(ROOT, value);
        let mut found = search.found;
        if self.is_spent() {
            found = vec![Misfit { path: Vec::new(), value, rule: &ENDLESS, names: Vec::new() }];
        }
        found
    }
}

/// Goes where the value does not fit.
struct Search<'s, 'a> {
    walk: &'s Walk<'a>,
    max: usize,
    path: Vec<Step<'a>>,
    found: Vec<Misfit<'a>>,
}

impl<'a> Search<'_, 'a> {
    fn node(&mut self, id: Id, value: &'a Value) {
        let Some(rules) = self.walk.enter(id) else { return };
        for rule in rules {
            self.rule(rule, value);
        }
        self.walk.leave();
    }

    fn rule(&mut self, rule: &'a Rule, value: &'a Value) {
        if self.found.len() >= self.max || self.walk.rule(rule, value) {
            return;
        }
        match (rule, value) {
            (Rule::Items { prefix, rest }, Value::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    self.within(Step::Item(at), part_of(prefix, *rest, at), item);
                }
            }
            (Rule::Members { .. }, Value::Object(members)) => self.members(rule, value, members),
            (Rule::Names(id), Value::Object(members)) => {
                let walk = self.walk;
                let strange = members.keys().filter(|name| !walk.node(*id, &name.as_str().into()));
                self.report(rule, value, strange.map(String::as_str).collect());
            }
            (Rule::OtherMembers { node, rest }, Value::Object(members)) => {
                let (walk, mut seen) = (self.walk, BTreeSet::new());
                walk.members_seen(*node, value, members, true, &mut seen);
                let strange =
                    members.iter().filter(|(name, value)| !seen.contains(name.as_str()) && !walk.node(*rest, value));
                self.report(rule, value, strange.map(|(name, _)| name.as_str()).collect());
            }
            (Rule::Same(id) | Rule::When(_, id), _) => self.node(*id, value),
            (Rule::All(ids), _) => ids.iter().for_each(|id| self.node(*id, value)),
            (Rule::If { test, then, or }, _) => {
                if let Some(id) = self.walk.branch(*test, *then, *or, value) {
                    self.node(id, value);
                }
            }
            (Rule::One(ids), _) if self.walk.fitting(ids, value) > 1 => self.report(&MANY, value, Vec::new()),
            _ => self.report(rule, value, Vec::new()),
        }
    }

    fn members(&mut self, rule: &'a Rule, value: &'a Value, members: &'a Map<String, Value>) {
        let mut strange = Vec::new();
        for (name, value) in members {
            for id in self.walk.parts_of(rule, name) {
                if matches!(self.walk.nodes.get(id).map(Vec::as_slice), Some([Rule::Never])) {
                    strange.push(name.as_str());
                } else {
                    self.within(Step::Member(name), Some(id), value);
                }
            }
        }
        if !strange.is_empty() {
            self.report(rule, value, strange);
        }
    }

    fn within(&mut self, step: Step<'a>, id: Option<Id>, value: &'a Value) {
        let Some(id) = id else { return };
        self.path.push(step);
        self.node(id, value);
        self.path.pop();
    }

    fn report(&mut self, rule: &'a Rule, value: &'a Value, names: Vec<&'a str>) {
        if self.found.len() < self.max {
            self.found.push(Misfit { path: self.path.clone(), value, rule, names });
        }
    }
}

fn part_of(prefix: &[Id], rest: Option<Id>, at: usize) -> Option<Id> {
    prefix.get(at).copied().or(rest)
}

fn is_of(value: &Value, one: Type) -> bool {
    match value {
        Value::Null => one == Type::Null,
        Value::Bool(_) => one == Type::Boolean,
        Value::Number(value) => one == Type::Number || one == Type::Integer && number::is_whole(value),
        Value::String(_) => one == Type::String,
        Value::Array(_) => one == Type::Array,
        Value::Object(_) => one == Type::Object,
    }
}

fn within(bound: Bound, order: Ordering) -> bool {
    match bound {
        Bound::Minimum => order.is_ge(),
        Bound::Maximum => order.is_le(),
        Bound::ExclusiveMinimum => order.is_gt(),
        Bound::ExclusiveMaximum => order.is_lt(),
    }
}

fn count(of: Of, value: &Value) -> Option<u64> {
    Some(match (of, value) {
        (Of::Characters, Value::String(text)) => text.chars().count(),
        (Of::Items, Value::Array(items)) => items.len(),
        (Of::Members, Value::Object(members)) => members.len(),
        _ => return None,
    } as u64)
}
