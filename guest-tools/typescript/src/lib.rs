//! TypeScript becomes JavaScript by what node does: types are overwritten with blanks, so that nothing moves. What is more
//! than types (an `enum`, a `namespace` with values, parameter properties) is refused by name.

use std::sync::{Arc, Mutex};

use exports::stockade::host::types::{Exception, Guest};
use swc_common::errors::{DiagnosticBuilder, Emitter, HANDLER, Handler};
use swc_common::sync::Lrc;
use swc_common::{BytePos, FilePathMapping, GLOBALS, Globals, SourceMap};
use swc_ts_fast_strip::{Options, operate};

wit_bindgen::generate!({ path: "../../wit", world: "stockade:host/type-stripper" });

/// What makes a cell with a `return` at its top level something that can be parsed: it stands on lines that there are.
const BEFORE: &str = "(async()=>{";
const AFTER: &str = "\n})";

struct TypeScript;

export!(TypeScript);

impl Guest for TypeScript {
    fn strip(name: String, source: String) -> Result<String, Exception> {
        match stripped(&source) {
            Ok(code) => Ok(code),
            Err(mistake) if mistake.message.contains("Return statement") || mistake.message.contains("'return'") => {
                let code = stripped(&format!("{BEFORE}{source}{AFTER}"));
                let code = code.map_err(|mistake| mistake.before(BEFORE.len()).exception(&name, &source))?;
                let end = code.len() - AFTER.len();
                Ok(code[BEFORE.len()..end].to_owned())
            }
            Err(mistake) => Err(mistake.exception(&name, &source)),
        }
    }
}

/// What is wrong, and at which byte.
struct Mistake {
    message: String,
    at: Option<usize>,
}

impl Mistake {
    fn before(self, bytes: usize) -> Self {
        Self { at: self.at.map(|at| at.saturating_sub(bytes)), ..self }
    }

    fn exception(self, name: &str, source: &str) -> Exception {
        let Self { message, at } = self;
        let before = at.map(|at| &source[..source.floor_char_boundary(at.min(source.len()))]);
        let line = before.map(|text| text.matches('\n').count() as u32 + 1);
        let column = before.map(|text| text.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1);
        let traceback = match (line, column) {
            (Some(line), Some(column)) => {
                let text = source.lines().nth(line as usize - 1).unwrap_or_default();
                let mark = " ".repeat(column as usize - 1);
                format!("{name}:{line}\n{text}\n{mark}^\n\nSyntaxError: {message}")
            }
            _ => format!("SyntaxError: {message}"),
        };
        Exception { syntax: true, name: "SyntaxError".into(), message, line, column, traceback }
    }
}

fn stripped(source: &str) -> Result<String, Mistake> {
    let map: Lrc<SourceMap> = Lrc::new(SourceMap::new(FilePathMapping::empty()));
    let first = Arc::new(Mutex::new(None));
    let handler = Handler::with_emitter(true, false, Box::new(First(first.clone())));
    let done = GLOBALS.set(&Globals::new(), || {
        HANDLER.set(&handler, || operate(&map, &handler, source.to_owned(), Options::default()))
    });
    done.map(|output| output.code).map_err(|error| {
        let told = first.lock().ok().and_then(|mut first| first.take());
        told.unwrap_or(Mistake { message: error.message, at: None })
    })
}

/// Keeps the first thing that is wrong.
struct First(Arc<Mutex<Option<Mistake>>>);

impl Emitter for First {
    fn emit(&mut self, told: &mut DiagnosticBuilder<'_>) {
        let Ok(mut first) = self.0.lock() else { return };
        if first.is_some() {
            return;
        }
        let message = told.message.iter().map(|part| part.0.as_str()).collect();
        // A source begins at 1 there.
        let at = told.span.primary_span().map(|span| span.lo()).filter(|lo| *lo != BytePos(0));
        *first = Some(Mistake { message, at: at.map(|lo| lo.0 as usize - 1) });
    }
}
