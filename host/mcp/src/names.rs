//! The names under which clients call things: letters, digits, `_` and `-`.

use stockade::Digest;

/// The longest name that all clients take, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// How many digits of its digest end a name that is cut.
const DIGEST_DIGITS: usize = 8;

/// Returns the name of what belongs to something: `payments__refund`. One that is too long ends with its digest.
pub(crate) fn joined(owner: &str, own: &str) -> String {
    let name = format!("{}__{}", plain(owner), plain(own));
    if name.len() <= NAME_BYTES_MAX {
        return name;
    }
    let digest = Digest::of(format!("{owner}.{own}").as_bytes());
    let begin: String = name.chars().take(NAME_BYTES_MAX - DIGEST_DIGITS - 1).collect();
    let digits: String = digest.hex().chars().take(DIGEST_DIGITS).collect();
    format!("{begin}_{digits}")
}

fn plain(name: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() || "_-".contains(letter) { letter } else { '_' };
    name.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_letters_and_the_length_that_all_clients_take() {
        assert_eq!(joined("payments", "refund"), "payments__refund");
        assert_eq!(joined("a.b", "c/d é"), "a_b__c_d__");
        let [one, other] = ["1", "2"].map(|end| joined(&"t".repeat(60), &format!("f{end}")));
        assert!(one.len() == NAME_BYTES_MAX && other.len() == NAME_BYTES_MAX && one != other, "{one} {other}");
    }
}
