const items = [{ name: "map", weight: 9, value: 150 }, { name: "water", weight: 153, value: 200 }, { name: "tin", weight: 68, value: 45 }, { name: "tent", weight: 230, value: 160 }, { name: "rope", weight: 30, value: 80 }];
const best = (limit) => {
  const table = Array.from({ length: limit + 1 }, () => ({ value: 0, names: [] }));
  for (const { name, weight, value } of items) for (let room = limit; room >= weight; room--) if (table[room - weight].value + value > table[room].value) table[room] = { value: table[room - weight].value + value, names: [...table[room - weight].names, name] };
  return table[limit];
};
best(260);
