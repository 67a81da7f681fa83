//! A template's text, cut into literals and variables.

use super::TemplateError;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    Variable(String),
}

/// Cuts a text at its braces.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((literal, after)) = rest.split_once('{') {
        push_literal(&mut pieces, literal)?;
        let (name, tail) = after.split_once('}').ok_or(TemplateError::Syntax)?;
        if !is_name(name) {
            return Err(TemplateError::Syntax);
        }
        pieces.push(Piece::Variable(name.to_owned()));
        rest = tail;
    }
    push_literal(&mut pieces, rest)?;
    Ok(pieces)
}

fn push_literal(pieces: &mut Vec<Piece>, literal: &str) -> Result<(), TemplateError> {
    if literal.contains('}') {
        return Err(TemplateError::Syntax);
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal.to_owned()));
    }
    Ok(())
}

/// `name`, or `region.name`.
fn is_name(text: &str) -> bool {
    text.split('.').count() <= 2 && text.split('.').all(is_word)
}

/// Whether this can be the name of a field, a capture or a region's value.
pub(crate) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_its_variables() {
        let variable = |name: &str| Piece::Variable(name.into());
        let literal = |text: &str| Piece::Literal(text.into());
        assert_eq!(
            pieces("https://{region.token}/{a}{b}").unwrap(),
            [
                literal("https://"),
                variable("region.token"),
                literal("/"),
                variable("a"),
                variable("b")
            ]
        );
    }

    #[test]
    fn stray_braces_and_bad_names_are_refused() {
        for text in [
            "{", "}", "{}", "{A}", "a}b", "{a", "{a.b.c}", "{a-b}", "{{a}}", "{1a}", "{.a}",
        ] {
            assert_eq!(pieces(text), Err(TemplateError::Syntax), "{text}");
        }
    }
}
