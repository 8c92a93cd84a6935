//! Words the letter to the customer. It imports nothing, so no letter can leave but through its result.

use lean as _; // the allocator

wit_bindgen::generate!({ path: "wit", world: "tool" });

use exports::stockade::letters::letters::{Guest, Outcome};

/// The signature where none is given.
const SIGNATURE: &str = "Ghaznix Support Agent";

struct Tool;

export!(Tool);

impl Guest for Tool {
    fn write(outcome: Outcome, signature: Option<String>) -> String {
        let signature = signature.as_deref().unwrap_or(SIGNATURE);
        format!("Dear Customer,\n\n{}\n\nBest regards,\n{signature}", body(outcome))
    }
}

fn body(outcome: Outcome) -> String {
    match outcome {
        Outcome::UnknownCustomer => "No purchase history found for this user.".into(),
        Outcome::TooOld(days) => {
            format!("Sorry, our policy only allows refunds within {days} days of purchase.")
        }
        Outcome::Declined => "Your refund request has been reviewed and declined by a customer service manager.".into(),
        Outcome::Processed(cents) => {
            format!("Your refund request for {} has been successfully processed.", dollars(cents))
        }
    }
}

fn dollars(cents: u64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_greeted_and_signed() {
        assert_eq!(
            Tool::write(Outcome::Processed(14_900), None),
            "Dear Customer,\n\nYour refund request for $149.00 has been successfully processed.\n\n\
             Best regards,\nGhaznix Support Agent"
        );
        let signed = Tool::write(Outcome::Declined, Some("Dana, Acme".into()));
        assert!(signed.ends_with("\n\nBest regards,\nDana, Acme"));
    }

    #[test]
    fn every_outcome_has_its_words() {
        assert_eq!(body(Outcome::UnknownCustomer), "No purchase history found for this user.");
        assert_eq!(body(Outcome::TooOld(30)), "Sorry, our policy only allows refunds within 30 days of purchase.");
        assert_eq!(
            body(Outcome::Declined),
            "Your refund request has been reviewed and declined by a customer service manager."
        );
    }

    #[test]
    fn cents_have_two_digits() {
        assert_eq!(dollars(5), "$0.05");
        assert_eq!(dollars(u64::MAX), "$184467440737095516.15");
    }
}
