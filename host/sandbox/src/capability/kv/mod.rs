mod bindings;
mod bucket;

use std::collections::BTreeMap;
use std::sync::Arc;

use stockade_workflow::{Capability, Fault, Grant};
use wasmtime::component::{HasData, Linker, Resource};

use self::bindings::wasi::keyvalue::store::{Error, Host, HostBucket, KeyResponse};
use self::bindings::wasi::keyvalue::{atomics, batch, store};
use self::bucket::{Bucket, Pair, Pairs, Refusal};
use super::Offer;
use crate::asks::Asks;
use crate::context::CallContext;
use crate::quote::quoted;
use crate::{Reserved, Result};

/// Drafts: nothing promises that another version of them is the same.
pub(crate) const OFFER: Offer = Offer {
    capability: Some(Capability::Kv),
    interfaces: &[
        ("wasi:keyvalue/atomics", "0.2.0-draft"),
        ("wasi:keyvalue/batch", "0.2.0-draft"),
        ("wasi:keyvalue/store", "0.2.0-draft"),
    ],
};

/// What an operation can answer.
type Answer<T> = std::result::Result<T, Error>;

/// The buckets that one tool was granted, by the name that it opens.
pub(crate) struct Buckets {
    by_name: BTreeMap<String, Arc<Bucket>>,
}

/// A bucket that a guest has opened.
#[expect(unreachable_pub, reason = "what bindgen makes of the WIT names it publicly, in a module that is not")]
pub struct Handle(Arc<Bucket>);

impl Buckets {
    /// Opens the buckets among the grants, and makes the files that do not exist.
    ///
    /// # Errors
    ///
    /// A file cannot be made, is something else or is reserved, or two buckets have one name.
    pub(crate) fn new(tool: &str, grants: &[Grant], reserved: &Reserved) -> Result<Self> {
        let mut by_name = BTreeMap::new();
        for grant in grants {
            let Grant::Kv { bucket: name, path, access } = grant else { continue };
            let invalid =
                |why: String| Fault::invalid("grant", format!("grant of kv \"{name}\" to tool \"{tool}\": {why}"));
            let bucket = Bucket::open(name, path.as_ref(), *access, reserved).map_err(invalid)?;
            if by_name.insert(name.clone(), Arc::new(bucket)).is_some() {
                return Err(Fault::invalid("grant", format!("kv \"{name}\" is granted twice to tool \"{tool}\"")));
            }
        }
        Ok(Self { by_name })
    }
}

/// The buckets of a tool, as one call sees them.
pub(crate) struct View<'a> {
    pub(crate) granted: &'a Buckets,
    pub(crate) context: &'a mut CallContext,
}

struct Kv;

impl HasData for Kv {
    type Data<'a> = View<'a>;
}

/// Links `wasi:keyvalue`.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
) -> wasmtime::Result<()> {
    store::add_to_linker::<T, Kv>(linker, view)?;
    atomics::add_to_linker::<T, Kv>(linker, view)?;
    batch::add_to_linker::<T, Kv>(linker, view)
}

impl Host for View<'_> {
    async fn open(&mut self, identifier: String) -> wasmtime::Result<Answer<Resource<Handle>>> {
        self.context.carry(identifier.len())?;
        let Some(bucket) = self.granted.by_name.get(&identifier).cloned() else {
            let denial = not_granted(&self.context.asks, &identifier);
            self.context.deny(&denial);
            return Ok(Err(Error::AccessDenied));
        };
        Ok(Ok(self.context.table.push(Handle(bucket))?))
    }
}

