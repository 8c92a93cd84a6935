//! What of a value does not fit, in words.

use std::fmt::{self, Display, Write};

use serde_json::Value;

use super::rule::{Bound, End, Of, Rule};

/// The most of a value that a text repeats.
const SHOWN_BYTES_MAX: usize = 1 << 10;

/// The options of an `enum` that a text names, where there are more.
const OPTIONS_MAX: usize = 3;

/// One thing that does not fit. Its text names the value by itself; [`Misfit::says_of`] has another name for it.
#[derive(Clone, Debug)]
pub struct Misfit<'a> {
    /// The way to the value.
    pub path: Vec<Step<'a>>,
    /// The value.
    pub value: &'a Value,
    pub(super) rule: &'a Rule,
    /// The members that are not allowed.
    pub(super) names: Vec<&'a str>,
}

/// One step to a value within a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step<'a> {
    /// Into an object.
    Member(&'a str),
    /// Into an array.
    Item(usize),
}

impl Misfit<'_> {
    /// Returns the way to the value as a JSON pointer.
    pub fn pointer(&self) -> String {
        self.path.iter().map(ToString::to_string).collect()
    }

    /// Returns the text, in which the value is called so.
    pub fn says_of(&self, it: &str) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text, &it);
        text
    }

    fn write(&self, f: &mut impl Write, it: &dyn Display) -> fmt::Result {
        match self.rule {
            Rule::Never => write!(f, "False schema does not allow {it}"),
            Rule::Endless => write!(f, "{it} takes too many steps to be checked against the schema"),
            Rule::Types(types) => {
                let names: Vec<_> = types.iter().map(|one| format!("\"{}\"", one.name())).collect();
                write!(f, "{it} is not of type{} {}", plural(names.len(), "", "s"), names.join(", "))
            }
            Rule::Enum(options) => write!(f, "{it} is not one of {}", list(options)),
            Rule::Const(value) => write!(f, "{} was expected", Short(value)),
            Rule::Bound(bound, limit) => write!(f, "{it} is {} of {limit}", beyond(*bound)),
            Rule::MultipleOf(of) => write!(f, "{it} is not a multiple of {of}"),
            Rule::Size(of, end, limit) => write!(f, "{it} {}", size(*of, *end, *limit)),
            Rule::Pattern(pattern) => write!(f, "{it} does not match \"{}\"", pattern.source()),
            Rule::Items { .. } | Rule::OtherItems { .. } => write!(f, "{it} has items that are not allowed"),
            Rule::Contains { max: None, .. } => write!(f, "None of {it} are valid under the given schema"),
            Rule::Contains { .. } => write!(f, "Too few or too many of {it} are valid under the given schema"),
            Rule::Unique => write!(f, "{it} has non-unique elements"),
            Rule::Required(name) => write!(f, "{} is a required property", quoted(name)),
            Rule::Members { .. } => write!(f, "Additional properties are not allowed ({})", self.unexpected()),
            Rule::OtherMembers { .. } => write!(f, "Unevaluated properties are not allowed ({})", self.unexpected()),
            Rule::Names(_) => write!(f, "Properties of such a name are not allowed ({})", self.unexpected()),
            Rule::Needs(_, name) => write!(f, "{} is a required property", quoted(name)),
            Rule::Any(_) => write!(f, "{it} is not valid under any of the schemas listed in the 'anyOf' keyword"),
            Rule::One(_) => write!(f, "{it} is not valid under any of the schemas listed in the 'oneOf' keyword"),
            Rule::Many => write!(f, "{it} is valid under more than one of the schemas listed in the 'oneOf' keyword"),
            Rule::Not(_, schema) => write!(f, "{} is not allowed for {it}", Short(schema)),
            Rule::When(..) | Rule::Same(_) | Rule::All(_) | Rule::If { .. } => write!(f, "{it} does not fit"),
        }
    }

    fn unexpected(&self) -> String {
        let names: Vec<_> = self.names.iter().map(|name| format!("'{}'", short(name))).collect();
        format!("{} {} unexpected", names.join(", "), plural(names.len(), "was", "were"))
    }
}

impl Display for Misfit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, &Short(self.value))
    }
}

impl Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1")),
            Self::Item(index) => write!(f, "/{index}"),
        }
    }
}

/// A value of which only the beginning is written.
struct Short<'a>(&'a Value);

impl Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Bounded(String::new());
        let whole = write!(text, "{}", self.0).is_ok();
        f.write_str(&text.0)?;
        if whole { Ok(()) } else { f.write_char('…') }
    }
}

/// A text that takes no more than so much: writing more fails, and so ends.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = SHOWN_BYTES_MAX.saturating_sub(self.0.len());
        self.0.push_str(text.get(..text.floor_char_boundary(left)).unwrap_or_default());
        if text.len() <= left { Ok(()) } else { Err(fmt::Error) }
    }
}

fn beyond(bound: Bound) -> &'static str {
    match bound {
        Bound::Minimum => "less than the minimum",
        Bound::Maximum => "greater than the maximum",
        Bound::ExclusiveMinimum => "less than or equal to the minimum",
        Bound::ExclusiveMaximum => "greater than or equal to the maximum",
    }
}

fn size(of: Of, end: End, limit: u64) -> String {
    let count = usize::try_from(limit).unwrap_or(usize::MAX);
    let (less, one, many) = match of {
        Of::Characters => (["is shorter than", "is longer than"], "character", "characters"),
        Of::Items => (["has less than", "has more than"], "item", "items"),
        Of::Members => (["has less than", "has more than"], "property", "properties"),
    };
    let [shorter, longer] = less;
    format!("{} {limit} {}", if matches!(end, End::Min) { shorter } else { longer }, plural(count, one, many))
}

/// Names some of the options, and how many others there are.
fn list(options: &[Value]) -> String {
    let shown = if options.len() > OPTIONS_MAX { OPTIONS_MAX - 1 } else { options.len() };
    let mut texts: Vec<_> = options.iter().take(shown).map(|one| Short(one).to_string()).collect();
    let last = match options.len() - shown {
        0 => texts.pop().unwrap_or_default(),
        others => format!("{others} other candidates"),
    };
    if texts.is_empty() { last } else { format!("{} or {last}", texts.join(", ")) }
}

fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

fn quoted(name: &str) -> String {
    Short(&Value::from(name)).to_string()
}

fn short(name: &str) -> &str {
    name.get(..name.floor_char_boundary(SHOWN_BYTES_MAX)).unwrap_or_default()
}
