use std::fmt;

use serde::{Deserialize, Serialize};

/// What the sign and the payload of a NaN depended on where code ran: on nothing, or on the machine. All else that floats
/// compute is the same everywhere.
///
/// Portable floats are written as nothing, so that what earlier versions wrote, whose floats were portable, reads as that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Floats(Option<Box<str>>);

impl Floats {
    /// Floats of which every bit is the same on every machine.
    pub const PORTABLE: Self = Self(None);

    /// Names a machine by its architecture, as in `x86_64`, and the compiler there by what tells it from others.
    pub fn of_machine(architecture: &str, compiler: &str) -> Self {
        Self(Some(format!("{architecture}/{compiler}").into()))
    }

    /// Returns whether every bit is the same on every machine.
    pub fn is_portable(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the architecture of the machine that they depend on, if they depend on one.
    pub fn architecture(&self) -> Option<&str> {
        self.0.as_deref().map(|text| text.split_once('/').map_or(text, |(architecture, _)| architecture))
    }

    /// Says why the bits of a NaN may differ `here` from those where code was recorded, and what would make them the same;
    /// nothing where they are the same.
    pub fn difference(&self, here: &Self) -> Option<String> {
        if self == here {
            return None;
        }
        let why = match (self.architecture(), here.architecture()) {
            (Some(then), Some(now)) if then == now => {
                format!("on {then} with another processor or version than this host's, and the NaN bits of that")
            }
            (Some(then), Some(now)) => format!("on {then} with the NaN bits of that machine, and this host is {now}"),
            (Some(then), None) => {
                format!("on {then} with the NaN bits of that machine, and this host has portable floats")
            }
            (None, Some(now)) => format!("with portable floats, and this host has the NaN bits of its machine, {now}"),
            (None, None) => return None,
        };
        let cure = "`portable_floats = true` under [sandbox], where code is recorded and where it runs again, makes them \
                    the same";
        Some(format!("it was recorded {why}: NaN bits may differ; {cure}"))
    }
}

/// `portable`, or as in `x86_64/1f2e3d4c`.
impl fmt::Display for Floats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or("portable"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_of_one_machine_or_of_none_do_not_differ() {
        let machine = Floats::of_machine("x86_64", "1f2e3d4c");
        for floats in [Floats::PORTABLE, machine] {
            assert_eq!(floats.difference(&floats), None);
        }
    }

    #[test]
    fn a_difference_names_both_sides_and_what_makes_them_the_same() {
        let (one, newer) = (Floats::of_machine("x86_64", "1f2e3d4c"), Floats::of_machine("x86_64", "00000000"));
        let (arm, portable) = (Floats::of_machine("aarch64", "1f2e3d4c"), Floats::PORTABLE);
        for (then, now, says) in [
            (&arm, &one, "recorded on aarch64 with the NaN bits of that machine, and this host is x86_64: NaN"),
            (&one, &newer, "recorded on x86_64 with another processor or version than this host's"),
            (
                &one,
                &portable,
                "recorded on x86_64 with the NaN bits of that machine, and this host has portable floats",
            ),
            (&portable, &one, "recorded with portable floats, and this host has the NaN bits of its machine, x86_64"),
        ] {
            let told = then.difference(now).unwrap();
            assert!(told.contains(says) && told.contains("`portable_floats = true` under [sandbox]"), "{told}");
        }
    }

    #[test]
    fn floats_are_read_as_they_were_written() {
        let machine = Floats::of_machine("x86_64", "1f2e3d4c");
        assert_eq!(serde_json::to_string(&machine).unwrap(), "\"x86_64/1f2e3d4c\"");
        for floats in [machine, Floats::PORTABLE] {
            let text = serde_json::to_string(&floats).unwrap();
            assert_eq!(serde_json::from_str::<Floats>(&text).unwrap(), floats, "{text}");
        }
        assert_eq!(Floats::PORTABLE.to_string(), "portable");
    }
}
