/** The client of the revision of 2025-11-25, by `@modelcontextprotocol/sdk`. Usage: old.mjs [URL TOKEN] */

import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitationCompleteNotificationSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { approve, refundLater, runOf, stdio, use } from './agent.mjs';

const [url, token] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const transport = () => url
    ? new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
    : new StdioClientTransport(stdio);

const client = new Client({ name: 'old', version: '1' });
await client.connect(transport());
await use(client);
await refundLater(client);
await client.close();

// One that opens addresses is asked to while its call waits, and hears when the person has decided.
const [asked, decided, completed] = [[], [], []];
const opening = new Client({ name: 'old', version: '1' }, { capabilities: { elicitation: { url: {} } } });
opening.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    assert.equal(params.mode, 'url');
    asked.push(params.elicitationId);
    decided.push(approve(runOf(params.url)));
    return { action: 'accept' };
});
opening.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) => {
    completed.push(params.elicitationId);
});
await opening.connect(transport());
const paid = await opening.callTool({ name: 'payments__refund', arguments: { user_id: 'user_789', amount_cents: 6 } });
assert.equal(paid.structuredContent.result.amount_cents, 6);
assert.equal(asked.length, 1);
await Promise.all(decided);
// Over HTTP it comes in a stream of its own.
if (!url) assert.deepEqual(completed, asked);
await opening.close();
console.log(`old.mjs ${url ? 'HTTP' : 'stdio'}: done`);
