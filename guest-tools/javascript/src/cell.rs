//! A cell as the interpreter gets it.
//!
//! A script may not declare a name of `let`, `const` or `class` twice, and a session declares its names again and again.
//! So those at the top level become variables, which may. `import` of a module becomes a `require`. What lies within
//! brackets of any kind stays as it is.
//!
//! A cell with `return` at its top level is the body of a function: what it declares is local there, `const` included,
//! and a later cell sees it all the same, by an accessor.

use std::cell::Cell;

/// A cell, rewritten. Lines stay lines; where columns moved, `origin` knows where to.
pub(crate) struct Script {
    /// What is evaluated.
    pub(crate) text: String,
    /// The names that it declares at its top level, in order.
    pub(crate) names: Vec<String>,
    /// Whether the interpreter could read it.
    pub(crate) was_read: Cell<bool>,
    /// Whether it certainly returns at its top level.
    pub(crate) returns: bool,
    source: String,
    edits: Vec<Edit>,
    is_function: Cell<bool>,
}

#[derive(Clone)]
struct Edit {
    at: usize,
    removed: usize,
    inserted: String,
    /// Whether the body of a function needs it too.
    is_common: bool,
}

impl Script {
    pub(crate) fn of(source: &str) -> Self {
        let mut rewriter = Rewriter { tokens: tokens(source), source, edits: Vec::new(), names: Vec::new() };
        rewriter.run();
        let returns = rewriter.returns();
        let Rewriter { mut edits, mut names, .. } = rewriter;
        edits.sort_by_key(|edit| edit.at);
        names.dedup();
        let text = applied(source, edits.iter());
        Self { text, names, was_read: false.into(), returns, source: source.into(), edits, is_function: false.into() }
    }

    /// The same as a function, of which it is the body.
    pub(crate) fn function(&self) -> String {
        self.is_function.set(true);
        applied(&self.source, self.function_edits().iter()) + "\n}"
    }

    /// Notes that it is not evaluated as the body of a function, which the interpreter cannot read.
    pub(crate) fn not_as_function(&self) {
        self.is_function.set(false);
    }

    fn function_edits(&self) -> Vec<Edit> {
        let inserted = match &self.names[..] {
            [] => "async()=>{".to_owned(),
            names => format!("async()=>{{__cell(\"{}\",__cell=>eval(__cell));", names.join(",")),
        };
        let mut edits = vec![Edit { at: 0, removed: 0, inserted, is_common: true }];
        edits.extend(self.edits.iter().filter(|edit| edit.is_common).cloned());
        edits
    }

    /// The column of the source, from 1, where a column of what was evaluated came from.
    pub(crate) fn origin(&self, line: u32, column: u32) -> u32 {
        let edits = if self.is_function.get() { self.function_edits() } else { self.edits.clone() };
        let start = self.line_start(line);
        let end = self.source[start..].find('\n').map_or(self.source.len(), |length| start + length);
        let mut column = column as usize;
        for edit in edits.iter().filter(|edit| (start..=end).contains(&edit.at)) {
            let from = characters(&self.source[start..edit.at]) + 1;
            if column <= from {
                break;
            }
            let (inserted, removed) = (characters(&edit.inserted), edit.removed);
            column = if column < from + inserted { from } else { column + removed - inserted };
        }
        column.max(1) as u32
    }

    /// The text of a line, from 1.
    pub(crate) fn line(&self, line: u32) -> &str {
        self.source[self.line_start(line)..].lines().next().unwrap_or_default()
    }

    pub(crate) fn lines(&self) -> u32 {
        self.source.lines().count() as u32
    }

    pub(crate) fn is_function(&self) -> bool {
        self.is_function.get()
    }

    fn line_start(&self, line: u32) -> usize {
        let before = (line.max(1) - 1) as usize;
        if before == 0 {
            return 0;
        }
        self.source.match_indices('\n').nth(before - 1).map_or(self.source.len(), |(at, _)| at + 1)
    }
}

fn characters(text: &str) -> usize {
    text.chars().count()
}

