/** The client of the revision of 2025-11-25, by `@modelcontextprotocol/sdk`. Usage: old.mjs [URL TOKEN] */

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { refundLater, stdio, use } from './agent.mjs';

const [url, token] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const client = new Client({ name: 'old', version: '1' });
await client.connect(url
    ? new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
    : new StdioClientTransport(stdio));
await use(client);
await refundLater(client);
await client.close();
console.log(`old.mjs ${url ? 'HTTP' : 'stdio'}: done`);
