use std::iter::successors;
use std::sync::OnceLock;

use super::Registered;

/// The tools that a host was given after its start. There are only ever more of them, so that one that is in use stays.
#[derive(Default)]
pub(super) struct Added {
    first: OnceLock<Box<Link>>,
}

struct Link {
    tool: Registered,
    next: OnceLock<Box<Link>>,
}

impl Added {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Registered> {
        successors(self.first.get(), |link| link.next.get()).map(|link| &link.tool)
    }

    /// Adds a tool behind the others. Only one caller at a time adds one.
    pub(super) fn push(&self, tool: Registered) {
        let mut place = &self.first;
        while let Some(link) = place.get() {
            place = &link.next;
        }
        place.get_or_init(|| Box::new(Link { tool, next: OnceLock::new() }));
    }
}
