use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;

use super::common::is_common;
use super::embedding::{Embed, Embedded};
use crate::Result;

/// How many numbers a vector has: enough that the few hundred parts of a passage rarely meet, and two KiB of each memory.
const DIMENSION: usize = 512;

/// The letters of a part of a word: of three to five, with marks for where the word begins and ends. Bojanowski et al.,
/// "Enriching Word Vectors with Subword Information", TACL 2017, take three to six.
const PART_LETTERS: std::ops::RangeInclusive<usize> = 3..=5;

/// How many letters of a word count: what is longer is no word, and its parts would be many.
const WORD_LETTERS_MAX: usize = 64;

/// How much all parts of a word count together, beside the word itself: what is misspelt or has another ending shares no
/// word, only parts.
const PARTS_WEIGHT: f32 = 2.0;

/// How much two words count that stand side by side.
const PAIR_WEIGHT: f32 = 0.2;

/// The least similarity that is not chance: parts of texts that have nothing in common meet too.
const FLOOR: f32 = 0.05;

/// The embedding that is built in: texts are alike where their words, parts of their words and pairs of words are.
///
/// It knows no synonyms, needs no file and no network, and gives the same vector everywhere and for ever. Each part of a
/// text is hashed to one of the numbers of the vector and to a sign, which makes those that meet cancel out instead of
/// adding up: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009. What occurs n times
/// counts 1 + ln n.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lexical;

#[async_trait]
impl Embed for Lexical {
    fn name(&self) -> &str {
        "lexical-1"
    }

    fn floor(&self) -> f32 {
        FLOOR
    }

    async fn embed(&self, texts: &[String]) -> Result<Embedded> {
        Ok(Embedded { vectors: texts.iter().map(|text| vector(text)).collect(), tokens: 0 })
    }
}

fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSION];
    for (hash, (times, weight)) in parts(text) {
        let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
        if let Some(number) = vector.get_mut((hash % DIMENSION as u64) as usize) {
            *number += sign * weight * (1.0 + (times as f32).ln());
        }
    }
    vector
}

/// What a text consists of: of each part how often it is there, and how much it counts. The order is that of the hashes:
/// sums of floating-point numbers are the same everywhere only in the same order.
fn parts(text: &str) -> BTreeMap<u64, (u32, f32)> {
    let text = text.to_lowercase();
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    let telling = words.filter(|word| !word.is_empty() && !is_common(word));
    let mut parts = HashMap::new();
    let mut before = None;
    for word in telling {
        count(&mut parts, &["word", word], 1.0);
        parts_of_word(word, &mut parts);
        if let Some(before) = before.replace(word) {
            count(&mut parts, &["pair", before, word], PAIR_WEIGHT);
        }
    }
    parts.into_iter().collect()
}

fn parts_of_word(word: &str, parts: &mut HashMap<u64, (u32, f32)>) {
    let marked: Vec<char> = "<".chars().chain(word.chars().take(WORD_LETTERS_MAX)).chain(">".chars()).collect();
    let own: Vec<String> =
        PART_LETTERS.flat_map(|letters| marked.windows(letters)).map(|part| part.iter().collect()).collect();
    let each = PARTS_WEIGHT / (own.len().max(1) as f32).sqrt();
    own.iter().for_each(|part| count(parts, &["part", part], each));
}

fn count(parts: &mut HashMap<u64, (u32, f32)>, part: &[&str], weight: f32) {
    let (times, most) = parts.entry(hash(part)).or_default();
    *times += 1;
    *most = most.max(weight);
}

/// FNV-1a with the last step of MurmurHash3, which spreads it over all bits. It is written down here for it must never
/// change: vectors are kept.
fn hash(part: &[&str]) -> u64 {
    let bytes = part.iter().flat_map(|text| text.bytes().chain([0]));
    let fnv = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mixed = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similarity(one: &str, other: &str) -> f32 {
        let (one, other) = (vector(one), vector(other));
        let product = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
        product(&one, &other) / (product(&one, &one) * product(&other, &other)).sqrt()
    }

    #[test]
    fn texts_are_alike_by_words_and_by_parts_of_words() {
        let text = "The repair of a zip costs 18 dollars";
        assert!((similarity(text, text) - 1.0).abs() < 1e-6);
        assert!(similarity(text, "what does a repaired zipper cost") > 0.2);
        assert!(similarity("warranty", "waranty") > 0.3);
        assert!(similarity(text, "kayaks float on water").abs() < 0.1);
        // What nearly every text has says nothing.
        assert!(similarity("what is the tent", "what is the price").abs() < 0.1);
    }

    /// Vectors are kept for years, so this one may not change.
    #[test]
    fn a_vector_is_the_same_for_ever() {
        let vector = vector("Ärger mit dem Zelt");
        let bytes: Vec<u8> = vector.iter().flat_map(|value| ((value * 1e3).round() as i32).to_le_bytes()).collect();
        assert_eq!(stockade_workflow::Digest::of(&bytes).short(), "23f79d349d2e");
    }

    #[test]
    fn any_text_has_a_vector_of_numbers() {
        let long = "x".repeat(1 << 20);
        for text in ["", "!!!", "\u{1f980}", "é", "a", &long] {
            let vector = vector(text);
            assert!(vector.len() == DIMENSION && vector.iter().all(|value| value.is_finite()), "{text:.9}");
        }
    }
}