/// Makes edits; one that begins within another is left out.
fn applied<'a>(source: &str, edits: impl Iterator<Item = &'a Edit>) -> String {
    let (mut text, mut at) = (String::with_capacity(source.len() + 64), 0);
    for edit in edits {
        let Some(before) = source.get(at..edit.at) else { continue };
        text += before;
        text += &edit.inserted;
        at = edit.at + edit.removed;
    }
    text + source.get(at..).unwrap_or_default()
}

struct Rewriter<'a> {
    tokens: Vec<Token<'a>>,
    source: &'a str,
    edits: Vec<Edit>,
    names: Vec<String>,
}

impl<'a> Rewriter<'a> {
    fn run(&mut self) {
        for index in 0..self.tokens.len() {
            let token = self.tokens[index];
            if token.kind != Kind::Word {
                continue;
            }
            if token.text == "import" && self.text(index + 1) == "(" && self.text(index.wrapping_sub(1)) != "." {
                self.edit(token.at, token.text.len(), "__import", true);
            }
            if token.text == "import" && self.text(index + 1) == "." && self.text(index + 2) == "meta" {
                let end = self.tokens[index + 2].at + "meta".len();
                self.edit(token.at, end - token.at, "__meta", true);
            }
            if token.depth == 0 {
                self.word(index, token.text);
            }
        }
    }

    /// Whether there is a statement `return` outside of all brackets. A slash may begin a regular expression, and a comment in
    /// the way of HTML may be one: where there are such, brackets may be none.
    fn returns(&self) -> bool {
        let returns =
            |index: usize, token: &Token<'_>| token.text == "return" && token.depth == 0 && self.starts(index);
        self.tokens.iter().enumerate().any(|(index, token)| returns(index, token))
            && !self.tokens.iter().any(|token| token.text.starts_with('/'))
            && !["<!--", "-->"].iter().any(|comment| self.source.contains(comment))
    }

    fn word(&mut self, index: usize, word: &str) {
        let at = self.tokens[index].at;
        match word {
            "const" if self.names_follow(index) => {
                self.edit(at, 5, "var", false);
                self.declarators(index + 1, false);
            }
            "let" if self.starts(index) && self.names_follow(index) => {
                self.edit(at, 3, "var", false);
                self.declarators(index + 1, true);
            }
            "var" => self.declarators(index + 1, false),
            "class" if self.starts(index) => self.class(index),
            "function" if self.starts(index) || self.text(index.wrapping_sub(1)) == "async" => {
                let name = index + 1 + usize::from(self.text(index + 1) == "*");
                self.name(name);
            }
            // Not `import(…)`, and not `import.meta`.
            "import" if self.starts(index) && !matches!(self.text(index + 1), "(" | ".") => self.import(index),
            "export" if self.starts(index) => self.export(index),
            _ => {}
        }
    }

