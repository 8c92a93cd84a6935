//! Names the command that helps after an error.

use stockade::{Fault, Hint};

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
    match hint {
        Hint::ListRuns => "`stockade runs` lists them".to_owned(),
        Hint::ShowRun(run) => format!("`stockade show {run}` tells what it has"),
        Hint::ResumeRun(run) => format!("`stockade resume {run}` drives it on"),
        Hint::RemoveByForce(run) => format!("`stockade rm --force {run}` removes it all the same"),
        Hint::AddLanguage(name) => format!("`stockade language add {name}` builds it"),
        Hint::PromoteCode => "`stockade tool promote` makes a tool of code that ran here".to_owned(),
        Hint::PullComponent(reference) => format!("`stockade tool pull {reference}` prints it"),
        Hint::ListMemories => "`stockade memory list` lists them".to_owned(),
        Hint::ForgetMemories => "`stockade memory forget` makes room".to_owned(),
        Hint::ReembedMemories => "`stockade memory reembed` makes all vectors again".to_owned(),
        Hint::AcceptServer(name) => format!("`stockade mcp accept {name}` shows what it offers, and asks"),
        Hint::MigrateJournal => "`stockade migrate` changes them".to_owned(),
    }
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
