//! Without the feature `tls`, a server speaks plain HTTP.

use std::io;

use stockade::{Clock, Fault};

use crate::patient::Patient;

/// The certificate of a server. Without the feature `tls`, no value of this type exists.
#[derive(Debug)]
pub(crate) enum Tls {}

impl Tls {
    pub(crate) async fn accept(
        &self,
        _: Patient,
        _: &Clock,
        _: &(dyn Fn(&Fault) + Send + Sync),
    ) -> io::Result<Patient> {
        match *self {}
    }
}
