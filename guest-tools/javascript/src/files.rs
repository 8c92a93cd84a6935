//! Files, as the prelude is given them.

use rquickjs::{Array, Ctx, Exception, Result, TypedArray};
use workdir::ErrorCode;

use crate::text::{Text, bytes_of};

pub(crate) fn read(ctx: Ctx<'_>, Text(name): Text) -> Result<String> {
    let bytes = workdir::read(&name).map_err(|code| failed(&ctx, code, "open", &name))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

pub(crate) fn read_bytes(ctx: Ctx<'_>, Text(name): Text) -> Result<TypedArray<'_, u8>> {
    let bytes = workdir::read(&name).map_err(|code| failed(&ctx, code, "open", &name))?;
    TypedArray::new(ctx, bytes)
}

pub(crate) fn write_bytes<'js>(
    ctx: Ctx<'js>,
    Text(name): Text,
    bytes: TypedArray<'js, u8>,
    appends: bool,
) -> Result<()> {
    workdir::write(&name, bytes_of(&bytes), appends).map_err(|code| failed(&ctx, code, "open", &name))
}

/// The names in a directory; those of directories end with a slash.
pub(crate) fn list(ctx: Ctx<'_>, Text(name): Text) -> Result<Vec<String>> {
    let entries = workdir::list(&name).map_err(|code| failed(&ctx, code, "scandir", &name))?;
    let told = |(name, is_directory): (String, bool)| if is_directory { name + "/" } else { name };
    Ok(entries.into_iter().map(told).collect())
}

pub(crate) fn remove(ctx: Ctx<'_>, Text(name): Text) -> Result<()> {
    let removed = workdir::stat(&name).and_then(|stat| match stat.is_directory {
        true => workdir::remove_directory(&name),
        false => workdir::remove_file(&name),
    });
    removed.map_err(|code| failed(&ctx, code, "unlink", &name))
}

pub(crate) fn rename(ctx: Ctx<'_>, Text(from): Text, Text(to): Text) -> Result<()> {
    workdir::rename(&from, &to).map_err(|code| failed(&ctx, code, "rename", &from))
}

pub(crate) fn make_directory(ctx: Ctx<'_>, Text(name): Text) -> Result<()> {
    workdir::make_directory(&name).map_err(|code| failed(&ctx, code, "mkdir", &name))
}

/// `[IS_DIRECTORY, BYTES]`, or nothing where there is nothing.
pub(crate) fn stat(ctx: Ctx<'_>, Text(name): Text) -> Result<Option<Array<'_>>> {
    let Ok(found) = workdir::stat(&name) else { return Ok(None) };
    let stat = Array::new(ctx)?;
    stat.set(0, found.is_directory)?;
    stat.set(1, found.bytes as f64)?;
    Ok(Some(stat))
}

/// Throws what node would: `ENOENT: no such file or directory, open 'NAME'`.
fn failed(ctx: &Ctx<'_>, code: ErrorCode, action: &str, name: &str) -> rquickjs::Error {
    let (short, long) = workdir::told(code);
    Exception::throw_message(ctx, &format!("{short}: {long}, {action} '{name}'"))
}
