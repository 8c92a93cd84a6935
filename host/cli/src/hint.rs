//! Names the command that helps after an error.

use stockade::{Fault, Hint};

use crate::follow_up::{named, quoted};

/// Writes an error as one sentence: what went wrong, and the command that helps.
pub(crate) fn sentence(fault: &Fault) -> String {
    match &fault.hint {
        Some(hint) => format!("{}; {}", fault.message, advice(hint)),
        None => fault.message.clone(),
    }
}

/// Returns an error for `--json`: its message is the whole sentence.
pub(crate) fn spelled_out(fault: &Fault) -> Fault {
    fault.clone().reworded(|_| sentence(fault))
}

fn advice(hint: &Hint) -> String {
    let (command, helps) = match hint {
        Hint::ListRuns => ("runs".to_owned(), "lists them"),
        Hint::ShowRun(run) => (format!("show {run}"), "tells what it has"),
        Hint::ResumeRun(run) => (format!("resume {run}"), "drives it on"),
        Hint::RemoveByForce(run) => (format!("rm --force {run}"), "removes it all the same"),
        Hint::AddLanguage(name) => (format!("language add {}", quoted(name)), "builds it"),
        Hint::PromoteCode => ("tool promote".to_owned(), "makes a tool of code that ran here"),
        Hint::PullComponent(reference) => (format!("tool pull {}", quoted(reference)), "prints it"),
        Hint::ListMemories => ("memory list".to_owned(), "lists them"),
        Hint::ForgetMemories => ("memory forget".to_owned(), "makes room"),
        Hint::ReembedMemories => ("memory reembed".to_owned(), "makes all vectors again"),
        Hint::AcceptServer(name) => (format!("mcp accept {}", quoted(name)), "shows what it offers, and asks"),
        Hint::MigrateJournal => ("migrate".to_owned(), "changes them"),
    };
    format!("{} {helps}", named(&command))
}

#[cfg(test)]
mod tests {
    use stockade::Kind;

    use super::*;

    #[test]
    fn an_error_names_the_command_that_helps_and_keeps_the_hint_as_data() {
        let fault = Fault::new(Kind::NotFound, "there is no run \"7\"").hint(Hint::ListRuns);
        let spelled = spelled_out(&fault);
        assert_eq!(spelled.message, "there is no run \"7\"; `stockade runs` lists them");
        assert_eq!(spelled.hint, fault.hint);
        assert_eq!(sentence(&Fault::new(Kind::Fuel, "all fuel is used")), "all fuel is used");
    }
}
