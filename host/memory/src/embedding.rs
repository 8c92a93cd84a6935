use async_trait::async_trait;

use super::Vector;
use crate::Result;

/// What makes vectors of texts: texts that are about the same have vectors that point the same way.
#[async_trait]
pub trait Embed: Send + Sync {
    /// Returns its name, which differs wherever the vectors would.
    fn name(&self) -> &str;

    /// Returns the least similarity, from -1 to 1, of two texts that have something to do with each other.
    fn floor(&self) -> f32 {
        -1.0
    }

    /// Returns a vector for each text, in their order.
    ///
    /// # Errors
    ///
    /// Kind [`Model`](stockade_workflow::Kind::Model) where a provider does not do its part.
    async fn embed(&self, texts: &[String]) -> Result<Embedded>;
}

/// The vectors of some texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embedded {
    /// A vector for each text, of any length.
    pub vectors: Vec<Vec<f32>>,
    /// The tokens that a provider charges for them; none where the vectors are made here.
    pub tokens: u64,
}

/// Makes a vector as it is kept: of length one. A text in which the embedding sees nothing has none.
pub(super) fn unit(embedding: &str, mut values: Vec<f32>) -> Option<Vector> {
    let length = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    if length == 0.0 || !length.is_finite() {
        return None;
    }
    values.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    Some(Vector { embedding: embedding.to_owned(), values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_has_length_one_or_is_none() {
        assert_eq!(unit("e", vec![3.0, 4.0]).unwrap().values, [0.6, 0.8]);
        assert_eq!(unit("e", vec![f32::MAX; 2]).unwrap().values, [0.70710677; 2]);
        for nothing in [vec![], vec![0.0, -0.0], vec![f32::NAN, 1.0], vec![f32::INFINITY, 1.0]] {
            assert_eq!(unit("e", nothing), None);
        }
    }
}
