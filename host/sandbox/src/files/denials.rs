use stockade_workflow::{Fault, Kind};

/// How programs word that they may not do something, in lower case: C, Rust, Go, Python and JavaScript.
const WORDS: [&str; 6] =
    ["not permitted", "not-permitted", "permissionerror", "eperm", "read-only file system", "read-only"];
/// More than these are forgotten, the oldest first.
const KEPT: usize = 16;
/// A path and what is said of it are no longer than this; the text repeats two paths of which it shows the beginning.
const TEXT_BYTES_MAX: usize = 8 << 10;

/// What a call was denied of files, and of configuration.
///
/// Other denials explain whatever failure follows. Of files that would mislead: the libraries of languages look for many
/// that need not be there (`/etc/localtime`, a cache of compiled modules) and do without, as tools do for which a key of
/// configuration has a default. So a denial of a file explains a failure only if the failure speaks of it: by the file's
/// path, or by saying that something is not permitted. A trap says nothing at all, and gets the last denial as a hint.
#[derive(Default)]
pub(crate) struct Denials(Vec<Denial>);

struct Denial {
    path: String,
    text: String,
    /// The guest was told that this is not permitted; otherwise, that nothing is there.
    told: bool,
}

impl Denials {
    pub(crate) fn note(&mut self, mut path: String, mut text: String, told: bool) {
        for kept in [&mut path, &mut text] {
            kept.truncate(kept.floor_char_boundary(TEXT_BYTES_MAX));
        }
        if self.0.len() == KEPT {
            self.0.remove(0);
        }
        self.0.push(Denial { path, text, told });
    }

    /// Returns the denial that a failure speaks of.
    pub(crate) fn explaining(&self, fault: &Fault) -> Option<String> {
        let mut latest = self.0.iter().rev();
        let denial = match fault.kind {
            Kind::Trap => latest.find(|denial| denial.told),
            Kind::GuestError => {
                let said = fault.message.to_lowercase();
                let named = latest.clone().find(|denial| denial.is_named_in(&fault.message));
                let worded = WORDS.iter().any(|words| said.contains(words));
                named.or_else(|| latest.find(|denial| denial.told && worded))
            }
            _ => None,
        };
        denial.map(|denial| denial.text.clone())
    }
}

impl Denial {
    /// Relative paths of a guest begin at its root.
    fn is_named_in(&self, said: &str) -> bool {
        let name = self.path.trim_start_matches('/');
        name.len() >= 3 && said.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denials() -> Denials {
        let mut denials = Denials::default();
        denials.note("/etc/localtime".into(), "localtime".into(), false);
        denials.note("/reports/may.txt".into(), "may".into(), true);
        denials.note("/tmp/cache".into(), "cache".into(), true);
        denials
    }

    fn explained(kind: Kind, said: &str) -> Option<String> {
        denials().explaining(&Fault::new(kind, said))
    }

    #[test]
    fn a_failure_that_speaks_of_it_is_explained() {
        let named = explained(Kind::GuestError, "cannot write reports/may.txt: Operation not permitted (os error 63)");
        assert_eq!(named.as_deref(), Some("may"));
        assert_eq!(explained(Kind::GuestError, "Operation not permitted (os error 63)").as_deref(), Some("cache"));
        assert_eq!(explained(Kind::GuestError, "no /etc/localtime").as_deref(), Some("localtime"));
        assert_eq!(explained(Kind::Trap, "unreachable").as_deref(), Some("cache"));
    }

    #[test]
    fn any_other_failure_is_its_own() {
        assert_eq!(explained(Kind::GuestError, "there is no customer \"user_9\""), None);
        assert_eq!(explained(Kind::GuestError, "No such file or directory (os error 44)"), None);
        assert_eq!(explained(Kind::Fuel, "not permitted"), None);
    }

    #[test]
    fn few_are_kept() {
        let mut denials = denials();
        for _ in 0..100 {
            denials.note("/x".into(), "x".into(), true);
        }
        assert_eq!(denials.0.len(), KEPT);
        denials.note("é".repeat(TEXT_BYTES_MAX), format!("x{}", "é".repeat(TEXT_BYTES_MAX)), true);
        let last = denials.0.last().unwrap();
        assert_eq!((last.path.len(), last.text.len()), (TEXT_BYTES_MAX, TEXT_BYTES_MAX - 1));
    }
}
