/** The client of the revision of 2026-07-28, by `@modelcontextprotocol/client`. Usage: new.mjs [URL TOKEN] */

import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { approve, runOf, stdio, use } from './agent.mjs';

const [url, token] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const transport = () => url
    ? new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
    : new StdioClientTransport(stdio);

const client = new Client({ name: 'new', version: '1' }, {
    capabilities: { elicitation: { url: {} } },
    versionNegotiation: { mode: 'auto' },
});
const asked = [];
client.setRequestHandler('elicitation/create', async request => {
    assert.equal(request.params.mode, 'url');
    asked.push(runOf(request.params.url));
    await approve(asked.at(-1));
    return { action: 'accept' };
});
await client.connect(transport());
assert.equal(client.getNegotiatedProtocolVersion(), '2026-07-28');
await use(client);
const paid = await client.callTool({ name: 'payments__refund', arguments: { user_id: 'user_789', amount_cents: 7 } });
assert.equal(paid.structuredContent.result.amount_cents, 7);
assert.equal(asked.length, 1);
await client.close();
console.log(`new.mjs ${url ? 'HTTP' : 'stdio'}: done`);
