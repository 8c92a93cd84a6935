//! Digests of bytes, by the names that node has for them.

use hmac::{Hmac, Mac};
use rquickjs::{Ctx, Exception, Result, TypedArray};
use sha2::Digest;

use crate::text::{Text, bytes_of};

/// Does something with the digest of a name, and nothing with a name of none.
macro_rules! with_digest {
    ($name:expr, $kind:ident => $action:expr) => {
        match $name {
            "md5" => {
                type $kind = md5::Md5;
                Some($action)
            }
            "sha1" => {
                type $kind = sha1::Sha1;
                Some($action)
            }
            "sha224" => {
                type $kind = sha2::Sha224;
                Some($action)
            }
            "sha256" => {
                type $kind = sha2::Sha256;
                Some($action)
            }
            "sha384" => {
                type $kind = sha2::Sha384;
                Some($action)
            }
            "sha512" => {
                type $kind = sha2::Sha512;
                Some($action)
            }
            "sha512-256" => {
                type $kind = sha2::Sha512_256;
                Some($action)
            }
            _ => None,
        }
    };
}

pub(crate) fn digest<'js>(ctx: Ctx<'js>, Text(name): Text, bytes: TypedArray<'js, u8>) -> Result<TypedArray<'js, u8>> {
    let made = with_digest!(name.as_str(), Kind => Kind::digest(bytes_of(&bytes)).to_vec());
    given(ctx, &name, made)
}

pub(crate) fn hmac<'js>(
    ctx: Ctx<'js>,
    Text(name): Text,
    key: TypedArray<'js, u8>,
    bytes: TypedArray<'js, u8>,
) -> Result<TypedArray<'js, u8>> {
    let made = with_digest!(name.as_str(), Kind => {
        // A key may have any length.
        let code = <Hmac<Kind> as Mac>::new_from_slice(bytes_of(&key)).ok();
        code.map(|code| code.chain_update(bytes_of(&bytes)).finalize().into_bytes().to_vec())
    });
    given(ctx, &name, made.flatten())
}

pub(crate) fn pbkdf2<'js>(
    ctx: Ctx<'js>,
    Text(name): Text,
    password: TypedArray<'js, u8>,
    salt: TypedArray<'js, u8>,
    rounds: u32,
    length: u32,
) -> Result<TypedArray<'js, u8>> {
    let made = with_digest!(name.as_str(), Kind => {
        let mut made = vec![0; length as usize];
        pbkdf2::pbkdf2_hmac::<Kind>(bytes_of(&password), bytes_of(&salt), rounds, &mut made);
        made
    });
    given(ctx, &name, made)
}

fn given<'js>(ctx: Ctx<'js>, name: &str, made: Option<Vec<u8>>) -> Result<TypedArray<'js, u8>> {
    match made {
        Some(bytes) => TypedArray::new(ctx, bytes),
        None => Err(Exception::throw_message(&ctx, &format!("there is no digest {name}"))),
    }
}
