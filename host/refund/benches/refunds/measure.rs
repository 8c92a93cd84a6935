//! Samples of work, their medians, and the ratios of those of one round.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What the runs of a row survive.
pub(crate) const POWER_LOSS: &str = "power loss";
pub(crate) const NOTHING: &str = "nothing";

/// What one round measured of a kind of work.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) a_second: f64,
    /// The processor's time of a piece of work, in microseconds, in this process or in those that did it.
    pub(crate) cpu_us: f64,
}

impl Sample {
    /// What so many pieces of work took in all.
    pub(crate) fn of(count: usize, took: Duration, cpu: Duration) -> Self {
        let count = count as f64;
        Self { a_second: count / took.as_secs_f64(), cpu_us: cpu.as_secs_f64() * 1e6 / count }
    }
}

/// Does so many pieces of work.
pub(crate) async fn sample(count: usize, work: impl Future<Output = ()>) -> Sample {
    let (begun, cpu) = (Instant::now(), cpu_time());
    work.await;
    Sample::of(count, begun.elapsed(), cpu_time().saturating_sub(cpu))
}

/// The processor's time that this process has used.
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

/// The samples of all rounds, by the kind of work, in the order in which they came.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

struct Row {
    name: String,
    survives: &'static str,
    samples: Vec<Sample>,
}

impl Table {
    pub(crate) fn add(&mut self, name: &str, survives: &'static str, sample: Sample) {
        match self.0.iter_mut().find(|row| row.name == name) {
            Some(row) => row.samples.push(sample),
            None => self.0.push(Row { name: name.to_owned(), survives, samples: vec![sample] }),
        }
    }

    /// The median of the rounds' ratios of what two kinds of work did in a second.
    pub(crate) fn rate_ratio(&self, name: &str, base: &str) -> f64 {
        self.ratio(name, base, |sample| sample.a_second)
    }

    /// The same of the processor's time of one.
    pub(crate) fn cpu_ratio(&self, name: &str, base: &str) -> f64 {
        self.ratio(name, base, |sample| sample.cpu_us)
    }

    /// Prints all samples, ratios to two kinds of work first: of rates to one, and of the processor's time to the other.
    pub(crate) fn print(&self, title: &str, (rate_base, rate_head): (&str, &str), (cpu_base, cpu_head): (&str, &str)) {
        let heads = [rate_head, cpu_head, "a second", "CPU µs"].map(|head| format!(" {head:>9}")).concat();
        println!("\n{title:<60}{heads}  survives");
        for Row { name, survives, samples } in &self.0 {
            println!(
                "{name:<60} {:>9.3} {:>9.2} {:>9.0} {:>9.0}  {survives}",
                self.rate_ratio(name, rate_base),
                self.cpu_ratio(name, cpu_base),
                median(samples.iter().map(|sample| sample.a_second)),
                median(samples.iter().map(|sample| sample.cpu_us)),
            );
        }
    }

    fn ratio(&self, name: &str, base: &str, of: fn(&Sample) -> f64) -> f64 {
        median(self.of(name).iter().zip(self.of(base)).map(|(sample, base)| of(sample) / of(base)))
    }

    fn of(&self, name: &str) -> &[Sample] {
        self.0.iter().find(|row| row.name == name).map_or(&[], |row| &row.samples)
    }
}

/// Not a number, where there is nothing to take it of.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What 50 and 99 of 100 of these times are within, in milliseconds.
#[derive(Clone, Copy)]
pub(crate) struct Percentiles {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Percentiles {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
        let [p50_ms, p99_ms] = [50, 99].map(|percent| at(percent).as_secs_f64() * 1e3);
        Self { p50_ms, p99_ms }
    }

    pub(crate) fn print(self, name: &str) {
        println!("{name:<72} {:>9.2} {:>9.2}", self.p50_ms, self.p99_ms);
    }

    pub(crate) fn print_head(title: &str) {
        println!("\n{title:<72} {:>9} {:>9}", "p50 ms", "p99 ms");
    }
}
