//! A guest for tests: an ordinary program with arguments, an input, an output and an exit status.

use std::io::{self, Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    match perform(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(3)
        }
    }
}

fn perform(args: &[&str]) -> Result<(), String> {
    match args {
        ["args", rest @ ..] => println!("{rest:?}"),
        ["name"] => println!("{:?}", std::env::args().next()),
        ["upper"] => print!("{}", input()?.to_uppercase()),
        ["env"] => println!("{:?}", std::env::vars().collect::<Vec<_>>()),
        ["read", path] => print!("{}", std::fs::read_to_string(path).map_err(|error| error.to_string())?),
        ["flood", bytes] => flood(bytes.parse().map_err(|_| "not a number")?).map_err(|error| error.to_string())?,
        ["long-error"] => return Err(format!("{} the end", "x".repeat(5_000))),
        ["panic"] => panic!("on purpose"),
        ["exit", status] => std::process::exit(status.parse().map_err(|_| "not a number")?),
        ["spin"] => loop {
            std::hint::spin_loop();
        },
        other => return Err(format!("what is {other:?}?")),
    }
    Ok(())
}

fn input() -> Result<String, String> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

fn flood(bytes: usize) -> io::Result<()> {
    io::stdout().lock().write_all(&vec![b'.'; bytes])
}
