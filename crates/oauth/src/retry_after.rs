//! `Retry-After` (RFC 9110, section 10.2.3).

use chrono::{DateTime, NaiveDateTime};
use coffer_core::Timestamp;
use std::time::Duration;

/// The longest wait that a provider can impose.
const CAP: Duration = Duration::from_secs(24 * 60 * 60);

/// The wait that a header value asks for: seconds, or a date in any of the three forms of RFC 9110, section 5.6.7;
/// capped at a day. A date in the past is zero.
pub(crate) fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are more than the cap.
        return Some(value.parse().map_or(CAP, Duration::from_secs).min(CAP));
    }
    let until = http_date(value)?;
    Some(until.since(now).min(CAP))
}

fn http_date(value: &str) -> Option<Timestamp> {
    if let Ok(date) = DateTime::parse_from_rfc2822(value) {
        return Some(Timestamp::from_unix_secs(date.timestamp()));
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(value, format).ok())
        .map(|date| Timestamp::from_unix_secs(date.and_utc().timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thr_24_seconds_and_all_forms_of_dates_are_read() {
        let now = Timestamp::from_unix_secs(784_111_777 - 30); // 30 s before 1994-11-06T08:49:37Z
        for value in [
            "30",
            " 30 ",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse(value, now), Some(Duration::from_secs(30)), "{value}");
        }
    }

    #[test]
    fn thr_24_a_wait_is_capped_and_nonsense_is_none() {
        let now = Timestamp::from_unix_secs(1_000_000_000);
        assert_eq!(parse("99999999999999999999999999", now), Some(CAP));
        assert_eq!(parse("Fri, 31 Dec 9999 23:59:59 GMT", now), Some(CAP));
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::ZERO));
        for value in ["", "soon", "-1", "1.5", "+3", "1e3"] {
            assert_eq!(parse(value, now), None, "{value}");
        }
    }
}
