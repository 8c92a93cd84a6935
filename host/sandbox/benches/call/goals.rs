/// The goals, each printed beside its figure, and how many were met.
#[derive(Default)]
pub(crate) struct Goals {
    met: Vec<String>,
    missed: Vec<String>,
    unmeasured: Vec<String>,
}

impl Goals {
    /// Prints a figure that should be no more than the goal.
    pub(crate) fn at_most(&mut self, title: &str, figure: f64, unit: &str, goal: f64) {
        self.judge(title, figure, unit, "<=", goal, figure <= goal);
    }

    /// Prints a figure that should be no less than the goal.
    pub(crate) fn at_least(&mut self, title: &str, figure: f64, unit: &str, goal: f64) {
        self.judge(title, figure, unit, ">=", goal, figure >= goal);
    }

    /// Prints that something should be so, and whether it is.
    pub(crate) fn holds(&mut self, title: &str, is_so: bool, seen: &str) {
        println!("  {title:<60} {}: {seen}", if is_so { "met" } else { "MISSED" });
        self.note(title, is_so);
    }

    /// Prints that a goal could not be put to the test, and why.
    pub(crate) fn unmeasured(&mut self, title: &str, why: &str) {
        println!("  {title:<60} not measured: {why}");
        self.unmeasured.push(title.to_owned());
    }

    /// Prints how many were met, and which were not.
    pub(crate) fn sum_up(&self) {
        println!("\n{} goals met", self.met.len());
        for (what, titles) in [("missed", &self.missed), ("not measured", &self.unmeasured)] {
            if !titles.is_empty() {
                println!("{} {what}: {}", titles.len(), titles.join("; "));
            }
        }
    }

    fn judge(&mut self, title: &str, figure: f64, unit: &str, sign: &str, goal: f64, is_met: bool) {
        let verdict = if is_met { "met" } else { "MISSED" };
        println!("  {title:<60} {:>12}   goal {sign} {goal}{unit}: {verdict}", format!("{figure:.2}{unit}"));
        self.note(title, is_met);
    }

    fn note(&mut self, title: &str, is_met: bool) {
        let titles = if is_met { &mut self.met } else { &mut self.missed };
        titles.push(title.to_owned());
    }
}
