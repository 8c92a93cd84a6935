//! Markdown of HTML: what a reader would see, in the order of the page.
//!
//! No tree is made: a page of a hundred thousand tags inside each other costs as much as one of as many beside each other. What
//! is nested more deeply than [`DEPTH_MAX`] is shown as if it were not.

use std::collections::BTreeSet;

use crate::entities;
use crate::html::{Attributes, Token, Tokens};
use crate::url::Url;

/// How deeply lists and quotations are shown inside each other.
const DEPTH_MAX: usize = 12;

/// How many links are listed.
const LINKS_MAX: usize = 1000;

/// The longest address of a link, before its character references are replaced.
const ADDRESS_BYTES_MAX: usize = 4096;

/// How long the text of a page becomes of which the links alone are wanted.
const LINKS_TEXT_BYTES_MAX: usize = 2 << 20;

/// How many letters of a link's or a page's own text are kept.
const TITLE_CHARS_MAX: usize = 300;

/// How many columns of a table get a line below its first row.
const COLUMNS_MAX: usize = 50;

/// What a reader does not see.
const UNSEEN: [&str; 10] =
    ["script", "style", "template", "svg", "math", "iframe", "object", "noembed", "noframes", "datalist"];

/// Elements without content, which have no end.
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// Elements that the next of their name closes.
const NEXT_CLOSES: [&str; 8] = ["p", "li", "td", "th", "tr", "dt", "dd", "option"];

/// A page as text.
#[derive(Debug)]
pub struct Markdown {
    pub title: Option<String>,
    pub text: String,
    /// Whether the text ends before the page.
    pub is_truncated: bool,
    /// The links, each once: their texts and addresses.
    pub links: Vec<(String, String)>,
}

/// Makes Markdown of a page at `base`, of at most so many bytes.
pub fn markdown(html: &str, base: Option<&Url>, bytes_max: usize) -> Markdown {
    let mut writer = Writer::new(base, bytes_max);
    for token in Tokens::new(html) {
        if writer.out.len() > bytes_max {
            break;
        }
        writer.take(token);
    }
    writer.finished()
}

/// Returns the links of a page.
pub fn links_only(html: &str, base: &Url) -> Vec<(String, String)> {
    markdown(html, Some(base), LINKS_TEXT_BYTES_MAX).links
}

/// Returns a text as it is, without what cannot be seen, of at most so many bytes.
pub fn plain(text: &str, bytes_max: usize) -> String {
    let mut plain: String = text.chars().filter(|letter| is_seen(*letter)).take(bytes_max).collect();
    cut(&mut plain, bytes_max);
    plain
}

/// Whether a letter can be seen, or is a blank. Text that only a machine reads is a place for instructions that no person has
/// read.
fn is_seen(letter: char) -> bool {
    match letter {
        '\n' | '\t' => true,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}' => false,
        '\u{e0000}'..='\u{e0fff}' | '\u{fe00}'..='\u{fe0f}' => false,
        _ => !letter.is_control(),
    }
}

fn cut(text: &mut String, bytes_max: usize) {
    if text.len() > bytes_max {
        let end = (0..=bytes_max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
    }
}

/// A list that is open: the number of its next item, where its items have numbers.
type List = Option<u32>;

#[derive(Default)]
struct Writer<'a> {
    out: String,
    bytes_max: usize,
    base: Option<&'a Url>,
    title: Option<String>,
    links: Vec<(String, String)>,
    seen: BTreeSet<String>,
    /// The element that is left out, and how many of its name are open in it.
    skipped: Option<(String, usize)>,
    in_title: bool,
    lists: Vec<List>,
    /// Lists that are open beyond [`DEPTH_MAX`].
    lists_beyond: usize,
    quotes: usize,
    /// The quotations around the last text.
    quoted: usize,
    pre: usize,
    tables: usize,
    /// The cells of the row so far.
    cells: usize,
    /// Whether the line below the first row of the table is written.
    has_line: bool,
    /// How many line breaks stand before the next text.
    breaks: usize,
    /// Whether a blank stands before the next text.
    blank: bool,
    /// Whether the last that was written is the mark of an item or a heading.
    is_marked: bool,
    /// Whether nothing stands before the next letter: most letters follow another.
    is_settled: bool,
    /// Emphasis that is open, and whether its mark is written.
    bold: Emphasis,
    italic: Emphasis,
    code: Emphasis,
    link: Option<Anchor>,
}

#[derive(Default)]
struct Emphasis {
    open: usize,
    is_written: bool,
}

struct Anchor {
    /// As the page says it; once there is text, in full.
    address: String,
    /// Where its text begins in the output, once there is any.
    from: Option<usize>,
}

