(async () => {
    const rows = [{ id: 1, name: "one", tags: ["a"] }, { id: 2, name: "two", tags: [] }];
    console.log("rows", rows.length, rows);
    let last;
    for (let n = 0; n < 2; n++) last = await tool.idle({ n });
    const named = Object.fromEntries(rows.filter((row) => row.id > 1).map(({ id, name }) => [name, id]));
    return JSON.parse(JSON.stringify({ last, named, text: `${rows.map((row) => row.name).join(", ")}` }));
})()
