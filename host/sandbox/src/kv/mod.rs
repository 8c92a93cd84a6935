mod bucket;

use std::collections::BTreeMap;
use std::sync::Arc;

use stockade_workflow::{Capability, Fault, Grant};
use wasmtime::component::{HasSelf, Linker, Resource};

use self::bucket::{Bucket, Pair, Pairs, Refusal};
use crate::Result;
use crate::bindings::keyvalue::store::{Error, Host, HostBucket, KeyResponse};
use crate::bindings::keyvalue::{atomics, batch, store};
use crate::rights::{Rights, quoted};
use crate::state::State;

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
    /// A file cannot be made or is something else, or two buckets have one name.
    pub(crate) fn new(tool: &str, grants: &[Grant]) -> Result<Self> {
        let mut by_name = BTreeMap::new();
        for grant in grants {
            let Grant::Kv { bucket: name, path, access } = grant else { continue };
            let invalid =
                |why: String| Fault::invalid("grant", format!("grant of kv \"{name}\" to tool \"{tool}\": {why}"));
            let bucket = Bucket::open(name, path.as_ref(), *access).map_err(invalid)?;
            if by_name.insert(name.clone(), Arc::new(bucket)).is_some() {
                return Err(Fault::invalid("grant", format!("kv \"{name}\" is granted twice to tool \"{tool}\"")));
            }
        }
        Ok(Self { by_name })
    }
}

/// Links `wasi:keyvalue`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    store::add_to_linker::<State, HasSelf<State>>(linker, State::called)?;
    atomics::add_to_linker::<State, HasSelf<State>>(linker, State::called)?;
    batch::add_to_linker::<State, HasSelf<State>>(linker, State::called)
}

impl Host for State {
    async fn open(&mut self, identifier: String) -> wasmtime::Result<Answer<Resource<Handle>>> {
        self.carry(identifier.len())?;
        let Some(bucket) = self.rights.buckets.by_name.get(&identifier).cloned() else {
            let denial = not_granted(&self.rights, &identifier);
            self.deny(&denial);
            return Ok(Err(Error::AccessDenied));
        };
        Ok(Ok(self.resources().push(Handle(bucket))?))
    }
}

impl HostBucket for State {
    async fn get(&mut self, bucket: Resource<Handle>, key: String) -> wasmtime::Result<Answer<Option<Vec<u8>>>> {
        self.carry(key.len())?;
        let answer = self.on_bucket(&bucket, move |pairs| pairs.get(&key)).await?;
        if let Ok(Some(value)) = &answer {
            self.carry(value.len())?;
        }
        Ok(answer)
    }

    async fn set(&mut self, bucket: Resource<Handle>, key: String, value: Vec<u8>) -> wasmtime::Result<Answer<()>> {
        self.carry(key.len().saturating_add(value.len()))?;
        self.on_bucket(&bucket, move |pairs| pairs.set(&[(key, value)])).await
    }

    async fn delete(&mut self, bucket: Resource<Handle>, key: String) -> wasmtime::Result<Answer<()>> {
        self.carry(key.len())?;
        self.on_bucket(&bucket, move |pairs| pairs.delete(&[key])).await
    }

    async fn exists(&mut self, bucket: Resource<Handle>, key: String) -> wasmtime::Result<Answer<bool>> {
        self.carry(key.len())?;
        self.on_bucket(&bucket, move |pairs| pairs.exists(&key)).await
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Handle>,
        cursor: Option<u64>,
    ) -> wasmtime::Result<Answer<KeyResponse>> {
        let answer = self.on_bucket(&bucket, move |pairs| pairs.page(cursor)).await?;
        if let Ok((keys, _)) = &answer {
            self.carry(keys.iter().map(String::len).fold(0, usize::saturating_add))?;
        }
        Ok(answer.map(|(keys, cursor)| KeyResponse { keys, cursor }))
    }

    async fn drop(&mut self, bucket: Resource<Handle>) -> wasmtime::Result<()> {
        self.resources().delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for State {
    async fn increment(&mut self, bucket: Resource<Handle>, key: String, delta: u64) -> wasmtime::Result<Answer<u64>> {
        self.carry(key.len())?;
        self.on_bucket(&bucket, move |pairs| pairs.increment(key, delta)).await
    }
}

/// A batch is one transaction: the interface allows that half of it is done, and we do not.
impl batch::Host for State {
    async fn get_many(
        &mut self,
        bucket: Resource<Handle>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Answer<Vec<Option<Pair>>>> {
        self.carry(keys.iter().map(String::len).fold(0, usize::saturating_add))?;
        let answer = self.on_bucket(&bucket, move |pairs| pairs.get_many(keys)).await?;
        if let Ok(found) = &answer {
            self.carry(found.iter().flatten().map(weight).fold(0, usize::saturating_add))?;
        }
        Ok(answer)
    }

    async fn set_many(&mut self, bucket: Resource<Handle>, pairs: Vec<Pair>) -> wasmtime::Result<Answer<()>> {
        self.carry(pairs.iter().map(weight).fold(0, usize::saturating_add))?;
        self.on_bucket(&bucket, move |bucket| bucket.set(&pairs)).await
    }

    async fn delete_many(&mut self, bucket: Resource<Handle>, keys: Vec<String>) -> wasmtime::Result<Answer<()>> {
        self.carry(keys.iter().map(String::len).fold(0, usize::saturating_add))?;
        self.on_bucket(&bucket, move |pairs| pairs.delete(&keys)).await
    }
}

fn weight((key, value): &Pair) -> usize {
    key.len().saturating_add(value.len())
}

impl State {
    /// Does work on an opened bucket, on a thread that may block, and remembers a denial.
    async fn on_bucket<T: Send + 'static>(
        &mut self,
        handle: &Resource<Handle>,
        work: impl FnOnce(&mut Pairs<'_>) -> std::result::Result<T, Refusal> + Send + 'static,
    ) -> wasmtime::Result<Answer<T>> {
        let bucket = self.resources().get(handle)?.0.clone();
        let (name, deadline) = (bucket.name().to_owned(), self.deadline);
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
                let denial = self.rights.denial(
                    Capability::Kv,
                    &format!("a change of kv {}", quoted(&name)),
                    "access = \"read-write\" in its line of kv",
                );
                self.deny(&denial);
                Err(Error::AccessDenied)
            }
            Ok(Err(Refusal::Other(why))) => Err(Error::Other(why)),
            Err(_) => Err(Error::Other(format!("kv {}: the host's thread did not finish", quoted(&name)))),
        })
    }
}

fn not_granted(rights: &Rights, name: &str) -> String {
    let name = quoted(name);
    rights.denial(Capability::Kv, &format!("kv {name}"), &format!("kv = [{{ bucket = {name}, path = \"PATH\" }}]"))
}