    fn text(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| token.text)
    }

    fn edit(&mut self, at: usize, removed: usize, inserted: &str, is_common: bool) {
        self.edits.push(Edit { at, removed, inserted: inserted.into(), is_common });
    }

    fn name(&mut self, index: usize) {
        if let Some(Token { kind: Kind::Word, text, .. }) = self.tokens.get(index) {
            self.names.push((*text).to_owned());
        }
    }

    /// Whether a statement can begin here.
    fn starts(&self, index: usize) -> bool {
        let Some(before) = index.checked_sub(1).and_then(|before| self.tokens.get(before)) else { return true };
        matches!(before.text, ";" | "}" | "{" | "export" | "default")
            || (self.tokens[index].breaks && before.ends_value())
    }

    fn names_follow(&self, index: usize) -> bool {
        self.tokens.get(index + 1).is_some_and(|next| next.kind == Kind::Word || matches!(next.text, "[" | "{"))
    }

    /// `a = 1, {b, c: d} = e`. A variable of `let` without a value has none, whatever an earlier cell gave to its name.
    fn declarators(&mut self, mut index: usize, clears: bool) {
        loop {
            let Some(token) = self.tokens.get(index).copied() else { return };
            match token.text {
                "{" | "[" => index = self.pattern(index),
                _ if token.kind == Kind::Word => {
                    self.name(index);
                    index += 1;
                    if clears && !matches!(self.text(index), "=" | "of" | "in") {
                        self.edit(token.at + token.text.len(), 0, "=undefined", false);
                    }
                }
                _ => return,
            }
            let Some(next) = self.next_declarator(index) else { return };
            index = next;
        }
    }

    fn next_declarator(&self, mut index: usize) -> Option<usize> {
        while let Some(token) = self.tokens.get(index) {
            if token.depth == 0 {
                match token.text {
                    "," => return Some(index + 1),
                    ";" => return None,
                    _ if token.breaks && token.begins_statement() && self.tokens[index - 1].ends_value() => {
                        return None;
                    }
                    _ => {}
                }
            }
            index += 1;
        }
        None
    }

    /// Collects the names of a pattern, and returns what comes after it.
    fn pattern(&mut self, open: usize) -> usize {
        let (is_object, depth) = (self.text(open) == "{", self.tokens[open].depth);
        let mut index = open + 1;
        // Whether a name may come now, rather than a part of a default value.
        let mut expects = true;
        while let Some(token) = self.tokens.get(index).copied() {
            if token.depth == depth && matches!(token.text, "}" | "]") {
                return index + 1;
            }
            if token.depth == depth + 1 {
                match token.text {
                    "," => expects = true,
                    "=" => expects = false,
                    ":" => expects = true,
                    "." => {}
                    "[" if is_object && expects && self.text(index.wrapping_sub(1)) != ":" => {} // a computed key
                    "{" | "[" if expects => {
                        index = self.pattern(index);
                        expects = false;
                        continue;
                    }
                    _ if expects && token.kind == Kind::Word && !(is_object && self.text(index + 1) == ":") => {
                        self.name(index);
                        expects = false;
                    }
                    _ => {}
                }
            }
            index += 1;
        }
        index
    }

    /// `class A {}` is `var A=class A {};`.
    fn class(&mut self, index: usize) {
        let named = self.tokens.get(index + 1).filter(|token| token.kind == Kind::Word && token.text != "extends");
        let Some(name) = named else { return };
        let inserted = format!("var {}=", name.text);
        self.edit(self.tokens[index].at, 0, &inserted, false);
        self.name(index + 1);
        let body = (index..self.tokens.len()).find(|at| self.tokens[*at].depth == 0 && self.text(*at) == "{");
        let Some(body) = body else { return };
        let end = (body + 1..self.tokens.len()).find(|at| self.tokens[*at].depth == 0 && self.text(*at) == "}");
        if let Some(end) = end {
            self.edit(self.tokens[end].at + 1, 0, ";", false);
        }
    }

    /// What a script exports has no reader: `export const a` is `const a`, `export default a` is `var __default=a`, and
    /// `export {a}` is `void {a}`.
    fn export(&mut self, index: usize) {
        let (at, next) = (self.tokens[index].at, self.text(index + 1));
        if next == "default" {
            let end = self.tokens[index + 1].at + next.len();
            let inserted = if self.declares(index + 2) { "" } else { "var __default=" };
            self.edit(at, end - at, inserted, true);
        } else if next == "{" && self.is_plain_list(index + 1) {
            self.edit(at, "export".len(), "void", true);
        } else if self.tokens.get(index + 1).is_some_and(|next| next.kind == Kind::Word) {
            self.edit(at, "export".len(), "", true);
        }
    }

    /// Whether a function or a class that has a name stands here.
    fn declares(&self, index: usize) -> bool {
        let at = index + usize::from(self.text(index) == "async");
        let name = at + 1 + usize::from(self.text(at + 1) == "*");
        matches!(self.text(at), "function" | "class")
            && self.tokens.get(name).is_some_and(|name| name.kind == Kind::Word && name.text != "extends")
    }

    /// Whether the names between braces, nothing renamed and nothing of another module, are an object's members too.
    fn is_plain_list(&self, open: usize) -> bool {
        let end = (open..self.tokens.len()).find(|at| self.text(*at) == "}");
        end.is_some_and(|end| self.text(end + 1) != "from" && (open..end).all(|at| self.text(at) != "as"))
    }

    /// `import a, {b as c} from "m"` is `var a=require("m"),{b:c}=require("m")`.
    fn import(&mut self, index: usize) {
        let Some(from) = (index..self.tokens.len().min(index + 200)).find(|at| self.tokens[*at].kind == Kind::Text)
        else {
            return;
        };
        let (start, module) = (self.tokens[index].at, self.tokens[from]);
        let end = module.at + module.text.len();
        let mut parts = Vec::new();
        let mut at = index + 1;
        while at < from {
            match self.text(at) {
                "*" => {
                    parts.push(format!("{}=require({})", self.text(at + 2), module.text));
                    self.name(at + 2);
                    at += 3;
                }
                "{" => {
                    let mut inside = String::from("{");
                    at += 1;
                    while at < from && self.text(at) != "}" {
                        let renamed = self.text(at + 1) == "as";
                        match self.text(at) {
                            "as" => inside.push(':'),
                            "," => inside.push(','),
                            name => {
                                inside += name;
                                if !renamed {
                                    self.name(at);
                                }
                            }
                        }
                        at += 1;
                    }
                    parts.push(format!("{inside}}}=require({})", module.text));
                    at += 1;
                }
                "from" | "," | "with" => at += 1,
                name => {
                    parts.push(format!("{name}=require({})", module.text));
                    self.name(at);
                    at += 1;
                }
            }
        }
        let required = format!("require({})", module.text);
        let text = if parts.is_empty() { required } else { format!("var {}", parts.join(",")) };
        let breaks = self.source[start..end].matches('\n').count();
        self.edit(start, end - start, &(text + &"\n".repeat(breaks)), true);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Number,
    /// A string between quotes.
    Text,
    /// A piece of a template: to its end, or to a `${`.
    Template,
    Regex,
    Mark,
}

