//! What one keyword of a schema asks of a value.

use serde_json::{Number, Value};

use super::pattern::Pattern;

/// The place of a part among the parts of its schema.
pub(super) type Id = usize;

/// The place of the whole.
pub(super) const ROOT: Id = 0;

#[derive(Clone, Debug)]
pub(super) enum Rule {
    /// `false`: no value fits.
    Never,
    /// The check was given up: it took too many steps or went too deep.
    Endless,
    /// More than one of a `oneOf` fit.
    Many,
    Types(Vec<Type>),
    Enum(Vec<Value>),
    Const(Value),
    Bound(Bound, Number),
    MultipleOf(Number),
    Size(Of, End, u64),
    Pattern(Pattern),
    Items {
        prefix: Vec<Id>,
        rest: Option<Id>,
    },
    Contains {
        item: Id,
        min: u64,
        max: Option<u64>,
    },
    Unique,
    /// `unevaluatedItems` of the part `node`.
    OtherItems {
        node: Id,
        rest: Id,
    },
    Required(String),
    /// `named` is in the order of the names.
    Members {
        named: Vec<(String, Id)>,
        matching: Vec<(Pattern, Id)>,
        rest: Option<Id>,
    },
    Names(Id),
    /// `unevaluatedProperties` of the part `node`.
    OtherMembers {
        node: Id,
        rest: Id,
    },
    /// Where there is the first member, there is the second one.
    Needs(String, String),
    /// Where there is the member, the whole fits.
    When(String, Id),
    Same(Id),
    All(Vec<Id>),
    Any(Vec<Id>),
    One(Vec<Id>),
    /// The schema as it is written is what the refusal says.
    Not(Id, Value),
    If {
        test: Id,
        then: Option<Id>,
        or: Option<Id>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    Minimum,
    Maximum,
    ExclusiveMinimum,
    ExclusiveMaximum,
}

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    Characters,
    Items,
    Members,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Min,
    Max,
}

impl Type {
    pub(super) const ALL: [(&str, Self); 7] = [
        ("null", Self::Null),
        ("boolean", Self::Boolean),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("string", Self::String),
        ("array", Self::Array),
        ("object", Self::Object),
    ];

    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, one)| *one == self).map_or("", |(name, _)| name)
    }
}
