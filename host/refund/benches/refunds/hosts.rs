use std::path::{Path, PathBuf};

use stockade::{Builder, Host};
use stockade_refund::{Refund, shop};

/// Makes a folder.
pub(crate) fn folder(dir: &Path, name: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Returns the builder of a host whose journal and shop are in this folder.
pub(crate) fn builder(dir: &Path) -> Builder {
    let database = dir.join("shop.db");
    shop::create(&database).unwrap();
    let builder = Host::builder().journal(dir.join("journal.db")).tools(shop::tools(&database));
    builder.idempotent(shop::IDEMPOTENT).workflow(Refund::default()).cache(dir.join("cache"))
}

/// Returns a host whose journal and shop are in this folder.
pub(crate) async fn host(dir: &Path) -> Host {
    builder(dir).build().await.unwrap()
}
