//! Times of records: RFC 3339, in UTC, to the microsecond.

use std::time::{SystemTime, UNIX_EPOCH};

use super::line::Line;

/// Writes `time` as a JSON text.
pub(crate) fn write(line: &mut Line, time: SystemTime) {
    // A clock before 1970 is a clock that was never set.
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs();
    let (year, month, day) = date(seconds / 86_400);
    let of_day = seconds % 86_400;
    line.raw(b"\"")
        .padded(year, 4)
        .raw(b"-")
        .padded(month, 2)
        .raw(b"-")
        .padded(day, 2);
    line.raw(b"T").padded(of_day / 3600, 2);
    line.raw(b":").padded(of_day / 60 % 60, 2);
    line.raw(b":").padded(of_day % 60, 2);
    line.raw(b".")
        .padded(u64::from(since.subsec_micros()), 6)
        .raw(b"Z\"");
}

/// Year, month and day of the day `days` after 1970-01-01.
///
/// Years begin in March here, so that the leap day is a year's last; 146,097 days are 400 years.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let leap_days = (of_era / 1460)
        .saturating_add(of_era / 146_096)
        .saturating_sub(of_era / 36_524);
    let year_of_era = of_era.saturating_sub(leap_days) / 365;
    let before = year_of_era
        .saturating_mul(365)
        .saturating_add(year_of_era / 4)
        .saturating_sub(year_of_era / 100);
    let of_year = of_era.saturating_sub(before);
    let month = of_year.saturating_mul(5).saturating_add(2) / 153;
    let day = of_year
        .saturating_sub(month.saturating_mul(153).saturating_add(2) / 5)
        .saturating_add(1);
    let (month, turn) = if month < 10 {
        (month.saturating_add(3), 0)
    } else {
        (month.saturating_sub(9), 1)
    };
    (
        era.saturating_mul(400)
            .saturating_add(year_of_era)
            .saturating_add(turn),
        month,
        day,
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn writes_rfc_3339() {
        for (seconds, micros, text) in [
            (0, 0, "\"1970-01-01T00:00:00.000000Z\""),
            (951_782_399, 999_999, "\"2000-02-28T23:59:59.999999Z\""),
            (951_782_400, 1, "\"2000-02-29T00:00:00.000001Z\""),
            (951_868_800, 0, "\"2000-03-01T00:00:00.000000Z\""),
            (1_735_689_599, 0, "\"2024-12-31T23:59:59.000000Z\""),
            (1_735_689_600, 0, "\"2025-01-01T00:00:00.000000Z\""),
            (4_107_542_400, 0, "\"2100-03-01T00:00:00.000000Z\""),
        ] {
            let mut line = Line::default();
            write(
                &mut line,
                UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_micros(micros),
            );
            assert_eq!(String::from_utf8_lossy(line.bytes()), text);
        }
    }
}
