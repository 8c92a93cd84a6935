//! Markup that is written by its elements. Texts and values are escaped when they are put in, and there is no other way to put
//! something in: what a guest or a model wrote cannot become markup.

use std::fmt::{Display, Write as _};

use super::visible::{escaped_letter, visible};

/// A piece of markup, which only elements make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Html(String);

/// An element, as far as it is written.
#[derive(Clone, Debug)]
#[must_use]
pub(crate) struct El {
    name: &'static str,
    attributes: String,
    inner: String,
}

/// Elements that have no end tag.
const VOID: [&str; 5] = ["br", "hr", "input", "link", "meta"];

/// Begins an element.
pub(crate) fn el(name: &'static str) -> El {
    El { name, attributes: String::new(), inner: String::new() }
}

/// Begins an element of a class, or of several.
pub(crate) fn of(name: &'static str, class: &'static str) -> El {
    el(name).attr("class", class)
}

impl El {
    /// Adds an attribute that a person sees, or that our own code reads.
    pub(crate) fn attr(mut self, name: &'static str, value: impl Display) -> Self {
        put_attribute(&mut self.attributes, name, &visible(&value.to_string()));
        self
    }

    /// Adds the attribute `value` as it is: it is sent back, so that no letter of it may be another.
    pub(crate) fn value(mut self, value: impl Display) -> Self {
        put_attribute(&mut self.attributes, "value", &value.to_string());
        self
    }

    /// Adds an attribute without a value, where it is set.
    pub(crate) fn flag(mut self, name: &'static str, is_set: bool) -> Self {
        if is_set {
            self.attributes.push(' ');
            self.attributes.push_str(name);
        }
        self
    }

    /// Adds a text. Letters that cannot be seen are written out.
    pub(crate) fn text(mut self, text: impl Display) -> Self {
        put(&mut self.inner, &visible(&text.to_string()));
        self
    }

    /// Adds a text as it is, to an element in which a person edits it: it is sent back, so that no letter of it may be another.
    pub(crate) fn edited(mut self, text: &str) -> Self {
        put(&mut self.inner, text);
        self
    }

    /// Adds a piece of markup.
    pub(crate) fn with(mut self, inner: impl Into<Html>) -> Self {
        self.inner.push_str(&inner.into().0);
        self
    }

    /// Adds pieces of markup.
    pub(crate) fn all<H: Into<Html>>(self, inner: impl IntoIterator<Item = H>) -> Self {
        inner.into_iter().fold(self, Self::with)
    }
}

impl From<El> for Html {
    fn from(El { name, attributes, inner }: El) -> Self {
        if VOID.contains(&name) {
            return Self(format!("<{name}{attributes}>"));
        }
        // The first line feed of these is left out by who reads it.
        let first = if matches!(name, "textarea" | "pre") { "\n" } else { "" };
        Self(format!("<{name}{attributes}>{first}{inner}</{name}>"))
    }
}

impl<H: Into<Html>> FromIterator<H> for Html {
    fn from_iter<I: IntoIterator<Item = H>>(pieces: I) -> Self {
        Self(pieces.into_iter().map(|piece| piece.into().0).collect())
    }
}

impl Html {
    /// Returns it as it is, where it is a document of another kind than HTML.
    pub(crate) fn bare(self) -> String {
        self.0
    }

    /// Returns it as a whole document.
    pub(crate) fn document(self) -> String {
        format!("<!doctype html>\n{}", self.0)
    }
}

fn put_attribute(out: &mut String, name: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = write!(out, " {name}=\"");
    for letter in value.chars() {
        match letter {
            '\n' | '\r' | '\t' => {
                let _ = write!(out, "&#{};", u32::from(letter));
            }
            other => escaped_letter(out, other),
        }
    }
    out.push('"');
}

fn put(out: &mut String, text: &str) {
    text.chars().for_each(|letter| escaped_letter(out, letter));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_does_not_become_markup_wherever_it_is_put() {
        let hostile = "</pre><script>\"'&\u{202e}\u{1b}";
        let Html(written) = of("p", "a").attr("title", hostile).text(hostile).with(el("b").text("<")).into();
        let inner = "&lt;/pre&gt;&lt;script&gt;&quot;&#39;&amp;\\u{202e}\\u{1b}";
        assert_eq!(written, format!("<p class=\"a\" title=\"{inner}\">{inner}<b>&lt;</b></p>"));
    }

    #[test]
    fn a_value_is_kept_letter_by_letter() {
        let Html(written) = el("input").value("a\u{202e}\n\"b\"").flag("required", true).flag("hidden", false).into();
        assert_eq!(written, "<input value=\"a\u{202e}&#10;&quot;b&quot;\" required>");
        let Html(area) = el("textarea").edited("\n</textarea>\u{200d}").into();
        assert_eq!(area, "<textarea>\n\n&lt;/textarea&gt;\u{200d}</textarea>");
    }
}
