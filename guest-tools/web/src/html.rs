//! HTML as a row of tags and texts, in one pass: no byte is looked at more than a few times, whatever is missing or wrong.

/// A piece of a page.
#[derive(Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// Text, whose character references are not replaced yet.
    Text(&'a str),
    /// A tag that opens: its name as it is written, and its attributes.
    Start(&'a str, Attributes<'a>),
    /// A tag that closes.
    End(&'a str),
}

/// The pieces of a page. Comments, declarations and what is cut off by the end are left out.
pub struct Tokens<'a> {
    html: &'a str,
    at: usize,
    /// The element whose content is text up to its own end.
    raw: Option<&'a str>,
}

/// The elements whose content is no HTML.
const RAW: [&str; 8] = ["script", "style", "textarea", "title", "iframe", "noembed", "noframes", "xmp"];

impl<'a> Tokens<'a> {
    pub fn new(html: &'a str) -> Self {
        Self { html, at: 0, raw: None }
    }

    /// Goes on to behind the next place of a text, or to the end, and returns what is before it.
    fn until(&mut self, end: &str) -> &'a str {
        let rest = &self.html[self.at..];
        let at = rest.find(end);
        self.at += at.map_or(rest.len(), |at| at + end.len());
        &rest[..at.unwrap_or(rest.len())]
    }

    /// The text of a raw element up to its own end, which is left for the next piece.
    fn raw(&mut self, name: &str) -> &'a str {
        let from = self.at;
        loop {
            let rest = &self.html[self.at..];
            let Some(at) = rest.find("</") else {
                self.at = self.html.len();
                break;
            };
            self.at += at;
            let after = &rest.as_bytes()[at + 2..];
            let is_own = after.get(..name.len()).is_some_and(|own| own.eq_ignore_ascii_case(name.as_bytes()));
            if is_own && !after.get(name.len()).is_some_and(u8::is_ascii_alphanumeric) {
                break;
            }
            self.at += 2;
        }
        &self.html[from..self.at]
    }

    /// The text up to the next `<`, which may begin with one that opens nothing.
    fn text(&mut self) -> &'a str {
        let rest = &self.html[self.at..];
        let first = usize::from(rest.starts_with('<'));
        let bytes = rest[first..].find('<').map_or(rest.len(), |at| at + first);
        self.at += bytes;
        &rest[..bytes]
    }

    fn start(&mut self) -> Option<Token<'a>> {
        self.at += 1;
        let name = name(&self.html[self.at..]);
        self.at += name.len();
        let own = &self.html[self.at..];
        let mut attributes = Attributes(own);
        attributes.by_ref().for_each(drop);
        // What is left begins with the `>` of this tag, unless the page ends in the midst of it.
        let left = attributes.0;
        self.at = self.html.len() - left.len() + usize::from(!left.is_empty());
        if left.is_empty() {
            return None;
        }
        self.raw = RAW.into_iter().any(|raw| raw.eq_ignore_ascii_case(name)).then_some(name);
        Some(Token::Start(name, Attributes(&own[..own.len() - left.len()])))
    }

    fn end(&mut self) -> Token<'a> {
        self.at += 2;
        let name = name(&self.html[self.at..]);
        self.until(">");
        Token::End(name)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(name) = self.raw.take() {
            return Some(Token::Text(self.raw(name)));
        }
        loop {
            let rest = self.html.as_bytes().get(self.at..)?;
            match rest {
                [] => return None,
                [b'<', b'!', b'-', b'-', b'>', ..] => self.at += 5,
                [b'<', b'!', b'-', b'-', ..] => {
                    self.at += 4;
                    self.until("-->");
                }
                [b'<', b'!' | b'?', ..] => {
                    self.until(">");
                }
                [b'<', b'/', letter, ..] if letter.is_ascii_alphabetic() => return Some(self.end()),
                [b'<', b'/', ..] => {
                    self.until(">");
                }
                [b'<', letter, ..] if letter.is_ascii_alphabetic() => {
                    if let Some(start) = self.start() {
                        return Some(start);
                    }
                }
                _ => return Some(Token::Text(self.text())),
            }
        }
    }
}

fn name(rest: &str) -> &str {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
    &rest[..rest.bytes().position(|byte| is_end(&byte)).unwrap_or(rest.len())]
}

/// The attributes of a tag: each name with its value; an attribute without a value has an empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes<'a>(&'a str);

impl<'a> Attributes<'a> {
    /// Returns the value of an attribute.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.clone().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Takes the bytes up to the first that ends a piece.
    fn piece(&mut self, is_end: impl Fn(u8) -> bool) -> &'a str {
        let bytes = self.0.bytes().position(is_end).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(bytes);
        self.0 = rest;
        taken
    }

    fn value(&mut self) -> &'a str {
        self.piece(|byte| !byte.is_ascii_whitespace());
        for quote in ['"', '\''] {
            if let Some(rest) = self.0.strip_prefix(quote) {
                let (value, rest) = rest.split_once(quote).unwrap_or((rest, ""));
                self.0 = rest;
                return value;
            }
        }
        self.piece(|byte| byte.is_ascii_whitespace() || byte == b'>')
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        self.piece(|byte| !(byte.is_ascii_whitespace() || byte == b'/'));
        if self.0.is_empty() || self.0.starts_with('>') {
            return None;
        }
        // A name may begin with an equals sign, and has no other.
        let first = usize::from(self.0.starts_with('='));
        let bytes = self
            .0
            .bytes()
            .skip(first)
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'='));
        let (name, rest) = self.0.split_at(bytes.map_or(self.0.len(), |bytes| bytes + first));
        self.0 = rest.trim_ascii_start();
        match self.0.strip_prefix('=') {
            Some(rest) => {
                self.0 = rest;
                Some((name, self.value()))
            }
            None => Some((name, "")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Vec<String> {
        let show = |token: Token<'_>| match token {
            Token::Text(text) => format!("'{text}'"),
            Token::Start(name, attributes) => {
                let attributes: String = attributes.map(|(name, value)| format!(" {name}={value}")).collect();
                format!("<{name}{attributes}>")
            }
            Token::End(name) => format!("</{name}>"),
        };
        Tokens::new(html).map(show).collect()
    }

    #[test]
    fn tags_and_texts_are_told_apart() {
        assert_eq!(
            read("<!DOCTYPE html><p id=a class='b > c' HIDDEN>x<br/>y</p ><!-- <b> --><!-->z"),
            ["<p id=a class=b > c HIDDEN=>", "'x'", "<br>", "'y'", "</p>", "'z'"]
        );
        assert_eq!(read("1 < 2 <3 </> <?x?>é"), ["'1 '", "'< 2 '", "'<3 '", "' '", "'é'"]);
        assert_eq!(read("<a title=it's href = \"u\">"), ["<a title=it's href=u>"]);
        assert_eq!(read("<a =b=c d>"), ["<a =b=c d=>"]);
    }

    #[test]
    fn what_is_no_html_ends_at_its_own_tag() {
        assert_eq!(
            read("<script>if (a</b) '</scripty>'</SCRIPT >x"),
            ["<script>", "'if (a</b) '</scripty>''", "</SCRIPT>", "'x'"]
        );
        assert_eq!(read("<style>a"), ["<style>", "'a'"]);
    }

    #[test]
    fn what_the_end_cuts_off_is_left_out() {
        for html in ["<!-- a", "<a href=\"b", "<a href", "<a", "</a", "<!", "<a href='b>c"] {
            assert!(read(html).iter().all(|token| token == "</a>"), "{html}: {:?}", read(html));
        }
    }
}
