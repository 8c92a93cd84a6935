//! Where a time stands in a picture. Times in which nothing works are drawn short, however long they are: a run that waits a
//! day for a person is looked at for its seconds of work.

use std::collections::BTreeSet;

use super::timeline::{Row, Shape};

/// The width of a picture.
pub(super) const WIDTH: u64 = 1_000;

/// Idle time up to this long is drawn as it is.
const GAP_MS: u64 = 2_000;

/// Of what is drawn of the rest, a gap takes this part.
const GAP_PART: u64 = 12;

/// Times, and where they stand.
pub(super) struct Scale {
    /// In order.
    points: Vec<(u64, u64)>,
    pub(super) gaps: Vec<Gap>,
}

/// Idle time that is drawn short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) ms: u64,
}

impl Scale {
    pub(super) fn new(rows: &[Row], now_ms: u64) -> Self {
        let end = |row: &Row| row.ended_ms.unwrap_or(now_ms);
        let mut work: Vec<_> =
            rows.iter().filter(|row| row.shape == Shape::Work).map(|row| (row.begun_ms, end(row))).collect();
        let nested = rows.iter().flat_map(|row| &row.calls);
        let nested = nested.flat_map(|call| [Some(call.begun_ms), call.ended.as_ref().map(|(ms, ..)| *ms)]).flatten();
        let times: BTreeSet<u64> = rows.iter().flat_map(|row| [row.begun_ms, end(row)]).chain(nested).collect();
        work.sort_unstable();
        let (mut work, mut worked_ms) = (work.into_iter().peekable(), 0);
        // Of the work that begins before a piece ends, the last end tells whether something works in the piece.
        let pieces = times.iter().copied().zip(times.iter().copied().skip(1)).map(|(from, to)| {
            while let Some((_, ended)) = work.next_if(|(begun, _)| *begun < to) {
                worked_ms = worked_ms.max(ended);
            }
            (from, to, worked_ms <= from && to.saturating_sub(from) > GAP_MS)
        });
        let pieces: Vec<_> = pieces.collect();
        let short = pieces.iter().filter(|(.., is_gap)| !is_gap);
        let drawn: u64 = short.map(|(from, to, _)| to.saturating_sub(*from)).sum();
        let gap = drawn.checked_div(GAP_PART).unwrap_or_default().max(1);
        let length = |(from, to, is_gap): (u64, u64, bool)| if is_gap { gap } else { to.saturating_sub(from) };
        let whole = pieces.iter().copied().map(length).sum::<u64>().max(1);
        let mut scale = Self { points: times.first().map(|first| (*first, 0)).into_iter().collect(), gaps: Vec::new() };
        let mut at = 0_u64;
        for piece in pieces {
            let from = at.saturating_mul(WIDTH).checked_div(whole).unwrap_or_default();
            at = at.saturating_add(length(piece));
            let to = at.saturating_mul(WIDTH).checked_div(whole).unwrap_or_default();
            scale.points.push((piece.1, to));
            if piece.2 {
                scale.gaps.push(Gap { from, to, ms: piece.1.saturating_sub(piece.0) });
            }
        }
        scale
    }

    /// Returns where a time stands that is one of the lines'.
    pub(super) fn place(&self, ms: u64) -> u64 {
        let before = self.points.partition_point(|(time, _)| *time < ms);
        self.points.get(before).or(self.points.last()).map_or(0, |(_, place)| *place)
    }
}

#[cfg(test)]
mod tests {
    use stockade::{Change, Entry, RunId};

    use super::*;
    use crate::page::run::timeline::Timeline;

    #[test]
    fn idle_time_is_drawn_short_and_work_is_drawn_as_long_as_it_takes() {
        let entry = |seq, at_ms, change| Entry { run: RunId::from_bytes([7; 16]), seq, at_ms, change };
        let day = 86_400_000;
        let times = [0, 600, 1_200, day, day + 1_200];
        let entries: Vec<_> = times.iter().zip(1..).map(|(ms, seq)| entry(seq, *ms, Change::Resumed)).collect();
        let scale = Scale::new(&Timeline::read(&entries).rows, day + 1_200);
        let places = times.map(|ms| scale.place(ms));
        assert_eq!((places[0], places[4]), (0, WIDTH));
        assert_eq!(scale.gaps, [Gap { from: places[2], to: places[3], ms: day - 1_200 }]);
        assert!(places[3] - places[2] < 100 && places[2] > 450, "{places:?}");
        assert_eq!(Scale::new(&[], 0).place(7), 0);
    }
}
