//! Filling in a URL template.

use super::host::is_label;
use super::shape::{Shape, Slot, Start};
use crate::template::parse::Piece;
use crate::template::{TemplateError, Variables};
use url::Url;

/// Puts the values in their slots, and checks the result once more as a whole.
pub(super) fn fill(shape: &Shape, variables: &Variables) -> Result<Url, TemplateError> {
    let path = encoded(&shape.path, variables)?;
    let query = encoded(&shape.query, variables)?;
    check_segments(&shape.path, &path)?;
    match &shape.start {
        Start::Base(name) => with_base(name, shape, &path, &query, variables),
        Start::Host(host) => with_host(shape, host, &path, &query, variables),
    }
}

/// The same as text, without a URL parser's changes. What cannot be filled in as a URL cannot be as text.
pub(super) fn fill_text(shape: &Shape, variables: &Variables) -> Result<String, TemplateError> {
    fill(shape, variables)?;
    let mut text = match &shape.start {
        Start::Base(name) if shape.path.is_empty() => value(name, variables)?.to_owned(),
        Start::Base(name) => value(name, variables)?.trim_end_matches('/').to_owned(),
        Start::Host(host) => format!("https://{}", authority(shape, host, variables)?),
    };
    text.push_str(&encoded(&shape.path, variables)?);
    if !shape.query.is_empty() {
        text.push('?');
        text.push_str(&encoded(&shape.query, variables)?);
    }
    Ok(text)
}

fn with_base(
    name: &str,
    shape: &Shape,
    path: &str,
    query: &str,
    variables: &Variables,
) -> Result<Url, TemplateError> {
    let text = value(name, variables)?;
    let base = base_url(name, text)?;
    if shape.path.is_empty() && shape.query.is_empty() {
        return Ok(base);
    }
    if base.query().is_some() {
        return Err(TemplateError::value(name, "a base URL has no query"));
    }
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query(Some(query).filter(|query| !query.is_empty()));
    Ok(url)
}

fn with_host(
    shape: &Shape,
    host: &[Piece],
    path: &str,
    query: &str,
    variables: &Variables,
) -> Result<Url, TemplateError> {
    let authority = authority(shape, host, variables)?;
    let mark = if query.is_empty() { "" } else { "?" };
    let url =
        Url::parse(&format!("https://{authority}{path}{mark}{query}")).map_err(|_| TemplateError::NotUrl)?;
    let expected = authority
        .split_once(':')
        .map_or(authority.as_str(), |(host, _)| host);
    let unchanged = url.scheme() == "https" && url.host_str() == Some(expected) && url.username().is_empty();
    if unchanged {
        Ok(url)
    } else {
        Err(TemplateError::NotUrl)
    }
}

fn authority(shape: &Shape, host: &[Piece], variables: &Variables) -> Result<String, TemplateError> {
    let mut authority = String::new();
    for piece in host {
        match piece {
            Piece::Literal(text) => authority.push_str(text),
            Piece::Variable(name) => authority.push_str(&host_value(shape, name, variables)?),
        }
    }
    Ok(authority)
}

/// A value for a host: one label or a part of it; in the registrable part, where validation admits only closed sets,
/// several labels.
fn host_value(shape: &Shape, name: &str, variables: &Variables) -> Result<String, TemplateError> {
    let text = value(name, variables)?.to_ascii_lowercase();
    let several = shape
        .slots()
        .any(|(other, slot)| other == name && slot == Slot::Domain);
    let fits = if several {
        text.split('.').all(is_label)
    } else {
        is_label(&text)
    };
    if fits {
        Ok(text)
    } else {
        Err(TemplateError::value(
            name,
            "write one part of a host name: letters, digits and inner hyphens",
        ))
    }
}

/// A base URL: http or https (which of them a request may use, the guarded client decides), a host, no user name, no
/// fragment.
pub(crate) fn base_url(name: &str, text: &str) -> Result<Url, TemplateError> {
    if text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
        || !has_authority(text)
    {
        return Err(TemplateError::value(
            name,
            "write a URL that starts with https:// and a host",
        ));
    }
    let url =
        Url::parse(text).map_err(|_| TemplateError::value(name, "write a URL, such as https://host/path"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(TemplateError::value(
            name,
            "write a URL that starts with https://",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() || authority_of(text).contains('@') {
        return Err(TemplateError::value(
            name,
            "leave out the user name and password before the host",
        ));
    }
    if url.fragment().is_some() {
        return Err(TemplateError::value(name, "leave out the # and what follows"));
    }
    Ok(url)
}

/// Whether a host follows the two slashes. A URL parser also takes `https:host` and `https:///host`.
fn has_authority(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(_, rest)| !rest.is_empty() && !rest.starts_with(['/', '?', '#']))
}

fn authority_of(text: &str) -> &str {
    let after = text.split_once("//").map_or(text, |(_, after)| after);
    after.split(['/', '?', '#']).next().unwrap_or_default()
}

fn encoded(pieces: &[Piece], variables: &Variables) -> Result<String, TemplateError> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Variable(name) => percent_encode(value(name, variables)?, &mut text),
        }
    }
    Ok(text)
}

/// Everything but the unreserved characters (RFC 3986, section 2.3).
fn percent_encode(value: &str, into: &mut String) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            into.push('%');
            for nibble in [byte >> 4, byte & 15] {
                into.extend(HEX.get(usize::from(nibble)));
            }
        }
    }
}

/// No segment may become one that a URL parser takes for a step up.
fn check_segments(pieces: &[Piece], path: &str) -> Result<(), TemplateError> {
    let variable = pieces.iter().find_map(|piece| match piece {
        Piece::Literal(_) => None,
        Piece::Variable(name) => Some(name),
    });
    match variable {
        Some(name) if path.split('/').any(|segment| matches!(segment, "." | "..")) => Err(
            TemplateError::value(name, "a path segment of dots is a step to another path"),
        ),
        Some(_) | None => Ok(()),
    }
}

fn value<'a>(name: &str, variables: &'a Variables) -> Result<&'a str, TemplateError> {
    let text = variables
        .text(name)
        .ok_or_else(|| TemplateError::value(name, "it is not set"))?;
    if text.chars().any(char::is_control) {
        return Err(TemplateError::value(name, "it has control characters"));
    }
    Ok(text)
}
