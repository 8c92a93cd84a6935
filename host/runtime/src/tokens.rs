//! Who may use a server of this journal: people and programs with tokens, of which the journal has only the digests.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use stockade_journal::{Commit, Row, RowChange};
use stockade_workflow::{Budget, Decision, Digest, Fault, Kind};
use uuid::Uuid;

use crate::{Host, Listing, Result, Right, Role};

/// The space of the tokens: the key is the hexadecimal digest of a token, the value is the [`Principal`].
const SPACE: &str = "token";

/// What a token begins with, so that a person, and a program that looks for secrets, knows it as one.
const PREFIX: &str = "stk_";

/// How many digits of its digest are the id of a token.
const ID_DIGITS: usize = 12;

/// The longest name of a principal, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// The longest text that is looked up as a token, in bytes.
const TOKEN_BYTES_MAX: usize = 256;

/// A person or a program with a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The id of the token: the first digits of its digest.
    pub id: String,
    /// The name by which runs are started and questions decided.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The most that the budget of a run may be that it starts or adds to; absent where it may give any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// The tools that it may call, and that code may call which it runs; absent where it may call any. What a workflow calls
    /// is the workflow's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<BTreeSet<String>>,
    /// When the token was made, in milliseconds since the Unix epoch.
    pub created_ms: u64,
}

/// A token that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// The name of the person or the program.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// As [`Principal::budget`].
    pub budget: Option<Budget>,
    /// As [`Principal::tools`].
    pub tools: Option<BTreeSet<String>>,
}

impl NewToken {
    /// One without a budget and without a list of tools.
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self { name: name.into(), role, budget: None, tools: None }
    }
}

impl Principal {
    /// Makes one that has no token, for a program that knows by other means who it is.
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self { id: String::new(), name: name.into(), role, budget: None, tools: None, created_ms: 0 }
    }

    /// Checks that it may call a tool.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Denied`] with detail `tool`.
    pub fn check_tool(&self, tool: &str) -> Result<()> {
        match &self.tools {
            Some(tools) if !tools.contains(tool) => {
                let known = tools.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                let message = format!("the token of \"{}\" may not call \"{tool}\"; it may call: {known}", self.name);
                Err(Fault::new(Kind::Denied, message).detail("tool"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Checks that it has a right.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Denied`] with detail `role`.
    pub fn check(&self, right: Right) -> Result<()> {
        if self.role.has(right) {
            return Ok(());
        }
        let Self { name, role, .. } = self;
        let roles = Role::ALL.into_iter().filter(|role| role.has(right)).map(Role::name).collect::<Vec<_>>();
        let message = format!("\"{name}\" has the role {role}, and this takes the role {}", roles.join(" or "));
        Err(Fault::new(Kind::Denied, message).detail("role"))
    }
}

impl Host {
    /// Makes a token, and returns it with its principal. The journal keeps the digest alone, so it is shown this once.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `name` where the name is empty, too long, or the host's own; a journal that fails.
    pub async fn create_token(&self, new: NewToken) -> Result<(Principal, String)> {
        let NewToken { name, role, budget, tools } = new;
        check_name(&name)?;
        // Each has 122 bits of the system's randomness.
        let token = format!("{PREFIX}{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let (key, created_ms) = (key(&token), self.services.clock.now_ms());
        let id = key.chars().take(ID_DIGITS).collect();
        let principal = Principal { id, name, role, budget, tools, created_ms };
        let row = Row::new(SPACE, key, Row::text(&principal)?);
        self.services.journal.commit(&Commit::of_index(vec![RowChange::Add(row)])).await?;
        Ok((principal, token))
    }

    /// Returns whose token it is; none where it is no token of this journal.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn principal(&self, token: &str) -> Result<Option<Principal>> {
        if token.len() > TOKEN_BYTES_MAX || !token.starts_with(PREFIX) {
            return Ok(None);
        }
        let row = self.services.journal.row(SPACE, &key(token)).await?;
        row.map(|row| row.read()).transpose()
    }

    /// Returns all who have a token.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn principals(&self) -> Result<Listing<Principal>> {
        Ok(Listing::of_rows(&self.services.journal.find(SPACE, "", None, usize::MAX).await?))
    }

    /// Removes the token of an id: from then on it opens nothing.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] with detail `token` where there is no such token; a journal that fails.
    pub async fn remove_token(&self, id: &str) -> Result<()> {
        let rows = if id.len() == ID_DIGITS {
            self.services.journal.find(SPACE, id, None, usize::MAX).await?
        } else {
            Vec::new()
        };
        if rows.is_empty() {
            return Err(Fault::new(Kind::NotFound, format!("there is no token \"{id}\"")).detail(SPACE));
        }
        let remove = |row: Row| RowChange::Remove { space: row.space, key: row.key };
        self.services.journal.commit(&Commit::of_index(rows.into_iter().map(remove).collect())).await
    }
}

fn key(token: &str) -> String {
    Digest::of(token.as_bytes()).hex().to_owned()
}

fn check_name(name: &str) -> Result<()> {
    let invalid = |why: String| Err(Fault::invalid("name", why));
    if name.trim().is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return invalid(format!("a name has 1 to {NAME_BYTES_MAX} bytes and no control character"));
    }
    if name == Decision::HOST {
        return invalid(format!("\"{name}\" is the host's own name; give the token that of a person or a program"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_without_a_right_is_told_which_roles_have_it() {
        let refused = Principal::new("dana", Role::Viewer).check(Right::Approve).unwrap_err();
        assert_eq!(refused.message, "\"dana\" has the role viewer, and this takes the role approver or admin");
    }

    #[test]
    fn a_name_is_that_of_a_person_or_a_program() {
        for wrong in ["", " ", "stockade", "a\nb", &"n".repeat(NAME_BYTES_MAX + 1)] {
            assert_eq!(check_name(wrong).unwrap_err().detail.as_deref(), Some("name"), "{wrong:?}");
        }
        assert_eq!(check_name("dana"), Ok(()));
    }
}