impl<'a> Writer<'a> {
    fn new(base: Option<&'a Url>, bytes_max: usize) -> Self {
        Self { bytes_max, base, ..Self::default() }
    }

    fn finished(mut self) -> Markdown {
        self.close_link();
        for emphasis in [Self::bold, Self::italic, Self::code] {
            emphasis(&mut self, false, true);
        }
        if self.pre > 0 {
            self.pre = 1;
            self.fence(false);
        }
        let is_truncated = self.out.len() > self.bytes_max;
        cut(&mut self.out, self.bytes_max);
        let title = self.title.map(|title| title.split_whitespace().collect::<Vec<_>>().join(" "));
        let title = title.filter(|title| !title.is_empty());
        Markdown { title, text: self.out, is_truncated, links: self.links }
    }

    fn take(&mut self, token: Token<'_>) {
        if let Token::Text(text) = token {
            return self.text(text);
        }
        self.is_settled = false;
        match token {
            Token::Text(_) => {}
            Token::Start(name, attributes) => self.start(&name.to_ascii_lowercase(), &attributes),
            Token::End(name) => self.end(&name.to_ascii_lowercase()),
        }
        self.is_settled = false;
    }

    fn text(&mut self, text: &str) {
        if self.skipped.is_some() {
            return;
        }
        if self.in_title {
            let title = self.title.get_or_insert_default();
            entities::decoded(text, |piece| title.extend(piece.chars().filter(|letter| is_seen(*letter))));
            *title = title.chars().take(TITLE_CHARS_MAX).collect();
            return;
        }
        entities::decoded(text, |piece| self.piece(piece));
    }

    fn piece(&mut self, piece: &str) {
        for letter in piece.chars() {
            if self.out.len() > self.bytes_max {
                return;
            }
            match letter {
                _ if self.pre > 0 => self.preformatted(letter),
                // HTML's own blanks, and those that do not break.
                ' ' | '\t' | '\n' | '\r' | '\u{c}' | '\u{a0}' => (self.blank, self.is_settled) = (true, false),
                letter if is_seen(letter) => self.letter(letter),
                _ => {}
            }
        }
    }

    fn letter(&mut self, letter: char) {
        if !self.is_settled {
            self.before();
        }
        let is_mark = matches!(letter, '*' | '[' | ']' | '<' | '\\') || (letter == '|' && self.tables > 0);
        if is_mark && self.code.open == 0 {
            self.out.push('\\');
        }
        self.out.push(if letter == '`' { '\'' } else { letter });
    }

    fn preformatted(&mut self, letter: char) {
        if !is_seen(letter) {
            return;
        }
        // HTML's own rule: a line break right after the tag is dropped.
        if letter == '\n' && self.out.ends_with("```\n") {
            return;
        }
        // Three of them would end the block.
        if letter == '`' && self.out.ends_with("``") {
            self.out.push(' ');
        }
        self.out.push(letter);
    }

    /// Writes all that stands before a letter: breaks, a blank, and the marks that have waited for a letter.
    fn before(&mut self) {
        if self.breaks > 0 && !self.out.is_empty() {
            let breaks = self.breaks.min(2);
            for line in 1..=breaks {
                let end = self.out.trim_end_matches(' ').len();
                self.out.truncate(end);
                self.out.push('\n');
                // The empty line before a quotation is not in it.
                let quotes = if line < breaks { self.quotes.min(self.quoted) } else { self.quotes };
                self.out.push_str(&"> ".repeat(quotes.min(DEPTH_MAX)));
            }
            let indent = "  ".repeat(self.lists.len());
            self.out.push_str(&indent);
        } else if self.out.is_empty() {
            self.out.push_str(&"> ".repeat(self.quotes.min(DEPTH_MAX)));
        } else if self.blank && !self.is_marked && !self.out.ends_with([' ', '\n']) {
            self.out.push(' ');
        }
        (self.breaks, self.blank, self.is_marked, self.quoted) = (0, false, false, self.quotes);
        for (mark, emphasis) in [("**", &mut self.bold), ("*", &mut self.italic), ("`", &mut self.code)] {
            if emphasis.open > 0 && !emphasis.is_written {
                emphasis.is_written = true;
                self.out.push_str(mark);
            }
        }
        self.begin_link();
        self.is_settled = true;
    }

    /// Begins a link once it has text. Where it leads is found out only then: a page may have very many without.
    fn begin_link(&mut self) {
        let Some(Anchor { address, from: None }) = &self.link else { return };
        self.link = match self.leads(&entities::text(address)) {
            Some(address) => {
                self.out.push('[');
                Some(Anchor { address, from: Some(self.out.len()) })
            }
            None => None,
        };
    }

