console.log(process.platform, process.cwd(), Object.keys(process.env), process.argv.length);
[process.env.HOME ?? "no home", process.env.API_KEY ?? "no key"];
