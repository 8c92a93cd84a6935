/** What the programs of both TypeScript clients do with the server: `run` starts them. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const { STOCKADE_BIN: program, STOCKADE_DATA: data } = process.env;

/** The command that starts the server on stdin. */
export const stdio = {
    command: program,
    args: ['mcp', '--data-dir', data, '--tools', 'purchases,payments', '--workflows', 'refund', '--languages', 'javascript',
        '--page', 'http://127.0.0.1:7700'],
    env: process.env,
};

/** A person approves a run, beside the agent. */
export async function approve(run) {
    await promisify(execFile)(program, ['approve', run, '--by', 'dana', '--data-dir', data]);
}

/** The run of the address that an agent is asked to take to a person. */
export const runOf = url => new URL(url).pathname.split('/').at(-1);

/** Lists, calls, runs code, and reads a resource. */
export async function use(client) {
    const { tools } = await client.listTools();
    const names = tools.map(tool => tool.name);
    for (const name of ['purchases__find', 'payments__refund', 'exec__javascript', 'run_status']) {
        assert(names.includes(name), `${name} is not among ${names}`);
    }
    assert.equal(tools.find(tool => tool.name === 'purchases__find').annotations.readOnlyHint, true);

    const found = await client.callTool({ name: 'purchases__find', arguments: { user_id: 'user_123' } });
    assert.equal(found.structuredContent.result.price_cents, 14900);
    const code = 'return (await purchases.find({user_id: input})).price_cents';
    const ran = await client.callTool({ name: 'exec__javascript', arguments: { code, input: 'user_123' } });
    assert.equal(ran.structuredContent.result, 14900);
    const failed = await client.callTool({ name: 'exec__javascript', arguments: { code: 'throw new Error("no")' } });
    assert.equal(failed.isError, true);
    await assert.rejects(client.callTool({ name: 'letters__write', arguments: {} }));

    const { resources } = await client.listResources();
    assert(resources.length >= 3, `${resources.length} resources`);
    const { contents } = await client.readResource({ uri: `stockade://runs/${found._meta['stockade/run']}/result` });
    assert.equal(JSON.parse(contents[0].text).price_cents, 14900);
}

/** A call that a person must approve, and whose result is asked for later. */
export async function refundLater(client) {
    const waiting = await client.callTool({ name: 'payments__refund', arguments: { user_id: 'user_789', amount_cents: 5 } });
    const { run_id: run, status } = waiting.structuredContent.run;
    assert.equal(status, 'waiting');
    await approve(run);
    const paid = await client.callTool({ name: 'run_status', arguments: { run_id: run } });
    assert.equal(paid.structuredContent.result.amount_cents, 5);
}
