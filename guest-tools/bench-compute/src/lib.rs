//! Five computations for the bench: each strains another part of what a compiler makes of a guest.

use std::fmt::Write;
use std::hint::black_box;

use serde_json::Value;
use sha2::{Digest, Sha256};

wit_bindgen::generate!({ path: "wit", world: "compute" });

struct Compute;

export!(Compute);

impl Guest for Compute {
    fn sha256() -> u32 {
        let digest = Sha256::digest(black_box(vec![0x5a; 1 << 20]));
        u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]])
    }

    fn json() -> u32 {
        let document = document();
        let read: Value = serde_json::from_str(black_box(&document)).expect("it is JSON");
        read.to_string().len() as u32
    }

    fn n_body() -> u32 {
        let mut planets = PLANETS;
        for _ in 0..black_box(20_000) {
            advance(&mut planets, 0.01);
        }
        energy(&planets).to_bits() as u32
    }

    fn sieve() -> u32 {
        let mut is_composite = vec![false; black_box(2_000_000)];
        let mut count = 0;
        for number in 2..is_composite.len() {
            if !is_composite[number] {
                count += 1;
                (number.saturating_mul(number)..is_composite.len())
                    .step_by(number)
                    .for_each(|multiple| is_composite[multiple] = true);
            }
        }
        count
    }

    fn fib() -> u32 {
        fib(black_box(30))
    }
}

/// Returns a document of 64 KiB, of the kind that tools read.
fn document() -> String {
    let mut document = String::with_capacity(66 << 10);
    document.push('[');
    let mut number = 0_u32;
    while document.len() < 64 << 10 {
        number += 1;
        let comma = if number == 1 { "" } else { "," };
        write!(
            document,
            r#"{comma}{{"id":{number},"name":"item {number}","price":{}.5,"tags":["a","b\n"],"stock":null,"sold":true}}"#,
            number * 7
        )
        .expect("a string takes it");
    }
    document.push(']');
    document
}

type Planet = ([f64; 3], [f64; 3], f64);

const PLANETS: [Planet; 5] = [
    ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], 39.478),
    ([4.841, -1.160, -0.103], [0.606, 2.811, -0.025], 0.0377),
    ([8.343, 4.124, -0.403], [-1.010, 1.825, 0.0084], 0.0113),
    ([12.894, -15.111, -0.223], [1.082, 0.868, -0.0108], 0.0017),
    ([15.379, -25.919, 0.179], [0.979, 0.594, -0.0347], 0.0020),
];

#[expect(clippy::needless_range_loop, reason = "the three axes of two planets at a time")]
fn advance(planets: &mut [Planet; 5], step: f64) {
    for one in 0..planets.len() {
        for other in one + 1..planets.len() {
            let apart: [f64; 3] = std::array::from_fn(|axis| planets[one].0[axis] - planets[other].0[axis]);
            let squared: f64 = apart.iter().map(|length| length * length).sum();
            let pull = step / (squared * squared.sqrt());
            for axis in 0..3 {
                planets[one].1[axis] -= apart[axis] * planets[other].2 * pull;
                planets[other].1[axis] += apart[axis] * planets[one].2 * pull;
            }
        }
    }
    for (place, speed, _) in planets {
        for axis in 0..3 {
            place[axis] += step * speed[axis];
        }
    }
}

fn energy(planets: &[Planet; 5]) -> f64 {
    planets.iter().map(|(_, speed, mass)| mass * speed.iter().map(|axis| axis * axis).sum::<f64>() / 2.0).sum()
}

fn fib(number: u32) -> u32 {
    if number < 2 { number } else { fib(number - 1) + fib(number - 2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_come_out() {
        assert_eq!(Compute::fib(), 832_040);
        assert_eq!(Compute::sieve(), 148_933);
        assert!((64 << 10..66 << 10).contains(&(Compute::json() as usize)));
    }
}
