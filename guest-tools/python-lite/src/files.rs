//! What Monty asks of the system: files of the sandbox's directory, and nothing else.

use monty_types::{
    ExcType, ExtFunctionResult, MkdirCallArgs, MontyException, MontyFileHandle, MontyObject, OpenCallArgs,
    OsFunctionCall, dir_stat, file_stat,
};
use workdir::ErrorCode;

type Answer = Result<MontyObject, ErrorCode>;

pub(crate) fn answer(call: OsFunctionCall) -> ExtFunctionResult {
    use OsFunctionCall as Call;
    let stat = |path: &str| workdir::stat(path).ok();
    let (path, answer) = match call {
        Call::Exists(path) => return MontyObject::bool(stat(path.as_str()).is_some()).into(),
        Call::IsFile(path) => {
            return MontyObject::bool(stat(path.as_str()).is_some_and(|stat| !stat.is_directory)).into();
        }
        Call::IsDir(path) => {
            return MontyObject::bool(stat(path.as_str()).is_some_and(|stat| stat.is_directory)).into();
        }
        Call::IsSymlink(_) => return MontyObject::bool(false).into(),
        Call::Resolve(path) | Call::Absolute(path) => return MontyObject::path(absolute(path.as_str())).into(),
        Call::Getenv(_) => return MontyObject::none().into(),
        Call::GetEnviron => return MontyObject::dict([]).into(),
        Call::Import(name) => return ExtFunctionResult::NotFound(name),
        Call::ReadText(path) => (path.as_str().to_owned(), read_text(path.as_str())),
        Call::ReadBytes(path) => (path.as_str().to_owned(), workdir::read(path.as_str()).map(MontyObject::bytes)),
        Call::Stat(path) => (path.as_str().to_owned(), stat_of(path.as_str())),
        Call::Iterdir(path) => (path.as_str().to_owned(), iterdir(path.as_str())),
        Call::WriteText(it) => {
            (it.path.as_str().to_owned(), write(it.path.as_str(), it.data.as_bytes(), false, it.data.chars().count()))
        }
        Call::AppendText(it) => {
            (it.path.as_str().to_owned(), write(it.path.as_str(), it.data.as_bytes(), true, it.data.chars().count()))
        }
        Call::WriteBytes(it) => (it.path.as_str().to_owned(), write(it.path.as_str(), &it.data, false, it.data.len())),
        Call::AppendBytes(it) => (it.path.as_str().to_owned(), write(it.path.as_str(), &it.data, true, it.data.len())),
        Call::Open(it) => (it.path.as_str().to_owned(), open(&it)),
        Call::Mkdir(it) => (it.path.as_str().to_owned(), mkdir(&it)),
        Call::Unlink(path) => {
            (path.as_str().to_owned(), workdir::remove_file(path.as_str()).map(|()| MontyObject::none()))
        }
        Call::Rmdir(path) => {
            (path.as_str().to_owned(), workdir::remove_directory(path.as_str()).map(|()| MontyObject::none()))
        }
        Call::Rename(it) => {
            let renamed = workdir::rename(it.src.as_str(), it.dst.as_str());
            (it.src.as_str().to_owned(), renamed.map(|()| MontyObject::path(it.dst.as_str())))
        }
        other => {
            let why = format!("{} is not there in the sandbox", other.name());
            return MontyException::new(ExcType::OSError, Some(why)).into();
        }
    };
    answer.map_or_else(|code| raise(code, &path), Into::into)
}

fn absolute(path: &str) -> String {
    format!("/{}", path.trim_start_matches("./").trim_start_matches('/'))
}

fn read_text(path: &str) -> Answer {
    let bytes = workdir::read(path)?;
    Ok(MontyObject::string(String::from_utf8(bytes).map_err(|_| ErrorCode::IllegalByteSequence)?))
}

fn stat_of(path: &str) -> Answer {
    let stat = workdir::stat(path)?;
    Ok(if stat.is_directory { dir_stat(0o755, 0.0) } else { file_stat(0o644, stat.bytes as i64, 0.0) })
}

fn iterdir(path: &str) -> Answer {
    let base = path.trim_end_matches('/');
    let paths = workdir::list(path)?.into_iter().map(|(name, _)| match base {
        "" | "." => MontyObject::path(name),
        base => MontyObject::path(format!("{base}/{name}")),
    });
    Ok(MontyObject::list(paths))
}

fn write(path: &str, data: &[u8], appends: bool, written: usize) -> Answer {
    workdir::write(path, data, appends)?;
    Ok(MontyObject::int(written as i64))
}

fn open(call: &OpenCallArgs) -> Answer {
    let path = call.path.as_str();
    let exists = workdir::stat(path).map(|stat| stat.is_directory);
    match exists {
        Ok(true) => return Err(ErrorCode::IsDirectory),
        Err(code) if !call.mode.create() => return Err(code),
        _ => {}
    }
    if call.mode.truncate() || exists.is_err() {
        workdir::write(path, b"", false)?;
    }
    Ok(MontyObject::file_handle(MontyFileHandle { path: path.to_owned(), mode: call.mode, position: 0 }))
}

fn mkdir(call: &MkdirCallArgs) -> Answer {
    let path = call.path.as_str();
    if call.parents {
        for (at, _) in path.trim_matches('/').match_indices('/') {
            let _ = workdir::make_directory(&path.trim_matches('/')[..at]);
        }
    }
    match workdir::make_directory(path) {
        Err(ErrorCode::Exist) if call.exist_ok => {}
        made => made?,
    }
    Ok(MontyObject::none())
}

fn raise(code: ErrorCode, path: &str) -> ExtFunctionResult {
    let (kind, number, text) = match code {
        ErrorCode::NoEntry => (ExcType::FileNotFoundError, 2, "No such file or directory"),
        ErrorCode::Exist => (ExcType::FileExistsError, 17, "File exists"),
        ErrorCode::IsDirectory => (ExcType::IsADirectoryError, 21, "Is a directory"),
        ErrorCode::NotDirectory => (ExcType::NotADirectoryError, 20, "Not a directory"),
        ErrorCode::Access | ErrorCode::NotPermitted => (ExcType::PermissionError, 13, "Permission denied"),
        ErrorCode::Quota | ErrorCode::InsufficientSpace => (ExcType::OSError, 28, "No space left on device"),
        ErrorCode::IllegalByteSequence => (ExcType::ValueError, 0, "the file is not UTF-8"),
        _ => (ExcType::OSError, 5, "Input/output error"),
    };
    MontyException::new(kind, Some(format!("[Errno {number}] {text}: '{path}'"))).into()
}
