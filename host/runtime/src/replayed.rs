use stockade_workflow::Floats;

/// What [`Host::replay`](crate::Host::replay) says beside that the code did the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// What the bits of a NaN depended on where the code was recorded.
    pub recorded: Floats,
    /// What they depend on in this host.
    pub here: Floats,
    /// Where they may differ, why, and what makes them the same.
    pub notice: Option<String>,
}
