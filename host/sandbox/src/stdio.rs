/// One of the two outputs of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stdio {
    /// The standard output.
    Out,
    /// The standard error.
    Err,
}

impl Stdio {
    /// Returns its name: `stdout` or `stderr`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Out => "stdout",
            Self::Err => "stderr",
        }
    }
}
