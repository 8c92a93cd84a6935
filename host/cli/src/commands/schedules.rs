use clap::Args;
use stockade::{Clock, Listing, ScheduleReport, utc};

use crate::exit::Exit;
use crate::globals::Globals;
use crate::{open_host, pretty, text};

/// List the schedules: when each starts its next run, and which run it started last
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade schedules\n  stockade resume --due     # from cron, every minute")]
pub(crate) struct Schedules;

impl Schedules {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let Listing { found: schedules, unreadable } = open_host::host(globals).await?.schedules().await?;
        text::left_out(&unreadable);
        if globals.json {
            pretty::print_json(&schedules);
            return Ok(Exit::Done);
        }
        let now_ms = Clock::default().now_ms();
        for schedule in &schedules {
            println!("{}", lines(schedule, now_ms));
        }
        if schedules.is_empty() && unreadable.is_empty() {
            eprintln!("no schedule is configured; [schedule.NAME] in stockade.toml makes one");
        }
        Ok(Exit::Done)
    }
}

/// Writes a schedule for a terminal of 80 columns.
fn lines(schedule: &ScheduleReport, now_ms: u64) -> String {
    let ScheduleReport { name, cron, timezone, workflow, next_ms, last, left_out_ms } = schedule;
    let due = if *next_ms <= now_ms { ", due now" } else { "" };
    let mut lines = format!("{name}  {cron} ({timezone})  {workflow}\n  next      {}{due}", utc(*next_ms));
    if let Some(last) = last {
        lines += &format!("\n  last      {}  run {}", utc(last.at_ms), last.run);
    }
    if let Some(left_out_ms) = left_out_ms {
        lines += &format!("\n  left out  {}", utc(*left_out_ms));
    }
    lines
}

#[cfg(test)]
mod tests {
    use stockade::{LastStart, RunId};

    use super::*;

    #[test]
    fn a_schedule_is_shown_with_its_times() {
        let run: RunId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        let mut schedule = ScheduleReport {
            name: "nightly".to_owned(),
            cron: "0 3 * * *".to_owned(),
            timezone: "UTC".to_owned(),
            workflow: "report".to_owned(),
            next_ms: 1_800_000_000_000,
            last: None,
            left_out_ms: None,
        };
        assert_eq!(lines(&schedule, 0), "nightly  0 3 * * * (UTC)  report\n  next      2027-01-15 08:00:00Z");
        schedule.last = Some(LastStart { at_ms: 1_799_913_600_000, run });
        schedule.left_out_ms = Some(1_799_827_200_000);
        let shown = lines(&schedule, 1_800_000_000_000);
        assert_eq!(shown.lines().count(), 4);
        assert!(shown.contains("08:00:00Z, due now\n"), "{shown}");
        assert!(shown.ends_with("left out  2027-01-13 08:00:00Z"), "{shown}");
    }
}
