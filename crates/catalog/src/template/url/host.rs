//! What may stand in a host.

use crate::template::parse::Piece;

/// Whether what follows a host variable ends in a literal domain of at least two labels, so that no value can change
/// the registrable domain: `.auth.marketingcloudapis.com` is, `.com` and a port are not.
pub(crate) fn host_suffix_is_safe(rest: &[Piece]) -> bool {
    let Some(Piece::Literal(last)) = rest.last() else {
        return false;
    };
    let domain = last.split_once(':').map_or(last.as_str(), |(domain, _)| domain);
    let Some((_, domain)) = domain.split_once('.') else {
        return false;
    };
    let labels: Vec<&str> = domain.split('.').collect();
    labels.len() >= 2 && labels.iter().all(|label| is_label(label))
}

/// Whether this is one label of a host name (RFC 1123, section 2.1).
pub(crate) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}
