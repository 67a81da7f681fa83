//! Times in words and numbers for people.

use coffer_core::Timestamp;
use std::time::Duration;

/// A duration in two units, as `static/demo.js` writes it too.
pub(super) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600, seconds / 60);
    if days > 0 {
        format!("{days} d {} h", hours % 24)
    } else if hours > 0 {
        format!("{hours} h {} min", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes} min {:02} s", seconds % 60)
    } else {
        format!("{seconds} s")
    }
}

/// The time of day, UTC.
pub(super) fn clock(at: Timestamp) -> String {
    chrono::DateTime::<chrono::Utc>::from_timestamp_micros(at.unix_micros())
        .map_or_else(|| at.to_string(), |time| time.format("%H:%M:%S UTC").to_string())
}

/// At most `most` characters of a text.
pub(super) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min 01 s"),
            (299, "4 min 59 s"),
            (3_660, "1 h 1 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn times_are_told_in_utc_and_long_texts_are_cut_between_characters() {
        assert_eq!(clock(Timestamp::from_unix_secs(1_800_000_000)), "08:00:00 UTC");
        assert_eq!(
            (short("äöü", 3).as_str(), short("äöüß", 3).as_str()),
            ("äöü", "äö…")
        );
    }
}
