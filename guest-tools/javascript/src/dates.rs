//! What V8 takes for a date, and so what code is written for: ISO 8601, and the older ways of writing one. The interpreter's own
//! reader takes "192.168.1.1" and "32/12/2024" for dates.

use crate::text::Text;

#[derive(Clone, Copy, PartialEq)]
enum Token {
    /// A number and how many digits it has.
    Number(i64, usize),
    Symbol(char),
    /// A word and how many letters it has.
    Word(Word, usize),
    Space,
    Other,
    End,
}

#[derive(Clone, Copy, PartialEq)]
enum Word {
    Month(i64),
    /// "am" and "pm": the hours that are added.
    Half(i64),
    /// The hours by which a zone is ahead.
    Zone(i64),
    /// The "T" before a time.
    Separator,
    Other,
}

const WORDS: [(&str, Word); 26] = [
    ("jan", Word::Month(1)),
    ("feb", Word::Month(2)),
    ("mar", Word::Month(3)),
    ("apr", Word::Month(4)),
    ("may", Word::Month(5)),
    ("jun", Word::Month(6)),
    ("jul", Word::Month(7)),
    ("aug", Word::Month(8)),
    ("sep", Word::Month(9)),
    ("oct", Word::Month(10)),
    ("nov", Word::Month(11)),
    ("dec", Word::Month(12)),
    ("am", Word::Half(0)),
    ("pm", Word::Half(12)),
    ("ut", Word::Zone(0)),
    ("utc", Word::Zone(0)),
    ("z", Word::Zone(0)),
    ("gmt", Word::Zone(0)),
    ("cdt", Word::Zone(-5)),
    ("cst", Word::Zone(-6)),
    ("edt", Word::Zone(-4)),
    ("est", Word::Zone(-5)),
    ("mdt", Word::Zone(-6)),
    ("mst", Word::Zone(-7)),
    ("pdt", Word::Zone(-7)),
    ("pst", Word::Zone(-8)),
];

/// Of a number, these many digits count.
const DIGITS: usize = 9;
/// The last millisecond that a date can be, before and after 1970.
const LAST: i64 = 8_640_000_000_000_000;

/// The milliseconds since 1970 that a text says, or NaN.
pub(crate) fn parse(Text(text): Text) -> f64 {
    let mut parser = Parser { tokens: tokens(&text), ..Parser::default() };
    let milliseconds = parser.iso().and_then(|()| parser.rest()).and_then(|()| parser.milliseconds());
    milliseconds.filter(|milliseconds| milliseconds.abs() <= LAST).map_or(f64::NAN, |milliseconds| milliseconds as f64)
}

fn tokens(text: &str) -> Vec<Token> {
    let (mut tokens, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '0'..='9' => number(rest),
            ':' | '-' | '+' | '.' | ')' => (Token::Symbol(first), 1),
            '(' => (Token::Other, parenthesized(rest)),
            _ if is_space(first) => (Token::Space, first.len_utf8()),
            'A'.. => word(rest),
            _ => (Token::Other, first.len_utf8()),
        };
        tokens.push(token);
        rest = &rest[length..];
    }
    tokens
}

fn is_space(one: char) -> bool {
    one == '\u{feff}' || one != '\u{85}' && one.is_whitespace()
}

fn number(text: &str) -> (Token, usize) {
    let length = text.find(|one: char| !one.is_ascii_digit()).unwrap_or(text.len());
    let significant = text[..length].trim_start_matches('0');
    let value = significant.bytes().take(DIGITS).fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    (Token::Number(value, length), length)
}

fn word(text: &str) -> (Token, usize) {
    let length = text.find(|one: char| one < 'A' || is_space(one)).unwrap_or(text.len());
    let (letters, word) = (text[..length].chars().count(), text[..length].to_ascii_lowercase());
    // Of a month, the first three letters count.
    let is_it =
        |known: &(&str, Word)| word == known.0 || matches!(known.1, Word::Month(_)) && word.starts_with(known.0);
    let known = if word == "t" {
        Word::Separator
    } else {
        WORDS.iter().find(|known| is_it(known)).map_or(Word::Other, |known| known.1)
    };
    (Token::Word(known, letters), length)
}

