/// The goals, each printed beside its figure, and how many were met.
#[derive(Default)]
pub(crate) struct Goals {
    met: usize,
    missed: Vec<String>,
    unmeasured: Vec<String>,
}

impl Goals {
    /// Prints a figure that should be no more than the goal.
    pub(crate) fn at_most(&mut self, title: &str, figure: f64, goal: f64) {
        self.judge(title, figure, "<=", goal, figure <= goal);
    }

    /// Prints a figure that should be no less than the goal.
    pub(crate) fn at_least(&mut self, title: &str, figure: f64, goal: f64) {
        self.judge(title, figure, ">=", goal, figure >= goal);
    }

    /// Prints that a goal could not be put to the test, and why.
    pub(crate) fn unmeasured(&mut self, title: &str, why: &str) {
        println!("  {title:<72} not measured: {why}");
        self.unmeasured.push(title.to_owned());
    }

    /// Prints how many were met, and which were not.
    pub(crate) fn sum_up(&self) {
        println!("\n{} goals met", self.met);
        for (what, titles) in [("missed", &self.missed), ("not measured", &self.unmeasured)] {
            if !titles.is_empty() {
                println!("{} {what}: {}", titles.len(), titles.join("; "));
            }
        }
    }

    fn judge(&mut self, title: &str, figure: f64, sign: &str, goal: f64, is_met: bool) {
        println!("  {title:<72} {figure:>10.3}   goal {sign} {goal}: {}", if is_met { "met" } else { "MISSED" });
        if is_met {
            self.met += 1;
        } else {
            self.missed.push(title.to_owned());
        }
    }
}
