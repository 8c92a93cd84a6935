use std::fmt::{self, Write as _};
use std::sync::Arc;

use stockade_workflow::Fault;
use wasmtime::component::types::{Case as WitCase, Type};

use crate::name::Name;
use crate::quote::excerpt;
use crate::{Result, TypeDocs};

/// Types are a graph in which parts are shared: a hundred small ones can describe a tree larger than the machine. This
/// is for all functions of a component together.
const NODES_MAX: u32 = 50_000;
/// Finding a type's name compares trees; past so many compared parts, types go without one.
const COMPARED_MAX: u32 = 1_000_000;

/// No name that a person writes is longer, and each stands in schemas and messages.
const NAME_BYTES_MAX: usize = 1_024;
/// A part of a type may have a name of this length; a longer one counts for more parts.
const PART_NAME_BYTES: usize = 32;

/// A WIT type as a plain tree, with both spellings of every name: what values, schemas and signatures are made from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    /// `list<u8>`, a base64 text in JSON.
    Bytes,
    List(Box<Shape>),
    /// `list<t, 4>`, an array of that length in JSON, of bytes too.
    FixedList(Box<Shape>, u32),
    /// An object in JSON where its keys are texts, else an array of pairs.
    Map(Box<Shape>, Box<Shape>),
    Tuple(Vec<Shape>),
    Option(Box<Shape>),
    Result(Payload, Payload),
    Record(Title, Vec<Field>),
    Variant(Title, Vec<Case>),
    Enum(Title, Vec<Name>),
    Flags(Title, Vec<Name>),
}

/// What a case carries, if anything.
pub(crate) type Payload = Option<Box<Shape>>;

/// The name of a type, where its interface exports it under one.
pub(crate) type Title = Option<Arc<Named>>;

/// A name of a type, and what its WIT says of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Named {
    pub(crate) name: Name,
    pub(crate) docs: TypeDocs,
}

/// A named member of a record, or a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: Name,
    pub(crate) shape: Shape,
}

/// A case of a variant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Case {
    pub(crate) name: Name,
    pub(crate) payload: Payload,
}

impl Field {
    /// Returns whether the member may be left out.
    pub(crate) fn is_optional(&self) -> bool {
        matches!(self.shape, Shape::Option(_))
    }
}

/// The names that are given to types.
pub(crate) type Titles = Vec<(Arc<Named>, Type)>;

/// Turns wasmtime's types into shapes, with the type names of the interface at hand.
pub(crate) struct Shaper {
    world: Titles,
    interface: Option<Titles>,
    nodes_left: u32,
    compared_left: u32,
}

impl Default for Shaper {
    fn default() -> Self {
        Self { world: Vec::new(), interface: None, nodes_left: NODES_MAX, compared_left: COMPARED_MAX }
    }
}

impl Shaper {
    /// Takes the names that the component itself gives to types.
    pub(crate) fn set_world(&mut self, titles: Titles) {
        self.world = titles;
    }

    /// Goes on to an interface, with the names that it gives to types; or back to the component itself.
    pub(crate) fn enter(&mut self, titles: Option<Titles>) {
        self.interface = titles;
    }

    pub(crate) fn field(&mut self, name: &str, ty: &Type) -> Result<Field> {
        Ok(Field { name: self.name(name)?, shape: self.shape(ty)? })
    }

    /// Returns the shape of a type.
    ///
    /// # Errors
    ///
    /// The type has no counterpart in JSON (a resource, a stream), or is too large.
    pub(crate) fn shape(&mut self, ty: &Type) -> Result<Shape> {
        let before = self.nodes_left;
        self.spend()?;
        let mut shape = self.untitled(ty)?;
        if let Some(title) = shape.title_mut() {
            *title = self.title(ty, before - self.nodes_left);
        }
        Ok(shape)
    }

