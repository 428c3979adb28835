//! Instants as people write them: RFC 3339 in UTC, to the millisecond.

/// Writes milliseconds since 1970 UTC as RFC 3339; a year outside 0–9999 as `@` and milliseconds.
pub(crate) fn show_time(ms: i64) -> String {
    let (days, of_day_ms) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
    let (year, month, day) = civil_of_days(days);
    if !(0..=9999).contains(&year) {
        return format!("@{ms}ms");
    }
    let (second, millisecond) = (of_day_ms / 1000, of_day_ms % 1000);
    let fraction = if millisecond == 0 { String::new() } else { format!(".{millisecond:03}") };
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Reads `2026-11-21T12:00:00Z`, with a fraction or an offset such as `+02:00`, or a date alone, or
/// `@` and seconds since 1970 UTC; gives milliseconds.
///
/// # Errors
///
/// A sentence that says what is wanted.
pub(crate) fn read_time(text: &str) -> Result<i64, String> {
    let wanted = || format!("{text:?} is no time; write 2026-11-21T12:00:00Z or @1795262400");
    let ms = match text.strip_prefix('@') {
        Some(seconds) => read_epoch_seconds(seconds),
        None => read_rfc3339(text),
    };
    ms.ok_or_else(wanted)
}

/// Reads what `SOURCE_DATE_EPOCH` holds: seconds since 1970 UTC; gives milliseconds.
pub(crate) fn read_epoch_seconds(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    text.parse::<i64>().ok().filter(|_| is_plain)?.checked_mul(1000)
}

fn read_rfc3339(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (date, time) = bytes.split_at_checked(10)?;
    let days = read_date(date)?;
    if time.is_empty() {
        return days.checked_mul(DAY_MS);
    }
    let (clock, rest) = time.split_at_checked(9)?;
    let [b'T' | b't' | b' ', h1, h2, b':', m1, m2, b':', s1, s2] = *clock else { return None };
    let hour = number(&[h1, h2], 0..=23)?;
    let minute = number(&[m1, m2], 0..=59)?;
    let second = number(&[s1, s2], 0..=59)?;
    let (fraction_ms, zone) = take_fraction(rest)?;
    let offset_minutes = read_zone(zone)?;
    let of_day_ms = ((hour * 60 + minute - offset_minutes) * 60 + second) * 1000 + fraction_ms;
    days.checked_mul(DAY_MS)?.checked_add(of_day_ms)
}

fn read_date(date: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else { return None };
    let year = number(&[y1, y2, y3, y4], 0..=9999)?;
    let month = number(&[m1, m2], 1..=12)?;
    let day = number(&[d1, d2], 1..=31)?;
    let days = days_of_civil(year, month, day);
    // The 30th of February comes back as another day.
    (civil_of_days(days) == (year, month, day)).then_some(days)
}

/// Takes `.` and digits, of which three count; gives milliseconds and what follows.
fn take_fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = rest.strip_prefix(b".") else { return Some((0, rest)) };
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, zone) = digits.split_at_checked(end)?;
    let first: Vec<u8> = digits.iter().copied().chain(*b"000").take(3).collect();
    if digits.is_empty() { None } else { Some((number(&first, 0..=999)?, zone)) }
}

fn read_zone(zone: &[u8]) -> Option<i64> {
    match *zone {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let minutes = number(&[h1, h2], 0..=23)? * 60 + number(&[m1, m2], 0..=59)?;
            Some(if sign == b'-' { -minutes } else { minutes })
        }
        _ => None,
    }
}

fn number(digits: &[u8], range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let mut value = 0;
    for digit in digits {
        value = value * 10 + i64::from(char::from(*digit).to_digit(10)?);
    }
    range.contains(&value).then_some(value)
}

// Years are counted from March, so that a leap day is a year's last: then months have a fixed
// pattern of 153 days in five, and 400 years are always 146,097 days.

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days_of_civil(year: i64, month: i64, day: i64) -> i64 {
    let from_march = (month + 9) % 12;
    let year = if month <= 2 { year - 1 } else { year };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * from_march + 2) / 5 + day - 1 - DAYS_TO_1970
}

/// The date of the Gregorian calendar that lies so many days after 1970-01-01.
fn civil_of_days(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let (era, of_era) = (days.div_euclid(DAYS_OF_400_YEARS), days.rem_euclid(DAYS_OF_400_YEARS));
    let century = (of_era / 36_524).min(3);
    let of_century = of_era - century * 36_524;
    let quad = of_century / 1_461;
    let of_quad = of_century - quad * 1_461;
    let single = (of_quad / 365).min(3);
    let of_year = of_quad - single * 365;
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12 + 1;
    let year = era * 400 + century * 100 + quad * 4 + single + i64::from(month <= 2);
    (year, month, day)
}

const DAY_MS: i64 = 86_400_000;

/// From the 1st of March of year 0.
const DAYS_TO_1970: i64 = 719_468;

const DAYS_OF_400_YEARS: i64 = 146_097;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_and_shown() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-21T12:00:00Z", 1_795_262_400_000),
            ("2000-02-29T23:59:59.999Z", 951_868_799_999),
            ("1969-12-31T23:59:59.999Z", -1),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ] {
            assert_eq!(read_time(text), Ok(ms), "{text}");
            assert_eq!(show_time(ms), text);
        }
    }

    #[test]
    fn other_ways_to_write_an_instant_are_read() {
        for (text, ms) in [
            ("@1795262400", 1_795_262_400_000),
            ("@-1", -1000),
            ("2026-11-21", 1_795_219_200_000),
            ("2026-11-21 14:00:00+02:00", 1_795_262_400_000),
            ("2026-11-21t06:30:00.5-05:30", 1_795_262_400_500),
            ("2026-11-21T12:00:00.123456Z", 1_795_262_400_123),
        ] {
            assert_eq!(read_time(text), Ok(ms), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "@",
            "@1.5",
            "@+1",
            "now",
            "2026",
            "2026-02-30",
            "2026-13-01",
            "2026-11-21T12:00:00",
            "2026-11-21T24:00:00Z",
            "2026-11-21T12:00:00.Z",
            "2026-11-21T12:00:00Zx",
            "@9e9",
            "2026-11-21T12:00:00+2:00",
            "@9223372036854775807",
            "２０２６-11-21",
        ] {
            assert!(read_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_day_of_a_thousand_years_comes_back() {
        let mut before = civil_of_days(-1_000_000);
        for days in -999_999..-630_000 {
            let date = civil_of_days(days);

            assert_eq!(days_of_civil(date.0, date.1, date.2), days);
            assert!(date > before, "{date:?} follows {before:?}");
            before = date;
        }
    }

    #[test]
    fn years_that_rfc_3339_cannot_write_are_shown_as_numbers() {
        assert_eq!(show_time(i64::MAX), format!("@{}ms", i64::MAX));
        assert_eq!(show_time(i64::MIN), format!("@{}ms", i64::MIN));
    }
}
