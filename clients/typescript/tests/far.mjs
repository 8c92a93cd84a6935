/** A server on loopback that answers as it is told, one request after the other, and keeps what it was asked. */

import { createServer } from "node:http";

export const DROP = { drop: true };

export function document(value, status = 200, headers = {}) {
  return { status, headers, body: JSON.stringify(value) };
}

export function problem(status, kind, more = {}, headers = {}) {
  return document({ type: `urn:stockade:fault:${kind}`, title: "t", status, detail: "d", kind, ...more }, status, headers);
}

/** A stream of events; where it is cut, its connection breaks off behind them. */
export function events(each, { cut = false } = {}) {
  const text = each.map(([name, id, data]) => `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
  return { status: 200, headers: { "Content-Type": "text/event-stream" }, body: `: \n\n${text.join("")}`, cut };
}

export async function far(answers, use) {
  const [left, asked] = [[...answers], []];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    asked.push({ what: `${request.method} ${request.url}`, headers: request.headers, body: text ? JSON.parse(text) : undefined });
    const answer = left.shift() ?? problem(500, "host_bug");
    if (answer.drop) return request.socket.destroy();
    response.writeHead(answer.status, answer.headers);
    if (!answer.cut) return response.end(answer.body);
    response.write(answer.body, () => setTimeout(() => request.socket.destroy(), 5));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    await use(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
  return asked;
}
