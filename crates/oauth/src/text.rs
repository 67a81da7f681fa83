//! Texts that a provider wrote: hostile until they are cleaned (OA-C14).

use coffer_core::SecretText;
use coffer_core::secret::ExposeSecret;

/// The most characters of a provider's message that we keep.
pub(crate) const MESSAGE_CAP: usize = 300;
/// The most characters of a provider's error code that we keep.
pub(crate) const CODE_CAP: usize = 64;
/// A run of token characters this long, with a digit in it, is taken for a secret.
const SECRET_RUN: usize = 32;
const REDACTED: &str = "[redacted]";

/// A message for people: printable characters on one line, at most [`MESSAGE_CAP`] of them, without any of `secrets`
/// and without anything that looks like a token. `None` when nothing is left.
pub(crate) fn message(text: &str, secrets: &[&SecretText]) -> Option<String> {
    let mut text = one_line(text, MESSAGE_CAP * 4);
    for secret in secrets {
        let secret = secret.expose_secret();
        if secret.len() >= 4 && text.contains(secret) {
            text = text.replace(secret, REDACTED);
        }
    }
    let text: String = redact_runs(&text).chars().take(MESSAGE_CAP).collect();
    (!text.is_empty()).then_some(text)
}

/// An error code: the characters that RFC 6749 (section 5.2) allows in one, at most [`CODE_CAP`] of them.
pub(crate) fn code(text: &str, secrets: &[&SecretText]) -> Option<String> {
    let cleaned = message(text, secrets)?;
    let code: String = cleaned
        .chars()
        .filter(|c| matches!(c, '\x20'..='\x7e') && !matches!(c, '"' | '\\' | '<' | '>' | '&'))
        .take(CODE_CAP)
        .collect();
    let code = code.trim().to_owned();
    (!code.is_empty()).then_some(code)
}

/// A short value that identifies something (a subject, a name): printable, on one line, at most 512 characters.
pub(crate) fn value(text: &str) -> Option<String> {
    let text = one_line(text, 512);
    (!text.is_empty()).then_some(text)
}

fn one_line(text: &str, cap: usize) -> String {
    let mut line = String::new();
    for c in text.chars().take(cap) {
        if c.is_whitespace() || c.is_control() {
            if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
        } else if !is_invisible(c) {
            line.push(c);
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// Characters that change how the rest is shown, or show as nothing: a way to make a message lie.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}'
        | '\u{e0000}'..='\u{e0fff}' | '\u{e000}'..='\u{f8ff}')
}

fn redact_runs(text: &str) -> String {
    let is_token =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '/' | '=' | '%');
    let (mut out, mut run) = (String::new(), String::new());
    let close = |run: &mut String, out: &mut String| {
        let secret = run.len() >= SECRET_RUN && run.bytes().any(|b| b.is_ascii_digit());
        out.push_str(if secret { REDACTED } else { run.as_str() });
        run.clear();
    };
    for c in text.chars() {
        if is_token(c) {
            run.push(c);
        } else {
            close(&mut run, &mut out);
            out.push(c);
        }
    }
    close(&mut run, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oa_c14_a_message_is_one_printable_line_of_bounded_length() {
        let hostile = format!("a\r\nb\u{1b}[31m\u{202e}c\u{200b}\u{0}{}", "é".repeat(5_000));
        let clean = message(&hostile, &[]).unwrap();
        assert!(clean.starts_with("a b [31mc "), "{clean}");
        assert_eq!(clean.chars().count(), MESSAGE_CAP);
        assert!(!clean.chars().any(char::is_control));
    }

    #[test]
    fn oa_c14_a_message_never_echoes_what_we_sent_or_what_looks_like_a_token() {
        let sent = SecretText::from("s3cret");
        let text = message(
            "token s3cret is bad, so is 1//0gAbCdEfGhIjKlMnOpQrStUvWxYz012345",
            &[&sent],
        )
        .unwrap();
        assert_eq!(text, "token [redacted] is bad, so is [redacted]");
        let words = "internationalization-of-everything-else is not a token";
        assert_eq!(message(words, &[]).unwrap(), words);
    }

    #[test]
    fn oa_c14_a_code_has_no_markup_in_it() {
        assert_eq!(code("<b>invalid_grant\"</b>", &[]).unwrap(), "binvalid_grant/b");
        assert_eq!(code("\u{0}\u{202e}", &[]), None);
        assert_eq!(code(&"x".repeat(500), &[]).unwrap().len(), CODE_CAP);
    }
}
