use super::{Planned, Standing};
use crate::Result;
use crate::config::{CatchUp, Overlap};

/// A time that passed longer ago than this was missed: a host that looks sees it sooner. Cron itself looks once a minute.
const LATE_MS: u64 = 90_000;

/// What a schedule does with the times that have come, and how it stands then.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A run starts for this time.
    Start { at_ms: u64, then: Standing },
    /// No run starts for them.
    LeaveOut { then: Standing },
    /// They wait until the run before has ended.
    Queue { then: Standing },
}

impl Planned {
    /// Decides what to do; the schedule's next time is not after now, and `is_free` says that no run of it goes on.
    pub(crate) fn turn(&self, standing: &Standing, now_ms: u64, is_free: bool) -> Result<Turn> {
        let latest_ms = self.calendar.up_to(now_ms)?.max(standing.next_ms);
        match (is_free, self.schedule.overlap) {
            (true, _) => self.start(standing, now_ms, latest_ms),
            (false, Overlap::Skip) => Ok(Turn::LeaveOut { then: self.after(standing, latest_ms, Some(latest_ms))? }),
            (false, Overlap::Queue) => Ok(Turn::Queue { then: Standing { queued_ms: latest_ms, ..standing.clone() } }),
        }
    }

    fn start(&self, standing: &Standing, now_ms: u64, latest_ms: u64) -> Result<Turn> {
        let is_queued = standing.next_ms <= standing.queued_ms;
        let at_ms = match self.schedule.catch_up {
            _ if is_queued => Some(standing.next_ms),
            CatchUp::All => Some(standing.next_ms),
            CatchUp::One => Some(latest_ms),
            CatchUp::None => Some(latest_ms).filter(|at_ms| now_ms.saturating_sub(*at_ms) <= LATE_MS),
        };
        match at_ms {
            Some(at_ms) => {
                let left_out_ms = (at_ms > standing.next_ms).then(|| self.calendar.up_to(at_ms - 1)).transpose()?;
                Ok(Turn::Start { at_ms, then: self.after(standing, at_ms, left_out_ms)? })
            }
            None => Ok(Turn::LeaveOut { then: self.after(standing, latest_ms, Some(latest_ms))? }),
        }
    }

    fn after(&self, standing: &Standing, done_ms: u64, left_out_ms: Option<u64>) -> Result<Standing> {
        let next_ms = self.calendar.after(done_ms)?;
        Ok(Standing { next_ms, left_out_ms: left_out_ms.or(standing.left_out_ms), ..standing.clone() })
    }
}