#[derive(Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
    at: usize,
    /// How many brackets are around it; those of a bracket itself are those outside of it.
    depth: usize,
    /// Whether a line ends before it.
    breaks: bool,
}

impl Token<'_> {
    /// Whether an expression may end here, so that a `/` is a division.
    fn ends_value(&self) -> bool {
        match self.kind {
            Kind::Word => !BEFORE_VALUES.contains(&self.text),
            Kind::Mark => matches!(self.text, ")" | "]" | "}" | "++" | "--"),
            Kind::Template => self.text.ends_with('`'),
            Kind::Number | Kind::Text | Kind::Regex => true,
        }
    }

    /// Whether, after the end of a line, this is another statement rather than more of the same.
    fn begins_statement(&self) -> bool {
        match self.kind {
            Kind::Word => !matches!(self.text, "in" | "instanceof" | "of"),
            Kind::Mark => matches!(self.text, "{" | "++" | "--" | "}"),
            Kind::Number | Kind::Text | Kind::Regex => true,
            Kind::Template => false,
        }
    }
}

/// Words after which a value comes, so that a `/` begins a regular expression.
const BEFORE_VALUES: &[&str] = &[
    "return",
    "typeof",
    "case",
    "in",
    "of",
    "delete",
    "void",
    "throw",
    "new",
    "else",
    "do",
    "instanceof",
    "await",
    "yield",
    "default",
    "extends",
];

/// Takes a source apart. What is no JavaScript gives some tokens or other: the interpreter says what is wrong with it.
fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut scanner =
        Scanner { source, bytes: source.as_bytes(), at: 0, open: Vec::new(), tokens: Vec::new(), breaks: false };
    while scanner.at < scanner.bytes.len() {
        scanner.next();
    }
    scanner.tokens
}

struct Scanner<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// The brackets that are open; a backtick is a template's `${`.
    open: Vec<u8>,
    tokens: Vec<Token<'a>>,
    breaks: bool,
}