    /// Ends the line, and leaves one empty where there are to be two breaks. In a cell of a table it is a blank.
    fn breaks(&mut self, breaks: usize) {
        if self.tables > 0 && self.cells > 0 {
            self.blank = true;
        } else if !self.is_marked {
            self.breaks = self.breaks.max(breaks);
        }
    }

    /// Begins a line with a mark, as of a heading or an item.
    fn mark(&mut self, mark: &str) {
        self.before();
        self.out.push_str(mark);
        self.is_marked = true;
    }

    fn start(&mut self, name: &str, attributes: &Attributes<'_>) {
        if let Some((skipped, open)) = &mut self.skipped {
            if *skipped != name {
                return;
            }
            if !NEXT_CLOSES.contains(&name) {
                *open += 1;
                return;
            }
            self.skipped = None;
        }
        if !VOID.contains(&name) && (UNSEEN.contains(&name) || is_hidden(attributes)) {
            self.skipped = Some((name.to_owned(), 1));
            return;
        }
        match name {
            "title" => self.in_title = self.title.is_none(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.breaks(2);
                self.mark(["# ", "## ", "### ", "#### ", "##### ", "###### "][heading(name)]);
            }
            "p" | "div" | "section" | "article" | "header" | "footer" | "main" | "nav" | "aside" | "form"
            | "figure" | "fieldset" | "details" | "dl" | "address" => self.breaks(2),
            "br" | "dt" | "dd" | "summary" | "figcaption" | "option" | "legend" => self.breaks(1),
            "hr" => {
                self.breaks(2);
                self.mark("---");
                self.is_marked = false;
                self.breaks(2);
            }
            "ul" => self.open_list(None),
            "ol" => self.open_list(Some(attributes.get("start").and_then(|start| start.parse().ok()).unwrap_or(1))),
            "li" => self.item(),
            "blockquote" => {
                self.breaks(2);
                self.quotes += 1;
            }
            "pre" | "listing" => self.fence(true),
            "b" | "strong" => self.bold(true, false),
            "i" | "em" => self.italic(true, false),
            "code" | "kbd" | "samp" if self.pre == 0 => self.code(true, false),
            "a" => self.open_link(attributes),
            "img" => self.image(attributes),
            "table" => self.open_table(),
            "tr" => self.open_row(),
            "td" | "th" => self.cell(),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        if let Some((skipped, open)) = &mut self.skipped {
            *open -= usize::from(*skipped == name);
            if *open == 0 {
                self.skipped = None;
            }
            return;
        }
        match name {
            "title" => self.in_title = false,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.is_marked = false;
                self.breaks(2);
            }
            "p" | "div" | "section" | "article" | "header" | "footer" | "main" | "nav" | "aside" | "form"
            | "figure" | "fieldset" | "details" | "dl" | "address" => self.breaks(2),
            "dt" | "dd" | "summary" | "figcaption" | "option" | "legend" => self.breaks(1),
            "ul" | "ol" => self.close_list(),
            "li" => self.close_item(),
            "blockquote" => {
                self.quotes = self.quotes.saturating_sub(1);
                self.breaks(2);
            }
            "pre" | "listing" => self.fence(false),
            "b" | "strong" => self.bold(false, false),
            "i" | "em" => self.italic(false, false),
            "code" | "kbd" | "samp" if self.pre == 0 => self.code(false, false),
            "a" => self.close_link(),
            "table" => self.close_table(),
            "tr" => self.close_row(),
            _ => {}
        }
    }

    fn open_list(&mut self, list: List) {
        self.is_marked = false;
        self.breaks(if self.lists.is_empty() { 2 } else { 1 });
        if self.lists.len() < DEPTH_MAX { self.lists.push(list) } else { self.lists_beyond += 1 }
    }

    fn close_list(&mut self) {
        match self.lists_beyond {
            0 => {
                self.lists.pop();
            }
            _ => self.lists_beyond -= 1,
        }
        self.is_marked = false;
        self.breaks(if self.lists.is_empty() { 2 } else { 1 });
    }