/// How long what stands in parentheses is, with all of them.
fn parenthesized(text: &str) -> usize {
    let mut open = 0;
    for (at, one) in text.char_indices() {
        open += match one {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if open == 0 {
            return at + 1;
        }
    }
    text.len()
}

#[derive(Default)]
struct Parser {
    tokens: Vec<Token>,
    at: usize,
    /// Year, month and day, in the order in which they came.
    day: Vec<i64>,
    month: Option<i64>,
    is_iso: bool,
    /// Hours, minutes, seconds and milliseconds.
    time: Vec<i64>,
    half: Option<i64>,
    /// By how much the zone is ahead: its sign, hours and minutes.
    sign: Option<i64>,
    zone_hours: Option<i64>,
    zone_minutes: Option<i64>,
}

/// Each step is `None` where the text is no date.
impl Parser {
    fn peek(&self) -> Token {
        self.tokens.get(self.at).copied().unwrap_or(Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn skip(&mut self, symbol: char) -> bool {
        let is_there = self.peek() == Token::Symbol(symbol);
        self.at += usize::from(is_there);
        is_there
    }

    /// Takes a number of so many digits, if it is at least and at most so much.
    fn fixed(&mut self, digits: usize, least: i64, most: i64) -> Option<i64> {
        match self.peek() {
            Token::Number(value, length) if length == digits && (least..=most).contains(&value) => {
                self.at += 1;
                Some(value)
            }
            _ => None,
        }
    }

    /// Reads what is ISO 8601; of what is not, the date as far as it is, and the rest is left.
    fn iso(&mut self) -> Option<()> {
        if !self.iso_date() {
            return Some(());
        }
        match self.peek() {
            Token::Word(Word::Separator, _) => {
                self.at += 1;
                self.iso_time()?;
            }
            Token::End => {}
            _ => return Some(()),
        }
        self.is_iso = true;
        Some(())
    }

    /// Whether there is a whole date.
    fn iso_date(&mut self) -> bool {
        let Some(year) = self.iso_year() else { return false };
        self.day.push(year);
        for most in [12, 31] {
            if !self.skip('-') {
                break;
            }
            let Some(part) = self.fixed(2, 1, most) else { return false };
            self.day.push(part);
        }
        true
    }

    fn iso_year(&mut self) -> Option<i64> {
        let Token::Symbol(sign @ ('-' | '+')) = self.peek() else { return self.fixed(4, 0, 9999) };
        self.at += 1;
        let Some(year) = self.fixed(6, 0, 999_999) else {
            self.at -= 1;
            return None;
        };
        match (sign, year) {
            ('-', 0) => None,
            ('-', _) => Some(-year),
            _ => Some(year),
        }
    }

    fn iso_time(&mut self) -> Option<()> {
        let hour = self.fixed(2, 0, 24)?;
        let most = |most| if hour == 24 { 0 } else { most };
        self.time.push(hour);
        self.skip(':').then_some(())?;
        let minute = self.fixed(2, 0, most(59))?;
        self.time.push(minute);
        if self.skip(':') {
            let second = self.fixed(2, 0, most(59))?;
            self.time.push(second);
            if self.skip('.') {
                let part = self.part_of_second()?;
                (part <= most(999)).then_some(())?;
                self.time.push(part);
            }
        }
        self.iso_zone()?;
        (self.peek() == Token::End).then_some(())
    }

    fn iso_zone(&mut self) -> Option<()> {
        match self.peek() {
            Token::Word(Word::Zone(_), 1) => self.at += 1,
            Token::Symbol(sign @ ('-' | '+')) => {
                self.at += 1;
                self.sign = Some(if sign == '-' { -1 } else { 1 });
                let (hours, minutes) = match self.fixed(4, 0, 2359) {
                    Some(both) => (both / 100, both % 100),
                    None => (self.fixed(2, 0, 23)?, self.skip(':').then(|| self.fixed(2, 0, 59))??),
                };
                (minutes < 60).then_some(())?;
                (self.zone_hours, self.zone_minutes) = (Some(hours), Some(minutes));
            }
            _ => {}
        }
        Some(())
    }

    /// Thousandths, of however many digits.
    fn part_of_second(&mut self) -> Option<i64> {
        let Token::Number(value, length) = self.next() else { return None };
        Some(match length.min(DIGITS) {
            1 => value * 100,
            2 => value * 10,
            length => value / 10_i64.pow(length as u32 - 3),
        })
    }

    /// Reads what is left, in the older ways: words before the first number say nothing.
    fn rest(&mut self) -> Option<()> {
        let mut has_number = !self.day.is_empty();
        loop {
            match self.next() {
                Token::End => return Some(()),
                Token::Number(value, _) => {
                    has_number = true;
                    self.number(value)?;
                }
                Token::Word(word, _) => self.word(word, has_number)?,
                Token::Symbol(sign @ ('-' | '+')) if self.is_utc() || !self.time.is_empty() => {
                    has_number = true;
                    self.offset(if sign == '-' { -1 } else { 1 })?;
                }
                Token::Symbol('-' | '+' | ')') if has_number => return None,
                _ => {}
            }
        }
    }

    fn number(&mut self, value: i64) -> Option<()> {
        if self.skip(':') {
            let is_double = self.skip(':');
            (if is_double { self.time.is_empty() } else { self.time.len() < 4 }).then_some(())?;
            self.time.push(value);
            if is_double {
                self.time.push(0);
            } else if self.peek() == Token::Symbol('.') {
                self.at += 1;
            }
        } else if self.skip('.') && self.is_time(value) {
            self.time.push(value);
            let part = self.part_of_second()?;
            self.last_of_time(part);
        } else if self.zone_hours.is_some() && self.zone_minutes.is_none() && (0..60).contains(&value) {
            self.zone_minutes = Some(value);
        } else if self.is_time(value) {
            self.last_of_time(value);
            let may_follow = matches!(
                self.peek(),
                Token::End | Token::Space | Token::Word(Word::Zone(_), 1) | Token::Symbol('-' | '+')
            );
            may_follow.then_some(())?;
        } else {
            (self.day.len() < 3).then_some(())?;
            self.day.push(value);
            self.skip('-');
        }
        Some(())
    }

    /// Whether a number may be the next part of the time.
    fn is_time(&self, value: i64) -> bool {
        match self.time.len() {
            1 | 2 => (0..60).contains(&value),
            3 => (0..1000).contains(&value),
            _ => false,
        }
    }

    fn last_of_time(&mut self, value: i64) {
        self.time.push(value);
        self.time.resize(4, 0);
    }

    fn word(&mut self, word: Word, has_number: bool) -> Option<()> {
        match word {
            Word::Half(hours) if !self.time.is_empty() => self.half = Some(hours),
            Word::Month(month) => {
                self.month = Some(month);
                self.skip('-');
            }
            Word::Zone(hours) if has_number => {
                self.sign = Some(if hours < 0 { -1 } else { 1 });
                (self.zone_hours, self.zone_minutes) = (Some(hours.abs()), Some(0));
            }
            _ if has_number || matches!(self.peek(), Token::Number(..)) => return None,
            _ => {}
        }
        Some(())
    }

    fn is_utc(&self) -> bool {
        (self.zone_hours, self.zone_minutes) == (Some(0), Some(0))
    }

    fn offset(&mut self, sign: i64) -> Option<()> {
        self.sign = Some(sign);
        let (value, length) = match self.peek() {
            Token::Number(value, length) => {
                self.at += 1;
                (value, length)
            }
            _ => (0, 0),
        };
        (self.zone_hours, self.zone_minutes) = match length {
            _ if self.peek() == Token::Symbol(':') => (Some(value), None),
            1 | 2 => (Some(value), Some(0)),
            3 | 4 => (Some(value / 100), Some(value % 100)),
            _ => return None,
        };
        Some(())
    }

    fn milliseconds(&mut self) -> Option<i64> {
        let ahead = self.sign.unwrap_or(0) * (self.zone_hours.unwrap_or(0) * 60 + self.zone_minutes.unwrap_or(0));
        Some(self.days()? * 86_400_000 + self.time_of_day()? - ahead * 60_000)
    }

    /// The days since 1970.
    fn days(&mut self) -> Option<i64> {
        if self.day.is_empty() {
            return None;
        }
        self.day.resize(3, 1);
        let is_day = |value: i64| (1..=31).contains(&value);
        let (year, month, day) = match (self.month, &self.day[..]) {
            (None, &[year, month, day]) if self.is_iso || !is_day(year) => (year, month, day),
            (None, &[month, day, year]) => (year, month, day),
            (Some(month), &[year, day, _]) if !is_day(year) => (year, month, day),
            (Some(month), &[day, year, _]) => (year, month, day),
            _ => return None,
        };
        let year = match year {
            0..=49 if !self.is_iso => year + 2000,
            50..=99 if !self.is_iso => year + 1900,
            _ => year,
        };
        ((1..=12).contains(&month) && is_day(day)).then(|| days_before(year, month) + day - 1)
    }

    fn time_of_day(&mut self) -> Option<i64> {
        self.time.resize(4, 0);
        let &[mut hour, minute, second, part] = &self.time[..] else { return None };
        if let Some(half) = self.half {
            (0..=12).contains(&hour).then_some(())?;
            hour = hour % 12 + half;
        }
        let is_time = (0..24).contains(&hour) && minute < 60 && second < 60 && part < 1000;
        let is_midnight = (hour, minute, second, part) == (24, 0, 0, 0);
        (is_time || is_midnight).then_some(((hour * 60 + minute) * 60 + second) * 1000 + part)
    }
}

/// The days from 1970 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    // A year that begins in March has its leap day at its end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (month * 153 + 2) / 5 - 719_468
}
