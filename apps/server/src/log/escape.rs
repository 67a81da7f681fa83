//! Characters that could end a line, move the cursor, or turn the text around.

use std::fmt::{self, Write};

/// The most characters of one value.
const LONGEST: usize = 2_000;

/// Writes a value into a JSON string.
pub(super) fn json(to: &mut impl Write, text: &str) -> fmt::Result {
    for character in text.chars().take(LONGEST) {
        match character {
            '"' => to.write_str("\\\"")?,
            '\\' => to.write_str("\\\\")?,
            '\n' => to.write_str("\\n")?,
            '\r' => to.write_str("\\r")?,
            '\t' => to.write_str("\\t")?,
            _ if is_unsafe(character) => write!(to, "\\u{:04x}", u32::from(character))?,
            _ => to.write_char(character)?,
        }
    }
    cut(to, text)
}

/// Writes a value into a line for people.
pub(super) fn text(to: &mut impl Write, text: &str) -> fmt::Result {
    for character in text.chars().take(LONGEST) {
        match character {
            '\n' => to.write_str("\\n")?,
            '\r' => to.write_str("\\r")?,
            '\t' => to.write_str("\\t")?,
            _ if is_unsafe(character) => write!(to, "\\u{{{:x}}}", u32::from(character))?,
            _ => to.write_char(character)?,
        }
    }
    cut(to, text)
}

fn cut(to: &mut impl Write, text: &str) -> fmt::Result {
    if text.chars().nth(LONGEST).is_some() {
        to.write_str("…")
    } else {
        Ok(())
    }
}

/// Control characters (C0, DEL, C1, so ANSI sequences too), line and paragraph separators, and what changes the
/// direction of writing. None of them is beyond the basic plane, so four digits are enough.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