impl<'a> Scanner<'a> {
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or_default()
    }

    fn next(&mut self) {
        match self.byte(0) {
            b'\n' | b'\r' => {
                self.breaks = true;
                self.at += 1;
            }
            b' ' | b'\t' => self.at += 1,
            b'#' if self.at == 0 && self.byte(1) == b'!' => self.skip_line(),
            b'/' if self.byte(1) == b'/' => self.skip_line(),
            b'/' if self.byte(1) == b'*' => self.comment(),
            quote @ (b'"' | b'\'') => {
                let end = self.quoted(quote);
                self.push(Kind::Text, end);
            }
            b'`' => self.template(),
            b'}' if self.open.last() == Some(&b'`') => {
                self.open.pop();
                self.template();
            }
            b'/' if !self.tokens.last().is_some_and(Token::ends_value) || self.is_after_block() => self.regex(),
            b'0'..=b'9' => self.word(Kind::Number),
            b'_' | b'$' | b'#' | b'@' | b'\\' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => self.word(Kind::Word),
            _ => self.mark(),
        }
    }

    /// After the `}` of a block at the start of a line there is no division.
    fn is_after_block(&self) -> bool {
        self.breaks && self.tokens.last().is_some_and(|token| token.text == "}")
    }

    fn push(&mut self, kind: Kind, end: usize) {
        let mut end = end.min(self.bytes.len());
        while !self.source.is_char_boundary(end) {
            end += 1;
        }
        let (at, depth, breaks) = (self.at, self.open.len(), self.breaks);
        self.tokens.push(Token { kind, text: &self.source[at..end], at, depth, breaks });
        self.at = end;
        self.breaks = false;
    }

    fn skip_line(&mut self) {
        self.at = self.source[self.at..].find('\n').map_or(self.bytes.len(), |length| self.at + length);
    }

    fn comment(&mut self) {
        let end = self.source[self.at + 2..].find("*/").map_or(self.bytes.len(), |length| self.at + length + 4);
        self.breaks |= self.source[self.at..end].contains('\n');
        self.at = end;
    }

    fn quoted(&self, quote: u8) -> usize {
        let mut end = self.at + 1;
        while let Some(byte) = self.bytes.get(end) {
            match byte {
                b'\\' => end += 1,
                b'\n' => return end,
                byte if *byte == quote => return end + 1,
                _ => {}
            }
            end += 1;
        }
        end
    }

    fn template(&mut self) {
        let mut end = self.at + 1;
        while let Some(byte) = self.bytes.get(end) {
            match byte {
                b'\\' => end += 1,
                b'`' => return self.push(Kind::Template, end + 1),
                b'$' if self.bytes.get(end + 1) == Some(&b'{') => {
                    self.push(Kind::Template, end + 2);
                    self.open.push(b'`');
                    return;
                }
                _ => {}
            }
            end += 1;
        }
        self.push(Kind::Template, end);
    }

    fn regex(&mut self) {
        let (mut end, mut in_class) = (self.at + 1, false);
        loop {
            match self.bytes.get(end) {
                None | Some(b'\n') => return self.push(Kind::Mark, self.at + 1),
                Some(b'\\') => end += 1,
                Some(b'[') => in_class = true,
                Some(b']') => in_class = false,
                Some(b'/') if !in_class => break,
                Some(_) => {}
            }
            end += 1;
        }
        end += 1;
        while self.bytes.get(end).is_some_and(u8::is_ascii_alphabetic) {
            end += 1;
        }
        self.push(Kind::Regex, end);
    }

    fn word(&mut self, kind: Kind) {
        let rest = &self.source[self.at..];
        let is_part = |c: char| {
            c.is_alphanumeric()
                || matches!(c, '_' | '$' | '#' | '@' | '\\' | '\u{200c}' | '\u{200d}')
                || (kind == Kind::Number && c == '.')
        };
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len()).max(1);
        self.push(kind, self.at + length);
    }

    fn mark(&mut self) {
        let byte = self.byte(0);
        match byte {
            b'(' | b'[' | b'{' => {
                self.push(Kind::Mark, self.at + 1);
                self.open.push(byte);
            }
            b')' | b']' | b'}' => {
                self.open.pop();
                self.push(Kind::Mark, self.at + 1);
            }
            b'+' | b'-' if self.byte(1) == byte => self.push(Kind::Mark, self.at + 2),
            b'=' if matches!(self.byte(1), b'=' | b'>') => self.push(Kind::Mark, self.at + 2),
            _ => self.push(Kind::Mark, self.at + 1),
        }
    }
}
