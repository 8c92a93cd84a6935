//! What stands between the two lines `---` at the beginning of a SKILL.md: the part of YAML that such files use.
//!
//! Keys at the beginning of a line, with a text on the line, in quotes, or in the lines below (`|`, `>`), or a list. Anchors,
//! tags and what else YAML could mean are refused where they stand for something that is used, and passed over elsewhere.

use std::collections::BTreeMap;

/// What a skill says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FrontMatter {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) allowed_tools: Vec<String>,
}

/// The longest that is read. Those in use have some 500 bytes.
const BYTES_MAX: usize = 16 << 10;

type Read<T> = Result<T, String>;

/// Reads the front matter of a text.
pub(super) fn read(text: &str) -> Read<FrontMatter> {
    let mut entries = BTreeMap::new();
    let lines = lines(text)?;
    let mut rest = lines.as_slice();
    while let [line, below @ ..] = rest {
        rest = below;
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, first) =
            line.split_once(':').ok_or_else(|| format!("the line \"{}\" is not KEY: VALUE", shown(line)))?;
        if key.starts_with([' ', '\t', '-']) {
            return Err(format!("the line \"{}\" belongs to no key", shown(line)));
        }
        let own = rest.iter().take_while(|line| line.trim().is_empty() || line.starts_with([' ', '\t', '-'])).count();
        let (own, after) = rest.split_at(own);
        rest = after;
        if entries.insert(key.trim().to_owned(), (first.trim(), own)).is_some() {
            return Err(format!("\"{}\" is there twice", shown(key)));
        }
    }
    let entry = |key: &str| entries.get(key).copied();
    let text_of = |key: &str| {
        let (first, below) = entry(key).ok_or_else(|| format!("it does not say its \"{key}\""))?;
        scalar(first, below).map_err(|why| format!("\"{key}\" {why}"))
    };
    let (name, description) = (text_of("name")?, text_of("description")?);
    let allowed = entry("allowed-tools").map_or(Ok(Vec::new()), |(first, below)| words(first, below));
    Ok(FrontMatter { name, description, allowed_tools: allowed.map_err(|why| format!("\"allowed-tools\" {why}"))? })
}

/// Returns the text of the front matter, line by line.
pub(super) fn text(text: &str) -> Read<String> {
    Ok(lines(text)?.into_iter().flat_map(|line| [line, "\n"]).collect())
}

/// The lines between the first two `---`.
fn lines(text: &str) -> Read<Vec<&str>> {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    if lines.next().map(str::trim_end) != Some("---") {
        return Err("it does not begin with a line \"---\"".to_owned());
    }
    let (mut own, mut bytes) = (Vec::new(), 0usize);
    for line in lines {
        if line.trim_end() == "---" {
            return Ok(own);
        }
        bytes = bytes.saturating_add(line.len());
        if bytes > BYTES_MAX {
            return Err(format!("its front matter is longer than {BYTES_MAX} bytes"));
        }
        own.push(line);
    }
    Err("its front matter does not end with a line \"---\"".to_owned())
}

fn scalar(first: &str, below: &[&str]) -> Read<String> {
    let below = || below.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
    match first.chars().next() {
        Some('|') => Ok(below().collect::<Vec<_>>().join("\n")),
        Some('>') | None => Ok(below().collect::<Vec<_>>().join(" ")),
        Some(quote @ ('"' | '\'')) => {
            let whole = [first].into_iter().chain(below()).collect::<Vec<_>>().join(" ");
            unquoted(whole.get(1..).unwrap_or_default(), quote)
        }
        Some('&' | '*' | '!' | '{' | '[' | '%' | '@' | '`') => {
            Err(format!("is \"{}\", of which only plain texts are read", shown(first)))
        }
        Some(_) => {
            let plain = first.split_once(" #").map_or(first, |(plain, _)| plain.trim_end());
            Ok([plain].into_iter().chain(below()).collect::<Vec<_>>().join(" "))
        }
    }
}

