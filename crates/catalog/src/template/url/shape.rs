//! A URL template, cut into base or host, path and query, so that each variable has a known slot.

use crate::template::parse::{Piece, pieces};
use crate::template::{TemplateError, host_suffix_is_safe};
use url::Url;

const SCHEME: &str = "https://";

/// A template's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(super) start: Start,
    pub(super) path: Vec<Piece>,
    pub(super) query: Vec<Piece>,
}

/// What the URL starts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// A base URL: `{base_url}/path`.
    Base(String),
    /// `https://` and a host of literals and variables.
    Host(Vec<Piece>),
}

/// Where a variable stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The beginning of the URL, scheme and all.
    Base,
    /// A part of one host label, with a registrable domain after it.
    Label,
    /// A part of the registrable domain: only from a closed set.
    Domain,
    /// A part of a path segment.
    Path,
    /// A part of a query value.
    Query,
}

impl Shape {
    pub(super) fn parse(text: &str) -> Result<Self, TemplateError> {
        if text
            .chars()
            .any(|c| c.is_control() || c == ' ' || c == '#' || c == '\\')
        {
            return Err(TemplateError::NotUrl);
        }
        let parsed = pieces(text)?;
        let shape = match parsed.split_first() {
            Some((Piece::Variable(name), rest)) => Self::after_base(name, rest)?,
            Some((Piece::Literal(literal), rest)) => Self::after_scheme(literal, rest)?,
            None => return Err(TemplateError::NotUrl),
        };
        shape.check_query()?;
        shape.check_with_samples()?;
        Ok(shape)
    }

    /// Its variables with their slots, in order.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (&str, Slot)> {
        let start: Vec<(&str, Slot)> = match &self.start {
            Start::Base(name) => vec![(name.as_str(), Slot::Base)],
            Start::Host(host) => host_slots(host),
        };
        let path = names(&self.path).map(|name| (name, Slot::Path));
        let query = names(&self.query).map(|name| (name, Slot::Query));
        start.into_iter().chain(path).chain(query)
    }

    fn after_base(name: &str, rest: &[Piece]) -> Result<Self, TemplateError> {
        match rest.first() {
            None => {}
            Some(Piece::Literal(literal)) if literal.starts_with('/') => {}
            Some(_) => {
                return Err(TemplateError::slot(
                    name,
                    "after a base URL the template goes on with a slash",
                ));
            }
        }
        let (path, query) = split(rest, '?');
        Ok(Self {
            start: Start::Base(name.to_owned()),
            path,
            query,
        })
    }

    fn after_scheme(literal: &str, rest: &[Piece]) -> Result<Self, TemplateError> {
        let host = literal.strip_prefix(SCHEME).ok_or(TemplateError::NotUrl)?;
        let mut all = vec![Piece::Literal(host.to_owned())];
        all.extend_from_slice(rest);
        let (before, query) = split(&all, '?');
        let (host, mut path) = split(&before, '/');
        if !path.is_empty() || before != host {
            path.insert(0, Piece::Literal("/".to_owned()));
        }
        let userinfo = host
            .iter()
            .any(|piece| matches!(piece, Piece::Literal(text) if text.contains('@')));
        if host.is_empty() || userinfo {
            return Err(TemplateError::NotUrl);
        }
        Ok(Self {
            start: Start::Host(host),
            path,
            query,
        })
    }

    /// A query variable has to stand in a value, after an equals sign.
    fn check_query(&self) -> Result<(), TemplateError> {
        let mut in_value = false;
        for piece in &self.query {
            match piece {
                Piece::Literal(text) => {
                    in_value = match text.rfind(['=', '&']) {
                        Some(at) => text.get(at..=at) == Some("="),
                        None => in_value,
                    }
                }
                Piece::Variable(name) if !in_value => {
                    return Err(TemplateError::slot(
                        name,
                        "in a query it stands in a value, as name={variable}",
                    ));
                }
                Piece::Variable(_) => {}
            }
        }
        Ok(())
    }

    /// The literals alone have to be a URL: each variable is replaced by a letter.
    fn check_with_samples(&self) -> Result<(), TemplateError> {
        let host = match &self.start {
            Start::Base(_) => "host.example".to_owned(),
            Start::Host(host) => sample(host),
        };
        let text = format!("{SCHEME}{host}{}?{}", sample(&self.path), sample(&self.query));
        let url = Url::parse(&text).map_err(|_| TemplateError::NotUrl)?;
        let path = sample(&self.path);
        let same_path = url.path() == path || path.is_empty();
        let authority = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
            None => url.host_str().unwrap_or_default().to_owned(),
        };
        if same_path && authority == host {
            Ok(())
        } else {
            Err(TemplateError::NotUrl)
        }
    }
}

/// Cuts at the first `separator` in a literal, which is dropped.
fn split(pieces: &[Piece], separator: char) -> (Vec<Piece>, Vec<Piece>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut found = false;
    for piece in pieces {
        match piece {
            Piece::Literal(text) if !found => match text.split_once(separator) {
                Some((left, right)) => {
                    found = true;
                    push(&mut before, left);
                    push(&mut after, right);
                }
                None => before.push(piece.clone()),
            },
            Piece::Literal(_) | Piece::Variable(_) if found => after.push(piece.clone()),
            Piece::Literal(_) | Piece::Variable(_) => before.push(piece.clone()),
        }
    }
    (before, after)
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Literal(text.to_owned()));
    }
}

fn names(pieces: &[Piece]) -> impl Iterator<Item = &str> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Literal(_) => None,
        Piece::Variable(name) => Some(name.as_str()),
    })
}

fn sample(pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => text.as_str(),
            Piece::Variable(_) => "x",
        })
        .collect()
}

/// A host variable is a label when the literal after it, up to the end, is a dot and a domain of two labels or more.
fn host_slots(host: &[Piece]) -> Vec<(&str, Slot)> {
    let mut slots = Vec::new();
    for (index, piece) in host.iter().enumerate() {
        let Piece::Variable(name) = piece else { continue };
        let rest = host.get(index.saturating_add(1)..).unwrap_or_default();
        let slot = if host_suffix_is_safe(rest) {
            Slot::Label
        } else {
            Slot::Domain
        };
        slots.push((name.as_str(), slot));
    }
    slots
}
