//! A guest for tests: works with files, through plain std and through WASI itself.

#![expect(clippy::too_many_arguments, reason = "what WASI takes in one call, this takes in one call")]

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::{Duration, SystemTime};

mod wasi;

wit_bindgen::generate!({ path: "wit", world: "files" });

struct Files;

export!(Files);

impl Guest for Files {
    fn std_file(action: String, path: String, with: String) -> Result<String, String> {
        std_file(&action, &path, &with).map_err(|error| error.to_string())
    }

    fn wasi_file(action: String, at: String, path: String, with: String, number: u64) -> Result<String, String> {
        wasi::file(&action, &at, &path, &with, number)
    }
}

fn std_file(action: &str, path: &str, with: &str) -> io::Result<String> {
    match action {
        "read" => return fs::read_to_string(path),
        "read-in-pieces" => return read_in_pieces(path),
        "write" => fs::write(path, with)?,
        "append" => fs::File::options().append(true).create(true).open(path)?.write_all(with.as_bytes())?,
        "list" => return list(path),
        "stat" => return stat(path),
        "exists" => return Ok(fs::exists(path)?.to_string()),
        "mkdir" => fs::create_dir(path)?,
        "mkdir-all" => fs::create_dir_all(path)?,
        "remove" => fs::remove_file(path)?,
        "remove-all" => fs::remove_dir_all(path)?,
        "rename" => fs::rename(path, with)?,
        "copy" => return Ok(fs::copy(path, with)?.to_string()),
        "truncate" => drop(fs::File::options().write(true).truncate(true).open(path)?),
        "sparse" => sparse(path, with.parse().unwrap_or(u64::MAX))?,
        "set-times" => set_times(path, with.parse().unwrap_or(u64::MAX))?,
        "fill" => fill(path, with.parse().unwrap_or(u64::MAX))?,
        "swallow" => return Ok(fs::write(path, with).map_or("failed", |()| "written").to_owned()),
        "unwrap" => return Ok(fs::read_to_string(path).expect("a file")),
        // A tool whose own error has nothing to do with the file that it looked for in vain.
        "shrug" => {
            let _ = fs::read_to_string(path);
            return Err(io::Error::other("there is no such customer"));
        }
        other => return Err(io::Error::other(format!("no action \"{other}\""))),
    }
    Ok("done".into())
}

fn read_in_pieces(path: &str) -> io::Result<String> {
    let (mut file, mut text, mut piece) = (fs::File::open(path)?, String::new(), [0; 3]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(text),
            read => text.push_str(&String::from_utf8_lossy(&piece[..read])),
        }
    }
}

fn list(path: &str) -> io::Result<String> {
    let names = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names.join(" "))
}

fn stat(path: &str) -> io::Result<String> {
    let metadata = fs::symlink_metadata(path)?;
    let kind = if metadata.is_dir() {
        "directory"
    } else if metadata.is_symlink() {
        "link"
    } else {
        "file"
    };
    let modified = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Ok(format!("{kind} {} {modified}", metadata.len()))
}

fn sparse(path: &str, offset: u64) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(b"!")
}

fn fill(path: &str, bytes: u64) -> io::Result<()> {
    let (mut file, mut left, piece) = (fs::File::create(path)?, bytes, vec![b'.'; 64 << 10]);
    while left > 0 {
        let some = left.min(piece.len() as u64);
        file.write_all(&piece[..some as usize])?;
        left -= some;
    }
    Ok(())
}

fn set_times(path: &str, seconds: u64) -> io::Result<()> {
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    let time = time.ok_or_else(|| io::Error::other("no such time"))?;
    fs::File::options().write(true).open(path)?.set_modified(time)
}
