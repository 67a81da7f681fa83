//! Percentiles.

use std::time::Duration;

/// The value below which, or at which, this share of the values lies (nearest rank), in milliseconds.
pub(crate) fn percentile(values: &mut [Duration], per_cent: usize) -> Option<f64> {
    values.sort_unstable();
    let rank = values.len().saturating_mul(per_cent).div_ceil(100);
    let value = values.get(rank.saturating_sub(1))?;
    Some(value.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_the_nearest_rank() {
        let mut values: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&mut values, 99), Some(198.0));
        assert_eq!(percentile(&mut values, 50), Some(100.0));
        assert_eq!(percentile(&mut values[..1], 99), Some(1.0));
        assert_eq!(percentile(&mut [], 99), None);
    }
}
