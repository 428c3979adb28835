//! Logarithmic axes.

/// From values to places on the picture.
pub(super) struct Axis {
    /// Powers of ten at both ends.
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// An axis from `span.0` to `span.1` that holds all values, which are above 0.
    pub(super) fn over(values: impl Iterator<Item = f64>, span: (f64, f64)) -> Option<Self> {
        let logs = values.filter(|value| *value > 0.0).map(f64::log10);
        let (low, high) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), log| {
            (low.min(log), high.max(log))
        });
        if low > high {
            return None;
        }
        // A half decade of room keeps lines off the frame.
        let (mut low, mut high) = (half_below(low), half_above(high));
        if high - low < 1.0 {
            (low, high) = (low - 0.5, high + 0.5);
        }
        Some(Self { low, high, from: span.0, to: span.1 })
    }

    /// Where a value is; what is not above 0 is at the low end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let part = (value.max(f64::MIN_POSITIVE).log10() - self.low) / (self.high - self.low);
        self.from + part.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// The powers of ten on it, and what else is needed to have two, with labels.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let (first, last) = (self.low.ceil() as i32, self.high.floor() as i32);
        let few = last - first < 2;
        let mut ticks = Vec::new();
        for power in first - 1..=last {
            for factor in if few { &[1.0, 2.0, 5.0][..] } else { &[1.0] } {
                let value = factor * 10_f64.powi(power);
                let log = value.log10();
                if log >= self.low - 1e-9 && log <= self.high + 1e-9 {
                    ticks.push((value, label(value)));
                }
            }
        }
        ticks
    }
}

fn half_below(log: f64) -> f64 {
    (2.0 * log - 0.1).floor() / 2.0
}

fn half_above(log: f64) -> f64 {
    (2.0 * log + 0.1).ceil() / 2.0
}

/// Small numbers as they are, large ones as a power of ten.
fn label(value: f64) -> String {
    let power = value.log10().round() as i32;
    if power >= 3 && (value - 10_f64.powi(power)).abs() < 1e-6 * value {
        let digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
        let digit = digits.chars().nth(power as usize).unwrap_or('?');
        return format!("10{digit}");
    }
    let decimals = usize::try_from(-value.log10().floor() as i32).unwrap_or(0);
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_factors_are_equal_distances() {
        let axis = Axis::over([10.0, 1_000.0].into_iter(), (0.0, 100.0)).unwrap();

        let steps = [10.0, 100.0, 1_000.0].map(|value| axis.at(value));

        assert!((steps[1] - steps[0] - (steps[2] - steps[1])).abs() < 1e-9, "{steps:?}");
        assert!(steps[0] > 0.0 && steps[2] < 100.0);
    }

    #[test]
    fn ticks_are_powers_of_ten_or_finer_where_these_are_few() {
        let labels = |values: [f64; 2]| -> Vec<String> {
            let axis = Axis::over(values.into_iter(), (0.0, 1.0)).unwrap();
            axis.ticks().into_iter().map(|tick| tick.1).collect()
        };

        assert_eq!(labels([2_000.0, 500_000.0]), ["10³", "10⁴", "10⁵", "10⁶"]);
        assert_eq!(labels([1.05, 1.9]), ["0.5", "1", "2"]);
        assert_eq!(labels([0.02, 3.0]), ["0.01", "0.1", "1", "10"]);
    }

    #[test]
    fn without_values_there_is_no_axis() {
        assert!(Axis::over([0.0].into_iter(), (0.0, 1.0)).is_none());
    }
}
