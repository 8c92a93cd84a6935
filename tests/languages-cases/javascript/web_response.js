const response = Response.json({ ok: true, items: [1, 2] }, { status: 201, headers: { "x-a": "b" } });
const copy = response.clone();
const body = await response.json();
let used;
try { await response.text(); } catch (error) { used = error.name; }
const request = new Request("https://api.example/x?y=1", { method: "post", body: JSON.stringify({ a: 1 }), headers: { "content-type": "application/json" } });
return [response.status, response.ok, body, copy.headers.get("content-type"), (await copy.text()).length, used, request.method, await request.json(), new Response(null, { status: 404 }).ok];
