interface Row {
  name: string;
  tags?: string[];
}

const rows: Row[] = [{ name: "a", tags: ["x"] }, { name: "b" }];
function count(row: Row): number {
  return row.tags!.length;
}
console.log(count(rows[0]!));
console.log(count(rows[1]!));
