//! The tool as a program of its own: an order on stdin, a quote on stdout.

use std::io::Read;

fn main() -> Result<(), String> {
    let mut order = String::new();
    std::io::stdin().read_to_string(&mut order).map_err(|error| error.to_string())?;
    println!("{}", bench_tool::call("quote", &order)?);
    Ok(())
}