/// Reads a text up to its closing quote, behind which only a comment may stand.
fn unquoted(text: &str, quote: char) -> Read<String> {
    let (mut unquoted, mut letters) = (String::new(), text.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '\'' if quote == '\'' && letters.peek() == Some(&'\'') => unquoted.extend(letters.next()),
            _ if letter == quote => {
                let rest: String = letters.collect();
                let is_end = rest.trim().is_empty() || rest.trim_start().starts_with('#');
                return if is_end { Ok(unquoted) } else { Err("has something behind its closing quote".to_owned()) };
            }
            '\\' if quote == '"' => match letters.next() {
                Some('n') => unquoted.push('\n'),
                Some('t') => unquoted.push('\t'),
                Some(letter @ ('"' | '\\' | '/')) => unquoted.push(letter),
                _ => return Err("has an escape other than \\n, \\t, \\\" and \\\\".to_owned()),
            },
            letter => unquoted.push(letter),
        }
    }
    Err("has no closing quote".to_owned())
}

/// Reads a list, or words with blanks or commas between them.
fn words(first: &str, below: &[&str]) -> Read<Vec<String>> {
    let items = below.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
    let items: Vec<&str> = items.collect();
    if first.is_empty() && items.iter().all(|item| item.starts_with('-')) {
        return items.into_iter().map(|item| scalar(item.trim_start_matches('-').trim(), &[])).collect();
    }
    let inner = first.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let text = inner.map_or_else(|| scalar(first, below), |inner| Ok(inner.to_owned()))?;
    let words = text.split([' ', ',']).map(|word| word.trim_matches(['"', '\''])).filter(|word| !word.is_empty());
    Ok(words.map(str::to_owned).collect())
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &str) -> Read<FrontMatter> {
        read(&format!("---\n{lines}\n---\n# Body\n---\n"))
    }

    #[test]
    fn the_spellings_in_use_are_read() {
        for lines in [
            "name: pdf\ndescription: Reads PDFs: all of them # really\nallowed-tools: files web",
            "# a comment\ndescription: >\n  Reads PDFs:\n  all of them\nname: 'pdf'\nallowed-tools: [files, \"web\"]",
            "name: \"pdf\"\nlicense: MIT\nmetadata:\n  author: x\n  tags: &a [1]\ndescription: \"Reads PDFs: all of them\"\n\
             allowed-tools:\n  - files\n  - web",
            "name: pdf\r\ndescription: Reads PDFs:\r\n  all of them\r\nallowed-tools:\r\n- files\r\n- 'web'",
        ] {
            let read = of(lines).unwrap();
            assert_eq!((read.name.as_str(), read.description.as_str()), ("pdf", "Reads PDFs: all of them"), "{lines}");
            assert_eq!(read.allowed_tools, ["files", "web"], "{lines}");
        }
        assert_eq!(of("name: a\ndescription: 'it''s'").unwrap().description, "it's");
        assert_eq!(of("name: a\ndescription: |\n  one\n  two").unwrap().description, "one\ntwo");
    }

    #[test]
    fn front_matter_that_cannot_be_read_is_refused_with_a_reason() {
        for (lines, why) in [
            ("name: a", "does not say its \"description\""),
            ("name: a\nname: b\ndescription: c", "\"name\" is there twice"),
            ("name: *a\ndescription: c", "only plain texts"),
            ("name: a\ndescription: !!python/object x", "only plain texts"),
            ("name: a\ndescription: \"x", "no closing quote"),
            ("name: a\ndescription: \"x\" y", "behind its closing quote"),
            ("name: a\ndescription: \"\\x41\"", "an escape"),
            ("words\nname: a", "is not KEY: VALUE"),
            ("  name: a\ndescription: c", "belongs to no key"),
        ] {
            let error = of(lines).unwrap_err();
            assert!(error.contains(why), "{lines}: {error}");
        }
        assert!(read("# Body").unwrap_err().contains("does not begin"));
        assert!(read("---\nname: a\n").unwrap_err().contains("does not end"));
        assert!(read(&format!("---\nname: {}\n---", "a".repeat(20_000))).unwrap_err().contains("longer than"));
    }
}