    fn untitled(&mut self, ty: &Type) -> Result<Shape> {
        Ok(match ty {
            Type::Bool => Shape::Bool,
            Type::S8 => Shape::S8,
            Type::U8 => Shape::U8,
            Type::S16 => Shape::S16,
            Type::U16 => Shape::U16,
            Type::S32 => Shape::S32,
            Type::U32 => Shape::U32,
            Type::S64 => Shape::S64,
            Type::U64 => Shape::U64,
            Type::Float32 => Shape::F32,
            Type::Float64 => Shape::F64,
            Type::Char => Shape::Char,
            Type::String => Shape::String,
            Type::List(list) if list.ty() == Type::U8 => Shape::Bytes,
            Type::List(list) => Shape::List(self.boxed(&list.ty())?),
            Type::FixedLengthList(list) => Shape::FixedList(self.boxed(&list.ty())?, list.len()),
            Type::Map(map) => Shape::Map(self.boxed(&map.key())?, self.boxed(&map.value())?),
            Type::Tuple(tuple) => Shape::Tuple(tuple.types().map(|ty| self.shape(&ty)).collect::<Result<_>>()?),
            Type::Option(option) => Shape::Option(self.boxed(&option.ty())?),
            Type::Result(result) => Shape::Result(self.payload(result.ok())?, self.payload(result.err())?),
            Type::Record(record) => {
                let fields = record.fields().map(|field| self.field(field.name, &field.ty));
                Shape::Record(None, fields.collect::<Result<_>>()?)
            }
            Type::Variant(variant) => {
                let cases = variant.cases().map(|case| self.case(&case));
                Shape::Variant(None, cases.collect::<Result<_>>()?)
            }
            Type::Enum(cases) => Shape::Enum(None, self.names(cases.names())?),
            Type::Flags(flags) => Shape::Flags(None, self.names(flags.names())?),
            Type::Own(_) | Type::Borrow(_) => return Err(unsupported("a resource")),
            Type::Future(_) | Type::Stream(_) => return Err(unsupported("a stream or future")),
            Type::ErrorContext => return Err(unsupported("an error context")),
        })
    }

    pub(crate) fn payload(&mut self, ty: Option<Type>) -> Result<Payload> {
        ty.map(|ty| self.boxed(&ty)).transpose()
    }

    fn boxed(&mut self, ty: &Type) -> Result<Box<Shape>> {
        Ok(Box::new(self.shape(ty)?))
    }

    fn case(&mut self, case: &WitCase<'_>) -> Result<Case> {
        self.spend()?;
        Ok(Case { name: self.name(case.name)?, payload: self.payload(case.ty.clone())? })
    }

    fn names<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Result<Vec<Name>> {
        names
            .map(|name| {
                self.spend()?;
                self.name(name)
            })
            .collect()
    }

    /// A long name counts for several parts, as it takes the room of several.
    fn name(&mut self, name: &str) -> Result<Name> {
        if name.len() > NAME_BYTES_MAX {
            let (bytes, name) = (name.len(), excerpt(name));
            return Err(unsupported(&format!(
                "a name of {bytes} bytes (\"{name}\"), where {NAME_BYTES_MAX} are allowed"
            )));
        }
        (0..name.len() / PART_NAME_BYTES).try_for_each(|_| self.spend())?;
        Ok(Name::new(name))
    }

    /// Types are compared by their structure, so one of two that are built alike could be taken for the other: better no
    /// name, and no comment, than the wrong one.
    fn title(&mut self, ty: &Type, nodes: u32) -> Title {
        let titles = self.interface.as_ref().unwrap_or(&self.world);
        let compared = u32::try_from(titles.len()).ok()?.checked_mul(nodes)?;
        self.compared_left = self.compared_left.checked_sub(compared)?;
        let mut titles = titles.iter().filter(|(_, titled)| titled == ty).map(|(title, _)| title);
        match (titles.next(), titles.next()) {
            (Some(title), None) => Some(Arc::clone(title)),
            _ => None,
        }
    }

    fn spend(&mut self) -> Result<()> {
        let left = self.nodes_left.checked_sub(1);
        self.nodes_left = left.ok_or_else(|| {
            unsupported(&format!("with the functions before it, types of more than {NODES_MAX} parts"))
        })?;
        Ok(())
    }
}

fn unsupported(what: &str) -> Fault {
    Fault::invalid("function", format!("its signature has {what}, for which JSON has no counterpart"))
}

impl Shape {
    fn title_mut(&mut self) -> Option<&mut Title> {
        match self {
            Self::Record(title, _) | Self::Variant(title, _) | Self::Enum(title, _) | Self::Flags(title, _) => {
                Some(title)
            }
            _ => None,
        }
    }

