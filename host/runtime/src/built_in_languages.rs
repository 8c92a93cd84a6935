//! The languages whose components the crate carries.

use crate::Builder;

macro_rules! component {
    ($name:literal) => {
        include_bytes!(concat!(env!("STOCKADE_GUESTS"), "/", $name, ".wasm")).as_slice()
    };
}

impl Builder {
    /// Adds the languages that come with the program: `javascript`, `typescript` and `python-lite`.
    #[must_use]
    pub fn built_in_languages(self) -> Self {
        self.language("javascript", component!("javascript"))
            .language("python-lite", component!("python-lite"))
            .language("typescript", component!("typescript"))
    }
}
