const querystring = require("querystring");
const { StringDecoder } = require("string_decoder");
const decoder = new StringDecoder("utf8"), euro = Buffer.from("€");
[querystring.stringify({ q: "a b&c", page: 2, tags: ["x", "y"], none: undefined }), { ...querystring.parse("q=a+b%26c&tags=x&tags=y&flag") }, [decoder.write(euro.subarray(0, 2)), decoder.write(euro.subarray(2)), decoder.end()]];
