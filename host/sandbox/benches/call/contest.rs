use std::time::Duration;

/// Several ways to do the same thing, played in turn.
#[derive(Default)]
pub(crate) struct Contest<'a> {
    contestants: Vec<Contestant<'a>>,
}

struct Contestant<'a> {
    title: &'a str,
    calls: usize,
    /// Makes so many calls, and returns the time of each.
    play: Box<dyn FnMut(usize) -> Vec<Duration> + 'a>,
}

/// What a contest came to.
pub(crate) struct Standings<'a> {
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    title: &'a str,
    /// The median of each round, in microseconds.
    medians: Vec<f64>,
    /// All times of all rounds, sorted.
    times: Vec<Duration>,
}

impl<'a> Contest<'a> {
    /// Adds one that makes so many calls in a round.
    pub(crate) fn add(&mut self, title: &'a str, calls: usize, play: impl FnMut(usize) -> Vec<Duration> + 'a) {
        self.contestants.push(Contestant { title, calls, play: Box::new(play) });
    }

    /// Plays so many rounds, after one that does not count.
    pub(crate) fn play(mut self, rounds: usize) -> Standings<'a> {
        let rows = self.contestants.iter().map(|one| Row { title: one.title, medians: Vec::new(), times: Vec::new() });
        let mut rows: Vec<_> = rows.collect();
        for round in 0..=rounds {
            for (contestant, row) in self.contestants.iter_mut().zip(&mut rows) {
                let times = (contestant.play)(contestant.calls);
                if round > 0 {
                    row.medians.push(micros(median(times.clone())));
                    row.times.extend(times);
                }
            }
        }
        rows.iter_mut().for_each(|row| row.times.sort());
        Standings { rows }
    }
}

impl Standings<'_> {
    /// Prints a table, each row beside the first of these titles.
    pub(crate) fn print(&self, bases: &[&str]) {
        let ratios: String = bases.iter().map(|base| format!(" {:>16.16}", format!("÷ {base}"))).collect();
        println!("  {:<60} {:>10} {:>10}{ratios}", "", "p50", "p99");
        for row in &self.rows {
            let ratios = bases.iter().map(|base| self.ratio(row.title, base));
            let ratios: String = ratios.map(|ratio| format!(" {:>16.2}", ratio.unwrap_or(f64::NAN))).collect();
            let (p50, p99) = (percentile(&row.times, 50), percentile(&row.times, 99));
            println!("  {:<60} {:>10} {:>10}{ratios}", row.title, shown(p50), shown(p99));
        }
    }

    /// Returns the median over the rounds of how many times as long the one takes as the other.
    pub(crate) fn ratio(&self, one: &str, other: &str) -> Option<f64> {
        let (one, other) = (self.row(one)?, self.row(other)?);
        Some(middle(one.medians.iter().zip(&other.medians).map(|(one, other)| one / other).collect()))
    }

    /// Returns the median over the rounds of what one takes, in microseconds.
    pub(crate) fn micros(&self, title: &str) -> Option<f64> {
        Some(middle(self.row(title)?.medians.clone()))
    }

    fn row(&self, title: &str) -> Option<&Row<'_>> {
        self.rows.iter().find(|row| row.title == title)
    }
}

pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    percentile(&times, 50)
}

pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or_default()
}

/// Returns the median of numbers.
pub(crate) fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(crate) fn shown(duration: Duration) -> String {
    match micros(duration) {
        few if few < 1_000.0 => format!("{few:.2} µs"),
        many => format!("{:.2} ms", many / 1_000.0),
    }
}