impl HostBucket for View<'_> {
    async fn get(&mut self, bucket: Resource<Handle>, key: String) -> wasmtime::Result<Answer<Option<Vec<u8>>>> {
        self.context.carry(key.len())?;
        let answer = self.on_bucket(&bucket, move |pairs| pairs.get(&key)).await?;
        if let Ok(Some(value)) = &answer {
            self.context.carry(value.len())?;
        }
        Ok(answer)
    }

    async fn set(&mut self, bucket: Resource<Handle>, key: String, value: Vec<u8>) -> wasmtime::Result<Answer<()>> {
        self.context.carry(key.len().saturating_add(value.len()))?;
        self.on_bucket(&bucket, move |pairs| pairs.set(&[(key, value)])).await
    }

    async fn delete(&mut self, bucket: Resource<Handle>, key: String) -> wasmtime::Result<Answer<()>> {
        self.context.carry(key.len())?;
        self.on_bucket(&bucket, move |pairs| pairs.delete(&[key])).await
    }

    async fn exists(&mut self, bucket: Resource<Handle>, key: String) -> wasmtime::Result<Answer<bool>> {
        self.context.carry(key.len())?;
        self.on_bucket(&bucket, move |pairs| pairs.exists(&key)).await
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Handle>,
        cursor: Option<u64>,
    ) -> wasmtime::Result<Answer<KeyResponse>> {
        let answer = self.on_bucket(&bucket, move |pairs| pairs.page(cursor)).await?;
        if let Ok((keys, _)) = &answer {
            self.context.carry(keys.iter().map(String::len).fold(0, usize::saturating_add))?;
        }
        Ok(answer.map(|(keys, cursor)| KeyResponse { keys, cursor }))
    }

    async fn drop(&mut self, bucket: Resource<Handle>) -> wasmtime::Result<()> {
        self.context.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for View<'_> {
    async fn increment(&mut self, bucket: Resource<Handle>, key: String, delta: u64) -> wasmtime::Result<Answer<u64>> {
        self.context.carry(key.len())?;
        self.on_bucket(&bucket, move |pairs| pairs.increment(key, delta)).await
    }
}

/// A batch is one transaction: the interface allows that half of it is done, and we do not.
impl batch::Host for View<'_> {
    async fn get_many(
        &mut self,
        bucket: Resource<Handle>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Answer<Vec<Option<Pair>>>> {
        self.context.carry(keys.iter().map(String::len).fold(0, usize::saturating_add))?;
        let answer = self.on_bucket(&bucket, move |pairs| pairs.get_many(keys)).await?;
        if let Ok(found) = &answer {
            self.context.carry(found.iter().flatten().map(weight).fold(0, usize::saturating_add))?;
        }
        Ok(answer)
    }

    async fn set_many(&mut self, bucket: Resource<Handle>, pairs: Vec<Pair>) -> wasmtime::Result<Answer<()>> {
        self.context.carry(pairs.iter().map(weight).fold(0, usize::saturating_add))?;
        self.on_bucket(&bucket, move |bucket| bucket.set(&pairs)).await
    }

    async fn delete_many(&mut self, bucket: Resource<Handle>, keys: Vec<String>) -> wasmtime::Result<Answer<()>> {
        self.context.carry(keys.iter().map(String::len).fold(0, usize::saturating_add))?;
        self.on_bucket(&bucket, move |pairs| pairs.delete(&keys)).await
    }
}

fn weight((key, value): &Pair) -> usize {
    key.len().saturating_add(value.len())
}

impl View<'_> {
    /// Does work on an opened bucket, on a thread that may block, and remembers a denial.
    async fn on_bucket<T: Send + 'static>(
        &mut self,
        handle: &Resource<Handle>,
        work: impl FnOnce(&mut Pairs<'_>) -> std::result::Result<T, Refusal> + Send + 'static,
    ) -> wasmtime::Result<Answer<T>> {
        let bucket = self.context.table.get(handle)?.0.clone();
        let (name, deadline) = (bucket.name().to_owned(), self.context.deadline);
        let done = match bucket.turn(deadline).await {
            Ok(turn) => {
                tokio::task::spawn_blocking(move || {
                    // The turn ends with the work, not with the interest in it.
                    let _turn = turn;
                    bucket.with(deadline, work)
                })
                .await
            }
            Err(late) => Ok(Err(late)),
        };
        Ok(match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Refusal::ReadOnly)) => {
                let denial = self.context.asks.denial(
                    Capability::Kv,
                    &format!("a change of kv {}", quoted(&name)),
                    "access = \"read-write\" in its line of kv",
                );
                self.context.deny(&denial);
                Err(Error::AccessDenied)
            }
            Ok(Err(Refusal::InDoubt)) => {
                self.context.doubt.add("kv", format!("a commit to kv {} failed half-way", quoted(&name)));
                Err(Error::Other("the disk failed; the change may have been made".into()))
            }
            Ok(Err(Refusal::Other(why))) => Err(Error::Other(why)),
            Err(_) => Err(Error::Other(format!("kv {}: the host's thread did not finish", quoted(&name)))),
        })
    }
}

fn not_granted(asks: &Asks, name: &str) -> String {
    let name = quoted(name);
    asks.denial(Capability::Kv, &format!("kv {name}"), &format!("kv = [{{ bucket = {name}, path = \"PATH\" }}]"))
}
