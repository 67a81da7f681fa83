//! Times as people write them: `500ms`, `8s`, `10m`, `12h`, `90d`.

use std::time::Duration;

/// Reads a time.
///
/// # Errors
/// What to write instead.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const HOW: &str = "write a whole number with a unit: 500ms, 8s, 10m, 12h or 90d";
    let text = text.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or(HOW)?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().map_err(|_| HOW)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 3600 * 1000,
        "d" => 24 * 3600 * 1000,
        _ => return Err(HOW.to_owned()),
    };
    number
        .checked_mul(millis)
        .map(Duration::from_millis)
        .ok_or_else(|| "that is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_is_read() {
        let read = |text| parse_duration(text).unwrap().as_millis();
        assert_eq!([read("500ms"), read("8s"), read("10m")], [500, 8_000, 600_000]);
        assert_eq!([read("12h"), read("90d")], [43_200_000, 7_776_000_000]);
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write() {
        for text in [
            "",
            "8",
            "s",
            "-1s",
            "1.5s",
            "8 s",
            "1y",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            let error = parse_duration(text).unwrap_err();
            assert!(
                error.contains("write") || error.contains("too long"),
                "{text}: {error}"
            );
        }
    }
}
