const split = (line) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double?.replace(/\\(.)/g, "$1") ?? single ?? bare);
[split(`git commit -m "fix \\"bug\\"" --author='A B' file.txt`), split(""), split("  a   b ")];
