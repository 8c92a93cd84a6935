//! What `zlib` packs and unpacks, bounded in what a few bytes may become.

use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use rquickjs::{Array, Ctx, Result, TypedArray};

use crate::text::bytes_of;

/// Packs bytes, within zlib's header and checksum or without. A level is from 0 to 9.
pub(crate) fn deflate<'js>(
    ctx: Ctx<'js>,
    bytes: TypedArray<'js, u8>,
    is_wrapped: bool,
    level: u8,
) -> Result<TypedArray<'js, u8>> {
    let pack = if is_wrapped { compress_to_vec_zlib } else { compress_to_vec };
    let mut packed = pack(bytes_of(&bytes), level);
    // Without packing, the crate says a window of 256 bytes, where zlib says its usual one.
    if let (true, 0, Some(header)) = (is_wrapped, level, packed.first_chunk_mut()) {
        *header = [0x78, 0x01];
    }
    TypedArray::new(ctx, packed)
}

/// Unpacks bytes: `[BYTES, HOW MANY WERE USED]`, or `[WORD]`, where the word is `large`, `short` or `corrupt`.
pub(crate) fn inflate<'js>(
    ctx: Ctx<'js>,
    bytes: TypedArray<'js, u8>,
    is_wrapped: bool,
    most: f64,
) -> Result<Array<'js>> {
    let answer = Array::new(ctx.clone())?;
    match inflated(bytes_of(&bytes), is_wrapped, most as usize) {
        Ok((bytes, used)) => {
            answer.set(0, TypedArray::new(ctx, bytes)?)?;
            answer.set(1, used as f64)?;
        }
        Err(problem) => answer.set(0, problem)?,
    }
    Ok(answer)
}

fn inflated(input: &[u8], is_wrapped: bool, most: usize) -> std::result::Result<(Vec<u8>, usize), &'static str> {
    let wrapping = if is_wrapped { TINFL_FLAG_PARSE_ZLIB_HEADER } else { 0 };
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF | wrapping;
    let mut state = Box::<DecompressorOxide>::default();
    // One more than is allowed, so that what just fits is told from what does not.
    let most = most.saturating_add(1);
    let (mut output, mut used, mut length) = (Vec::new(), 0, 0);
    grow(&mut output, input.len().saturating_mul(2).clamp(64, most.max(64)))?;
    loop {
        let rest = input.get(used..).unwrap_or_default();
        let (status, read, written) = decompress(&mut state, rest, &mut output, length, flags);
        (used, length) = (used + read, length + written);
        match status {
            TINFLStatus::Done if length >= most => return Err("large"),
            TINFLStatus::Done => {
                output.truncate(length);
                return Ok((output, used));
            }
            TINFLStatus::HasMoreOutput if output.len() >= most => return Err("large"),
            TINFLStatus::HasMoreOutput => {
                let wanted = output.len().saturating_mul(2).min(most);
                grow(&mut output, wanted)?;
            }
            TINFLStatus::FailedCannotMakeProgress | TINFLStatus::NeedsMoreInput => return Err("short"),
            _ => return Err("corrupt"),
        }
    }
}

/// Makes a buffer longer; one that there is no memory for is too large as well.
fn grow(output: &mut Vec<u8>, length: usize) -> std::result::Result<(), &'static str> {
    output.try_reserve_exact(length.saturating_sub(output.len())).map_err(|_| "large")?;
    output.resize(length, 0);
    Ok(())
}

const REMAINDERS: [u32; 256] = remainders();

const fn remainders() -> [u32; 256] {
    let mut all = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut value, mut bit) = (byte as u32, 0);
        while bit < 8 {
            value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        all[byte] = value;
        byte += 1;
    }
    all
}

/// The CRC-32 of bytes after those whose CRC-32 is given.
pub(crate) fn crc32(bytes: TypedArray<'_, u8>, before: i32) -> u32 {
    let step = |crc: u32, byte: &u8| REMAINDERS[usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
    !bytes_of(&bytes).iter().fold(!before.cast_unsigned(), step)
}
