use stockade_workflow::Access;

/// Says that a statement wants what its grant does not allow: for the guest, and for the operator.
///
/// `wanted` is what it wants in words, as in `PRAGMA`; without it, a change.
pub(super) fn denial(tool: &str, database: &str, access: Access, wanted: Option<&str>) -> String {
    let asked = format!("tool \"{tool}\" asked sql \"{database}\" for {}", wanted.unwrap_or("a change"));
    match (access, wanted) {
        (Access::ReadOnly, None) => format!("{asked}, but the grant is read-only; a writable grant would allow it"),
        _ => format!("{asked}, which no grant of sql allows"),
    }
}
