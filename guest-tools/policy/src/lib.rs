//! Answers what the refund policy says. It imports nothing, so it can do nothing else.

use lean as _; // the allocator

wit_bindgen::generate!({ path: "wit", world: "tool" });

struct Tool;

export!(Tool);

impl exports::stockade::policy::policy::Guest for Tool {
    fn within_window(days_ago: u32, window_days: u32) -> bool {
        days_ago <= window_days
    }

    fn needs_approval(amount_cents: u64, approval_above_cents: u64) -> bool {
        amount_cents > approval_above_cents
    }
}

#[cfg(test)]
mod tests {
    use super::{Tool, exports::stockade::policy::policy::Guest};

    #[test]
    fn the_last_day_of_the_window_counts() {
        assert!(Tool::within_window(30, 30));
        assert!(!Tool::within_window(31, 30));
    }

    #[test]
    fn the_limit_itself_needs_no_approval() {
        assert!(!Tool::needs_approval(10_000, 10_000));
        assert!(Tool::needs_approval(10_001, 10_000));
    }
}
