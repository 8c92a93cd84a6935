use stockade_workflow::{Fault, Kind};

/// How programs word that they may not do something, in lower case: C, Rust, Go, Python and JavaScript.
const WORDS: [&str; 6] =
    ["not permitted", "not-permitted", "permissionerror", "eperm", "read-only file system", "read-only"];
/// More than these are forgotten, the oldest first.
const KEPT: usize = 16;
/// A path and what is said of it are no longer than this; the text repeats two paths of which it shows the beginning.
const TEXT_BYTES_MAX: usize = 8 << 10;

/// How much of a denial is kept for the operator.
const SHOWN_CHARS_MAX: usize = 1000;

/// What a call was denied.
///
/// The first denial explains whatever failure follows. Denials of files and of configuration would mislead there: the
/// libraries of languages look for many files that need not exist (`/etc/localtime`, a cache of compiled modules) and do
/// without, and tools have defaults for keys of configuration. So these are noted quietly, and one of them explains a
/// failure only if the failure speaks of it: by the file's path, or by saying that something is not permitted. A trap
/// says nothing at all, and gets the last quiet denial as a hint.
#[derive(Default)]
pub(crate) struct Denials {
    first: Option<String>,
    quiet: Vec<Denial>,
}

struct Denial {
    path: String,
    text: String,
    /// The guest was told that this is not permitted; otherwise, that nothing is there.
    told: bool,
}

impl Denials {
    /// Remembers a denial: of several, the first.
    pub(crate) fn add(&mut self, why: &str) {
        self.first.get_or_insert_with(|| shown(why));
    }

    /// Takes the first denial that the guest was given.
    pub(crate) fn take_first(&mut self) -> Option<String> {
        self.first.take()
    }

    /// Remembers the denial of a file or of a key, which explains only a failure that speaks of it.
    pub(crate) fn note(&mut self, mut path: String, mut text: String, told: bool) {
        for kept in [&mut path, &mut text] {
            kept.truncate(kept.floor_char_boundary(TEXT_BYTES_MAX));
        }
        if self.quiet.len() == KEPT {
            self.quiet.remove(0);
        }
        self.quiet.push(Denial { path, text, told });
    }

    /// Returns the denial that a failure speaks of.
    pub(crate) fn explaining(&self, fault: &Fault) -> Option<String> {
        let mut latest = self.quiet.iter().rev();
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

/// Returns as much of a denial as is kept.
pub(crate) fn shown(denial: &str) -> String {
    denial.chars().take(SHOWN_CHARS_MAX).collect()
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
        assert_eq!(denials.quiet.len(), KEPT);
        denials.note("é".repeat(TEXT_BYTES_MAX), format!("x{}", "é".repeat(TEXT_BYTES_MAX)), true);
        let last = denials.quiet.last().unwrap();
        assert_eq!((last.path.len(), last.text.len()), (TEXT_BYTES_MAX, TEXT_BYTES_MAX - 1));
    }
}