    /// Returns how many types and names it is made of.
    pub(crate) fn parts(&self) -> usize {
        let inner: usize = match self {
            Self::List(item) | Self::FixedList(item, _) | Self::Option(item) => item.parts(),
            Self::Map(key, value) => key.parts().saturating_add(value.parts()).saturating_add(1),
            Self::Tuple(items) => items.iter().map(Self::parts).sum(),
            Self::Result(ok, err) => [ok, err].into_iter().flatten().map(|shape| shape.parts()).sum(),
            Self::Record(_, fields) => fields.iter().map(|field| field.shape.parts()).sum(),
            Self::Variant(_, cases) => {
                cases.iter().map(|case| case.payload.as_ref().map_or(1, |shape| shape.parts())).sum()
            }
            Self::Enum(_, names) | Self::Flags(_, names) => names.len(),
            _ => 0,
        };
        inner.saturating_add(1)
    }

    /// Returns the WIT word for the type, as error messages use it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::S8 => "s8",
            Self::U8 => "u8",
            Self::S16 => "s16",
            Self::U16 => "u16",
            Self::S32 => "s32",
            Self::U32 => "u32",
            Self::S64 => "s64",
            Self::U64 => "u64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Char => "char",
            Self::String => "string",
            Self::Bytes => "base64 string",
            Self::List(_) | Self::FixedList(..) => "list",
            Self::Map(..) => "map",
            Self::Tuple(_) => "tuple",
            Self::Option(_) => "option",
            Self::Result(..) => "result",
            Self::Record(..) => "record",
            Self::Variant(..) => "variant",
            Self::Enum(..) => "enum",
            Self::Flags(..) => "flags",
        }
    }
}

/// WIT notation, except that names are spelt as in JSON and that a named type shows its members after its name.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => f.write_str("list<u8>"),
            Self::List(item) => write!(f, "list<{item}>"),
            Self::FixedList(item, length) => write!(f, "list<{item}, {length}>"),
            Self::Map(key, value) => write!(f, "map<{key}, {value}>"),
            Self::Option(some) => write!(f, "option<{some}>"),
            Self::Tuple(items) => write!(f, "tuple<{}>", joined(items)),
            Self::Result(None, None) => f.write_str("result"),
            Self::Result(Some(ok), None) => write!(f, "result<{ok}>"),
            Self::Result(Some(ok), Some(err)) => write!(f, "result<{ok}, {err}>"),
            Self::Result(None, Some(err)) => write!(f, "result<_, {err}>"),
            Self::Record(title, fields) => write!(f, "{}{{{}}}", self.title(title), joined(fields)),
            Self::Variant(title, cases) => write!(f, "{}{{{}}}", self.title(title), joined(cases)),
            Self::Enum(title, names) | Self::Flags(title, names) => {
                write!(f, "{}{{{}}}", self.title(title), joined(names))
            }
            plain => f.write_str(plain.word()),
        }
    }
}

impl Shape {
    fn title<'a>(&self, title: &'a Title) -> &'a str {
        title.as_ref().map_or(self.word(), |title| &title.name.json)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.shape)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.payload {
            Some(payload) => write!(f, "{}({payload})", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json)
    }
}

/// Writes things with commas between them.
pub(crate) fn joined<T: fmt::Display>(items: &[T]) -> impl fmt::Display {
    fmt::from_fn(|f| {
        items.iter().enumerate().try_for_each(|(at, item)| {
            f.write_str(if at == 0 { "" } else { ", " })?;
            write!(f, "{item}")
        })
    })
}

/// A component chooses how many names it has, and how long they are; a message that lists them stops here.
const SHORT_BYTES_MAX: usize = 2 << 10;

/// Returns the beginning of what something is written as, and writes no more of it.
pub(crate) fn short(thing: &impl fmt::Display) -> String {
    let mut short = Short(String::new());
    if write!(short, "{thing}").is_err() {
        short.0.push('…');
    }
    short.0
}

struct Short(String);

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = SHORT_BYTES_MAX.saturating_sub(self.0.len());
        self.0.push_str(text.get(..text.floor_char_boundary(left)).unwrap_or_default());
        if text.len() > left { Err(fmt::Error) } else { Ok(()) }
    }
}
