//! Makes calls of the bench's tool in Extism and in wasmi. It is given a core module and an Extism plugin; on stdin it
//! takes lines `PEER CALLS`, and answers each with a line of that many times, in nanoseconds.

use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use bench_tool::ORDER;
use extism::{CompiledPlugin, Manifest, Plugin, PluginBuilder, Wasm};
use wasmi::{Config, Engine, Linker, Module, Store, StoreLimits, StoreLimitsBuilder};

const FUEL: u64 = 50_000_000;
const MEMORY_BYTES: usize = 64 << 20;
const MEMORY_PAGES: u32 = 1_024;
const TIMEOUT: Duration = Duration::from_secs(5);

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let [_, module, plugin] = std::env::args().collect::<Vec<_>>().try_into().map_err(|_| "two files are needed")?;
    let wasmi = Wasmi::new(&std::fs::read(module)?)?;
    let manifest =
        Manifest::new([Wasm::data(std::fs::read(plugin)?)]).with_memory_max(MEMORY_PAGES).with_timeout(TIMEOUT);
    let compiled = PluginBuilder::new(manifest).with_fuel_limit(FUEL).compile()?;
    let mut warm = Plugin::new_from_compiled(&compiled)?;
    let expected = bench_tool::call("quote", ORDER)?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (peer, calls) = line.split_once(' ').ok_or("PEER CALLS is asked for")?;
        let mut times = String::new();
        for _ in 0..calls.parse()? {
            let started = Instant::now();
            let answer = match peer {
                "extism-fresh" => fresh(&compiled)?,
                "extism-warm" => quote(&mut warm)?,
                "wasmi" => wasmi.quote()?,
                other => Err(format!("no peer \"{other}\""))?,
            };
            let took = started.elapsed();
            assert_eq!(answer, expected, "{peer}");
            times += &format!("{} ", took.as_nanos());
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "{times}")?;
        out.flush()?;
    }
    Ok(())
}

fn fresh(compiled: &CompiledPlugin) -> Result<String, Error> {
    quote(&mut Plugin::new_from_compiled(compiled)?)
}

fn quote(plugin: &mut Plugin) -> Result<String, Error> {
    Ok(plugin.call::<&str, String>("quote", ORDER)?)
}

/// The core module of the lean component in wasmi, with the canonical ABI by hand.
struct Wasmi {
    engine: Engine,
    module: Module,
    linker: Linker<StoreLimits>,
}

impl Wasmi {
    fn new(module: &[u8]) -> Result<Self, Error> {
        let mut config = Config::default();
        config.consume_fuel(true);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, module)?;
        Ok(Self { linker: Linker::new(&engine), engine, module })
    }

    fn quote(&self) -> Result<String, Error> {
        let limits = StoreLimitsBuilder::new().memory_size(MEMORY_BYTES).build();
        let mut store = Store::new(&self.engine, limits);
        store.limiter(|limits| limits);
        store.set_fuel(FUEL)?;
        let instance = self.linker.instantiate_and_start(&mut store, &self.module)?;
        let memory = instance.get_memory(&store, "memory").ok_or("no memory")?;
        let realloc = instance.get_typed_func::<(i32, i32, i32, i32), i32>(&store, "cabi_realloc")?;
        let call = instance.get_typed_func::<(i32, i32, i32, i32), i32>(&store, "call")?;
        let mut place = |text: &str| -> Result<(i32, i32), Error> {
            let length = i32::try_from(text.len())?;
            let at = realloc.call(&mut store, (0, 0, 1, length))?;
            memory.write(&mut store, usize::try_from(at)?, text.as_bytes())?;
            Ok((at, length))
        };
        let (name, order) = (place("quote")?, place(ORDER)?);
        let result = usize::try_from(call.call(&mut store, (name.0, name.1, order.0, order.1))?)?;
        let mut fields = [0; 12];
        memory.read(&store, result, &mut fields)?;
        let [is_error, at, length] =
            [0, 4, 8].map(|field| u32::from_le_bytes(fields[field..field + 4].try_into().unwrap()));
        let mut text = vec![0; usize::try_from(length)?];
        memory.read(&store, usize::try_from(at)?, &mut text)?;
        if is_error & 0xff == 0 { Ok(String::from_utf8(text)?) } else { Err("the tool failed".into()) }
    }
}
