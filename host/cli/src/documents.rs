//! Documents of services that have an address: what a person has accepted of each.

use stockade::{AcceptedDocument, Builder, Config};

use crate::escape::safe;
use crate::follow_up::named;
use crate::globals::Globals;
use crate::kept::{self, Purpose};
use crate::places;
use crate::text::YELLOW;

/// Returns what a person has accepted of the document of a service.
pub(crate) fn accepted(globals: &Globals, name: &str) -> Option<AcceptedDocument> {
    kept::kept_document(globals, Purpose::Document, &places::document_file(globals, name))
}

/// Keeps what a person has accepted of it.
///
/// # Errors
///
/// It cannot be written.
pub(crate) fn keep(globals: &Globals, name: &str, accepted: &AcceptedDocument) -> anyhow::Result<()> {
    places::create_private(&globals.data_dir)?;
    let file = places::document_file(globals, name);
    kept::keep(globals, Purpose::Document, &file, &serde_json::to_vec(accepted)?).map(drop)
}

/// Tells a host what was accepted, and says which services wait to be accepted.
pub(crate) fn added(globals: &Globals, builder: Builder, config: &Config) -> Builder {
    let services = config.openapi.iter().filter(|(_, service)| service.address().is_some());
    services.fold(builder, |builder, (name, service)| {
        let accepted = accepted(globals, name).filter(|accepted| service.is_accepted(name, accepted));
        match accepted {
            Some(accepted) => builder.accepted_document(name, accepted),
            None => {
                let name = safe(name);
                let accept = named(&format!("openapi accept {name}"));
                eprintln!("{YELLOW}openapi{YELLOW:#} {name}: not offered until {accept}");
                builder
            }
        }
    })
}
