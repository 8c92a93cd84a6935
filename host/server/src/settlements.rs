//! What people have found out about calls of which it is not known whether they happened.

use axum::Json;
use axum::extract::{Extension, State};
use serde::Deserialize;
use serde_json::Value;
use stockade::{Fault, Principal, Report, Settlement};

use crate::body::Given;
use crate::names::Names;
use crate::problem::Answer;
use crate::runs::report;
use crate::service::Service;

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Found {
    Done,
    Failed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settled {
    found: Found,
    output: Option<Value>,
    comment: Option<String>,
}

pub(crate) async fn settle(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    names: Names,
    Given(settled): Given<Settled>,
) -> Answer<Json<Report>> {
    let run = names.run()?;
    service.host().settle(run, settled.of(names.text("key"), &principal.name)?).await?;
    report(&service, run).await
}

impl Settled {
    /// The settlement, by the person whose token it is.
    fn of(self, key: &str, by: &str) -> Answer<Settlement> {
        let settlement = match (self.found, self.output) {
            (Found::Done, output) => Settlement::done(key, output.unwrap_or_default(), by),
            (Found::Failed, None) => Settlement::failed(key, by),
            (Found::Failed, Some(_)) => {
                return Err(Fault::invalid("settlement", "a call that failed has no output").into());
            }
        };
        Ok(settlement.comment(self.comment))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn a_settlement_is_of_the_principal_and_one_of_a_failure_has_no_output() {
        let of = |body: Value| from_value::<Settled>(body).unwrap().of("refund", "dana");
        let done =
            of(json!({"found": "done", "output": {"reference": "re_1"}, "comment": "the bank says so"})).unwrap();
        let expected = Settlement::done("refund", json!({"reference": "re_1"}), "dana");
        assert_eq!(done, expected.comment(Some("the bank says so".to_owned())));
        assert_eq!(of(json!({"found": "failed"})).unwrap(), Settlement::failed("refund", "dana"));
        let refused = of(json!({"found": "failed", "output": 1})).err().unwrap();
        assert_eq!(refused.fault.detail.as_deref(), Some("settlement"));
    }
}
