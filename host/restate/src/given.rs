//! A body that a client has sent, which is read where its faults are told.

use std::convert::Infallible;

use bytes::Bytes;
use restate_sdk::serde::{Deserialize, PayloadMetadata, Serialize};

/// The bytes of a body. Restate's ingress takes them as JSON only, and none in its place.
pub(crate) struct Given(pub(crate) Bytes);

impl Deserialize for Given {
    type Error = Infallible;

    fn deserialize(bytes: &mut Bytes) -> Result<Self, Self::Error> {
        Ok(Self(bytes.clone()))
    }
}

impl Serialize for Given {
    type Error = Infallible;

    fn serialize(&self) -> Result<Bytes, Self::Error> {
        Ok(self.0.clone())
    }
}

impl PayloadMetadata for Given {}
