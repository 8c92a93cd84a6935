use std::alloc::Layout;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Addresses yet to be handed out: the range from `next` to `end`, empty at first.
///
/// It only does arithmetic. The fields are atomic to be allowed in a `static`; a lean guest has one thread
/// (see `heap.rs`), so that no read and write of them can be torn apart.
pub struct Arena {
    next: AtomicUsize,
    end: AtomicUsize,
}

impl Arena {
    pub const fn new() -> Self {
        Self { next: AtomicUsize::new(0), end: AtomicUsize::new(0) }
    }

    /// Returns whether no memory was ever appended.
    pub fn is_new(&self) -> bool {
        self.end.load(Relaxed) == 0
    }

    /// Takes a block off the front, or returns `None` where the range is too short for it.
    pub fn take(&self, layout: Layout) -> Option<usize> {
        let start = self.next.load(Relaxed).checked_next_multiple_of(layout.align())?;
        self.advance(start.checked_add(layout.size())?).then_some(start)
    }

    /// Gives the block at `start` another size where it stands, which only the newest block can have.
    pub fn resize(&self, start: usize, size: usize, new_size: usize) -> bool {
        let is_newest = start + size == self.next.load(Relaxed);
        is_newest && start.checked_add(new_size).is_some_and(|stop| self.advance(stop))
    }

    /// Appends the range from `start` to `end`; where it does not adjoin, it replaces what was left.
    pub fn extend(&self, start: usize, end: usize) {
        if start != self.end.load(Relaxed) {
            self.next.store(start, Relaxed);
        }
        self.end.store(end, Relaxed);
    }

    fn advance(&self, next: usize) -> bool {
        let fits = next <= self.end.load(Relaxed);
        if fits {
            self.next.store(next, Relaxed);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arena(start: usize, end: usize) -> Arena {
        let arena = Arena::new();
        arena.extend(start, end);
        arena
    }

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn an_arena_starts_empty() {
        assert!(Arena::new().is_new());
        assert_eq!(Arena::new().take(layout(1, 1)), None);
    }

    #[test]
    fn blocks_are_aligned_and_apart() {
        let arena = arena(101, 200);
        assert_eq!(arena.take(layout(3, 1)), Some(101));
        assert_eq!(arena.take(layout(8, 8)), Some(104));
        assert_eq!(arena.take(layout(1, 1)), Some(112));
    }

    #[test]
    fn the_last_byte_can_be_taken_and_no_more() {
        let arena = arena(100, 110);
        assert_eq!(arena.take(layout(11, 1)), None);
        assert_eq!(arena.take(layout(10, 1)), Some(100));
        assert_eq!(arena.take(layout(1, 1)), None);
    }

    #[test]
    fn a_size_beyond_all_addresses_is_refused() {
        let arena = arena(usize::MAX - 10, usize::MAX);
        assert_eq!(arena.take(layout(1 << 20, 1)), None);
        assert_eq!(arena.take(layout(1, 1 << 20)), None);
        assert_eq!(arena.take(layout(10, 1)), Some(usize::MAX - 10));
        assert!(!arena.resize(usize::MAX - 10, 10, 1 << 20));
    }

    #[test]
    fn only_the_newest_block_changes_its_size() {
        let arena = arena(100, 200);
        let (old, new) = (arena.take(layout(10, 1)).unwrap(), arena.take(layout(10, 1)).unwrap());
        assert!(!arena.resize(old, 10, 20));
        assert!(arena.resize(new, 10, 90));
        assert!(!arena.resize(new, 90, 91));
        assert!(arena.resize(new, 90, 0));
        assert_eq!(arena.take(layout(1, 1)), Some(new));
    }

    #[test]
    fn more_memory_is_appended_where_it_adjoins() {
        let arena = arena(100, 110);
        assert_eq!(arena.take(layout(5, 1)), Some(100));
        arena.extend(110, 120);
        assert_eq!(arena.take(layout(15, 1)), Some(105));
    }

    #[test]
    fn more_memory_elsewhere_starts_anew() {
        let arena = arena(100, 110);
        assert_eq!(arena.take(layout(5, 1)), Some(100));
        arena.extend(300, 320);
        assert_eq!(arena.take(layout(15, 1)), Some(300));
    }
}
