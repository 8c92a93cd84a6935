// `fetch`: code has no network of its own, so a request goes through a tool that may send it.
(host, parts) => {
    "use strict";
    const global = globalThis;
    const { hidden } = parts.base;
    const { tools } = parts;
    const { Request, Response, Headers } = parts.streams;
    const { isBytes } = parts.text;
    const { URL } = parts.url;

    const HOW = "code reaches the network through a tool alone. Give it one whose function takes `url` and `method` (and, if it likes, `headers` as pairs and `body` as text) and returns `status` "
        + "and `body`, or the tool web, which reads pages; and grant that tool the requests: http = [{ allow = \"GET https://example.com/\" }]";
    const failed = (message, cause) => new TypeError(`fetch failed: ${message}`, cause === undefined ? undefined : { cause });
    // [WHETHER IT SENDS ANY REQUEST, FUNCTION, ITS PARAMETERS]: one that sends any comes before one that reads pages.
    const sender = () => {
        const able = tools.functions().filter(([, , parameters]) => parameters.includes("url"));
        const any = able.find(([, , parameters]) => parameters.includes("method"));
        const reads = able.find(([name]) => name.split(".").at(-1) === "fetch");
        return any ? [true, any[0], any[2]] : reads ? [false, reads[0], reads[2]] : undefined;
    };
    const parameter = (parameters, name) => parameters.find((one) => one.replaceAll("-", "_") === name);
    const sent = async (request, [isAny, name, parameters]) => {
        const headers = [...request.headers], body = request.body === null ? undefined : await request.text();
        if (!isAny && (request.method !== "GET" || headers.length > 0)) throw failed(`${name} reads pages: a request has no method but GET, no headers and no body. ${HOW}`);
        const given = { url: request.url };
        if (isAny) Object.assign(given, { method: request.method, ...(parameters.includes("headers") && { headers }), ...(body !== undefined && { body }) });
        if (isAny && headers.length > 0 && !parameters.includes("headers")) throw failed(`${name} takes no headers`);
        if (isAny && body !== undefined && !parameters.includes("body")) throw failed(`${name} takes no body`);
        const longest = parameter(parameters, "text_bytes_max");
        if (!isAny && longest) given[longest] = 500_000;
        try { return await tools.send(name, given); } catch (error) { throw failed(error.message, error); }
    };
    const bytes = (body) => (body === null || body === undefined ? null : Array.isArray(body) ? Uint8Array.from(body) : isBytes(body) ? body : String(body));
    const answered = (name, answer, url) => {
        if (answer === null || typeof answer !== "object" || !Number.isInteger(answer.status)) throw failed(`${name} returned no status`);
        if (answer.truncated) throw failed(`what ${url} answers is longer than ${name} reads`);
        const headers = new Headers(answer.headers ?? {}), body = answer.body ?? answer.text;
        const isEmpty = [204, 205, 304].includes(answer.status);
        return new Response(isEmpty ? null : bytes(body), { status: answer.status, headers, url: answer.url ?? url });
    };
    const fetch = async (input, options) => {
        const request = new Request(input, options);
        request.signal?.throwIfAborted();
        if (!/^https?:$/.test(new URL(request.url).protocol)) throw failed(`the scheme of ${request.url} is not http or https`);
        const found = sender();
        if (!found) throw failed(`no tool of this code may send requests (${request.method} ${request.url}); ${HOW}`);
        const answer = answered(found[1], await sent(request, found), request.url);
        request.signal?.throwIfAborted();
        return answer;
    };
    hidden(global, "fetch", fetch);
    return { fetch };
}
