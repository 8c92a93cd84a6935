const data = JSON.parse('{"b": [1, 2.5, null, true], "a": {"x": "é"}}');
data.n = data.b.length;
console.log(JSON.stringify(data, null, 2));
return data;
