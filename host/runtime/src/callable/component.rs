use std::sync::OnceLock;

use futures_util::FutureExt as _;
use stockade_sandbox::{Call, Place, Tool};
use stockade_workflow::{Digest, Grant};

use super::{Callable, Calling, Nature, ToolFunction};
use crate::Result;

/// A WebAssembly component with its grants.
pub(crate) struct Component {
    tool: Tool,
    nature: Nature,
    functions: OnceLock<Vec<ToolFunction>>,
}

impl Component {
    pub(crate) fn new(tool: Tool) -> Self {
        let nature = nature(&tool);
        Self { tool, nature, functions: OnceLock::new() }
    }

    pub(super) fn tool(&self) -> &Tool {
        &self.tool
    }
}

fn nature(tool: &Tool) -> Nature {
    let grants = tool.grants();
    Nature {
        repeatable: tool.is_repeatable(),
        labels: grants.iter().filter_map(Grant::label).collect(),
        can_send: grants.iter().any(Grant::can_send),
        grants: grants.to_vec(),
        slots: tool.component().slots(),
        code: None,
    }
}

impl Callable for Component {
    fn functions(&self) -> &[ToolFunction] {
        let all = self.tool.component().functions();
        self.functions.get_or_init(|| all.iter().map(|function| ToolFunction::of_component(function, all)).collect())
    }

    fn identity(&self) -> &Digest {
        self.tool.component().digest()
    }

    fn nature(&self) -> &Nature {
        &self.nature
    }

    fn call<'a>(&'a self, call: Call<'a>, place: Option<&'a Place>) -> Result<Calling<'a>> {
        let answer = match place {
            Some(place) => self.tool.call_in(place, call).boxed(),
            None => self.tool.call(call).boxed(),
        };
        Ok(Calling::Answer(answer))
    }

    fn component(&self) -> Option<&Tool> {
        Some(&self.tool)
    }
}
