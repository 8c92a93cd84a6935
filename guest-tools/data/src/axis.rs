//! Places of numbers on an axis. Every number that is finite has one, the largest too.

/// What an axis is from and to.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    low: f64,
    high: f64,
}

/// How many numbers stand along an axis.
const TICKS: usize = 5;

impl Axis {
    /// Makes an axis on which all of these are; where they are all the same, one that is wider.
    pub fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let (low, high) =
            numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| (low.min(number), high.max(number)));
        match () {
            () if low > high => Self { low: 0.0, high: 1.0 },
            () if low < high => Self { low, high },
            () => {
                let around = (low.abs() / 2.0).max(0.5);
                Self { low: (low - around).max(f64::MIN), high: (high + around).min(f64::MAX) }
            }
        }
    }

    /// Returns where a number is, from 0 to 1. Halves are taken, for the difference of the largest and the smallest is no number.
    pub fn place(&self, number: f64) -> f64 {
        let place = (number / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.5 }
    }

    /// Returns the numbers that stand along it: round ones, where there are.
    pub fn ticks(&self) -> Vec<f64> {
        let step = round(self.high / 5.0 - self.low / 5.0);
        let first = (self.low / step).ceil();
        if step.is_finite() && step > 0.0 && first.abs() < 1e15 {
            let ticks = (0..=2 * TICKS).map(|tick| (first + tick as f64) * step);
            let ticks: Vec<f64> = ticks.take_while(|tick| *tick <= self.high).collect();
            if ticks.len() > 1 {
                return ticks;
            }
        }
        let share = |tick: usize| tick as f64 / (TICKS - 1) as f64;
        (0..TICKS).map(|tick| self.low * (1.0 - share(tick)) + self.high * share(tick)).collect()
    }
}

/// The next of 1, 2 and 5 with its power of ten.
fn round(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|times| times * power >= step);
    times.unwrap_or(10.0) * power
}

/// Returns a number as it is shown.
pub fn shown(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e7).contains(&size) {
        return format!("{number:.2e}");
    }
    let text = format!("{number:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(Axis::of([0.0, 10.0].into_iter()).ticks(), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(Axis::of([1.0, 1.0].into_iter()).ticks().len(), 5);
    }

    #[test]
    fn every_finite_number_has_a_place() {
        for numbers in [
            [f64::MIN, f64::MAX],
            [1e308, 1e308],
            [0.0, 5e-324],
            [f64::MAX, f64::MAX],
            [-0.0, 0.0],
            [1e300, 1e300 + 1e284],
        ] {
            let axis = Axis::of(numbers.into_iter());
            assert!(axis.place(numbers[0]) >= 0.0 && axis.place(numbers[1]) <= 1.0, "{axis:?}");
            let ticks = axis.ticks();
            assert!((1..20).contains(&ticks.len()) && ticks.iter().all(|tick| tick.is_finite()), "{axis:?}: {ticks:?}");
        }
    }

    #[test]
    fn numbers_are_shown_short() {
        for (number, text) in
            [(0.0, "0"), (-0.0, "0"), (1.5, "1.5"), (1e308, "1.00e308"), (-250.0, "-250"), (1e-7, "1.00e-7")]
        {
            assert_eq!(shown(number), text);
        }
    }
}
