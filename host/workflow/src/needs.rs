/// What a run needs of its host to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The models that it may still ask, by their names; the default model has none.
    pub models: Vec<Option<String>>,
    /// The tools that it may still call.
    pub tools: Vec<String>,
}

impl Needs {
    /// Adds what a part of the run needs.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.models.extend(more.models);
        self.tools.extend(more.tools);
        self
    }
}
