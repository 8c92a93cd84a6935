use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Symbols that are drawn as blanks. Unicode has no property for them.
const BLANK_SYMBOLS: [char; 2] = ['\u{2800}', '\u{1d159}'];

/// The categories of letters without a shape of their own.
const SHAPELESS: [GeneralCategory; 6] = [
    GeneralCategory::Control,
    GeneralCategory::Format,
    GeneralCategory::LineSeparator,
    GeneralCategory::ParagraphSeparator,
    GeneralCategory::PrivateUse,
    GeneralCategory::Unassigned,
];

/// Returns whether a letter is not visible as itself: it controls a terminal, changes the direction of writing, has no width, or
/// has no common shape. Spaces are visible as gaps.
///
/// Who shows a person what a guest, a model or a customer wrote writes such letters out: they could make one call look like
/// another.
pub fn is_hidden(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_control();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(letter);
    let is_ignorable = || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter);
    SHAPELESS.contains(&category) || BLANK_SYMBOLS.contains(&letter) || is_ignorable()
}
