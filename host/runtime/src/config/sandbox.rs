use serde::Deserialize;

/// What `[sandbox]` says: how everything is run that runs there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sandbox {
    /// Whether every bit that floats compute is the same on every machine. Without it, the sign and the payload of a NaN are the
    /// processor's, which only code or a tool can tell that looks at the bits of a NaN; arithmetic of floats is slower with it.
    pub portable_floats: bool,
}
