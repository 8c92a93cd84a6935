typeof process === 'undefined' && typeof Deno === 'undefined'
