use serde::Deserialize;

/// A score as models and programs write it: `75`, `75.0` and `7.5e1` are the same whole number, and fit the same schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
pub(super) struct Score(pub(super) u32);

impl TryFrom<f64> for Score {
    type Error = String;

    fn try_from(score: f64) -> Result<Self, String> {
        let is_score = score.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&score);
        if is_score { Ok(Self(score as u32)) } else { Err(format!("the score {score} is no whole number from 0 on")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_a_number_however_it_is_written() {
        let score = |text: &str| serde_json::from_str::<Score>(text).ok().map(|Score(score)| score);
        assert_eq!(["75", "75.0", "1e2", "0", "-0.0"].map(score), [Some(75), Some(75), Some(100), Some(0), Some(0)]);
        for wrong in ["75.5", "-1", "1e300", "\"75\"", "null"] {
            assert_eq!(score(wrong), None, "{wrong}");
        }
    }
}