    fn item(&mut self) {
        self.is_marked = false;
        self.breaks(1);
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number = number.saturating_add(1);
                mark
            }
            Some(None) | None => "- ".to_owned(),
        };
        // The mark stands where the text of the list around it does.
        let own = self.lists.pop();
        self.mark(&mark);
        self.lists.extend(own);
    }

    fn close_item(&mut self) {
        self.is_marked = false;
        self.breaks(1);
    }

    fn fence(&mut self, opens: bool) {
        match (opens, self.pre) {
            (true, 0) => {
                self.close_link();
                self.breaks(2);
                self.mark("```\n");
                self.is_marked = false;
                self.pre = 1;
            }
            (true, _) => self.pre += 1,
            (false, 0) => {}
            (false, 1) => {
                self.pre = 0;
                if !self.out.ends_with('\n') {
                    self.out.push('\n');
                }
                self.out.push_str("```");
                self.breaks(2);
            }
            (false, _) => self.pre -= 1,
        }
    }

    fn bold(&mut self, opens: bool, all: bool) {
        emphasise(&mut self.bold, &mut self.out, "**", opens, all);
    }

    fn italic(&mut self, opens: bool, all: bool) {
        emphasise(&mut self.italic, &mut self.out, "*", opens, all);
    }

    fn code(&mut self, opens: bool, all: bool) {
        emphasise(&mut self.code, &mut self.out, "`", opens, all);
    }

    fn open_link(&mut self, attributes: &Attributes<'_>) {
        self.close_link();
        let address = attributes.get("href").filter(|address| self.pre == 0 && address.len() <= ADDRESS_BYTES_MAX);
        self.link = address.map(|address| Anchor { address: address.to_owned(), from: None });
    }

    /// Where a reference leads: in full, where it is known from where.
    fn leads(&self, reference: &str) -> Option<String> {
        match self.base {
            Some(base) => base.join(reference).map(|url| url.to_string()),
            None => Url::parse(reference).ok().map(|url| url.to_string()),
        }
    }

    fn close_link(&mut self) {
        let Some(Anchor { address: url, from: Some(from) }) = self.link.take() else { return };
        let text: String = self.out.get(from..).unwrap_or_default().chars().take(TITLE_CHARS_MAX).collect();
        self.out.push_str("](");
        self.out.push_str(&url.replace('(', "%28").replace(')', "%29"));
        self.out.push(')');
        if self.links.len() < LINKS_MAX && self.seen.insert(url.clone()) {
            self.links.push((text.split_whitespace().collect::<Vec<_>>().join(" "), url));
        }
    }

    fn image(&mut self, attributes: &Attributes<'_>) {
        let alt = attributes.get("alt").map(entities::text).unwrap_or_default();
        if self.pre == 0 && !alt.trim().is_empty() {
            let alt: String = alt.chars().take(TITLE_CHARS_MAX).collect();
            self.blank = true;
            self.piece(&format!("(image: {})", alt.trim()));
            self.blank = true;
        }
    }

    fn open_table(&mut self) {
        if self.tables == 0 {
            self.breaks(2);
            (self.has_line, self.cells) = (false, 0);
        }
        self.tables += 1;
    }

    fn close_table(&mut self) {
        self.close_row();
        self.tables = self.tables.saturating_sub(1);
        if self.tables == 0 {
            self.cells = 0;
            self.breaks(2);
        }
    }

    fn open_row(&mut self) {
        if self.tables == 1 {
            self.close_row();
            self.breaks(1);
        }
    }

    fn cell(&mut self) {
        if self.tables != 1 {
            self.blank = true;
            return;
        }
        self.blank = self.cells > 0;
        self.before();
        self.out.push_str("| ");
        self.is_marked = true;
        self.cells += 1;
    }

    fn close_row(&mut self) {
        if self.tables != 1 || self.cells == 0 {
            return;
        }
        self.out.push_str(" |");
        let columns = self.cells;
        (self.cells, self.is_marked, self.blank) = (0, false, false);
        if !self.has_line {
            self.has_line = true;
            self.breaks(1);
            self.before();
            self.out.push('|');
            self.out.push_str(&"---|".repeat(columns.min(COLUMNS_MAX)));
        }
        self.breaks(1);
    }
}

fn heading(name: &str) -> usize {
    usize::from(name.as_bytes()[1] - b'1')
}

/// Opens or closes emphasis. What opens is written before the next letter, and if none follows, not at all.
fn emphasise(emphasis: &mut Emphasis, out: &mut String, mark: &str, opens: bool, all: bool) {
    if opens {
        emphasis.open += 1;
        return;
    }
    emphasis.open = if all { 0 } else { emphasis.open.saturating_sub(1) };
    if emphasis.open == 0 && emphasis.is_written {
        emphasis.is_written = false;
        out.push_str(mark);
    }
}

/// Whether an element is not shown.
fn is_hidden(attributes: &Attributes<'_>) -> bool {
    let mut attributes = attributes.clone();
    attributes.any(|(name, value)| {
        let is_style = || name.eq_ignore_ascii_case("style") && value.len() < 4096;
        name.eq_ignore_ascii_case("hidden") || (is_style() && hides(value))
    })
}

fn hides(style: &str) -> bool {
    let style: String = style.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_ascii_lowercase();
    ["display:none", "visibility:hidden", "font-size:0;", "opacity:0;"].iter().any(|hiding| style.contains(hiding))
        || ["font-size:0", "opacity:0"].iter().any(|hiding| style.ends_with(hiding))
}

#[cfg(test)]
mod tests;
