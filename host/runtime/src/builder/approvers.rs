//! Who may decide.

use stockade_workflow::Terms;

use super::Builder;

impl Builder {
    /// Gives people a role, by which they may decide where a question wants it.
    #[must_use]
    pub fn role<'a>(mut self, role: &str, people: impl IntoIterator<Item = &'a str>) -> Self {
        self.roles.entry(role.to_owned()).or_default().extend(people.into_iter().map(str::to_owned));
        self
    }

    /// Says who may decide on the calls of a tool, and until when.
    #[must_use]
    pub fn terms(mut self, tool: &str, terms: Terms) -> Self {
        self.tools.on_terms(tool, terms);
        self
    }
}
