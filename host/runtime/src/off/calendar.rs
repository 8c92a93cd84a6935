//! What stands in the place of schedules in a build without the cargo feature `schedules`: each is refused.

use crate::Result;
use crate::features::off;

pub(crate) enum Calendar {}

impl Calendar {
    pub(crate) fn new(_: &str, _: &str) -> Result<Self> {
        Err(off("schedules", "schedules"))
    }

    pub(crate) fn after(&self, _: u64) -> Result<u64> {
        match *self {}
    }

    pub(crate) fn up_to(&self, _: u64) -> Result<u64> {
        match *self {}
    }
}
