use std::ops::Range;

use stockade_workflow::Fault;
use wasmparser::{BinaryReaderError, Chunk, Encoding, Parser, Payload};

use crate::Result;

/// What stands at the top of a component: nothing of the modules and components in it.
#[derive(Debug, Default)]
pub(crate) struct Sections<'a> {
    pub(crate) imports: Vec<&'a str>,
    pub(crate) exports: Vec<&'a str>,
    pub(crate) custom: Vec<Custom<'a>>,
}

/// A custom section: its name, its content, and the bytes that it takes with its header.
#[derive(Debug)]
pub(crate) struct Custom<'a> {
    pub(crate) name: &'a str,
    pub(crate) data: &'a [u8],
    pub(crate) range: Range<usize>,
}

impl<'a> Sections<'a> {
    /// Reads the sections of a component, skipping over what it contains.
    ///
    /// # Errors
    ///
    /// The bytes are not a component.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self> {
        let (mut parser, mut at, mut sections) = (Parser::new(0), 0, Self::default());
        while let Some(rest) = bytes.get(at..) {
            let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).map_err(damaged)? else { break };
            let range = at..at.saturating_add(consumed);
            at = match &payload {
                Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                    unchecked_range.end
                }
                Payload::End(_) => return Ok(sections),
                _ => range.end,
            };
            if matches!(payload, Payload::Version { encoding: Encoding::Module, .. }) {
                return Err(Fault::invalid("component", "the file is a core module, and a tool is a component"));
            }
            sections.add(payload, range).map_err(damaged)?;
        }
        Err(Fault::invalid("component", "the component is not valid: it ends too early"))
    }

    fn add(&mut self, payload: Payload<'a>, range: Range<usize>) -> std::result::Result<(), BinaryReaderError> {
        match payload {
            Payload::CustomSection(section) => {
                self.custom.push(Custom { name: section.name(), data: section.data(), range });
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    self.imports.push(import?.name.name);
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    self.exports.push(export?.name.name);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn damaged(error: BinaryReaderError) -> Fault {
    not_valid(&error.to_string())
}

/// Says what a parser found, in one line: it writes over several, and repeats names as they came from the file.
pub(crate) fn not_valid(why: &str) -> Fault {
    let mut shown = String::new();
    for letter in why.chars() {
        match letter {
            '\n' => shown.push(' '),
            control if control.is_control() => shown.extend(control.escape_default()),
            other => shown.push(other),
        }
    }
    Fault::invalid("component", format!("the component is not valid: {shown}"))
}
