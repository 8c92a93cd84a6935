const Q = require("querystring"), { StringDecoder: SD } = require("string_decoder");
const r = [];
const t = async (name, action) => { try { const value = await action(); r.push([name, JSON.stringify(value, (key, one) => (typeof one === "bigint" ? one + "n" : one === undefined ? "undefined" : one)) ?? String(value)]); } catch (error) { r.push([name, `${error.name} ${error.code ?? ""}`]); } };
await t("qs",()=>[Q.stringify({a:1,b:["x","y z"],c:null,d:true,e:NaN,f:"é&="}),{...Q.parse("a=1&b=2&b=3&c&=d&e=%zz&f=a+b%20c")},Q.stringify({a:"b"},";",":"),{...Q.parse("a:b;c:d",";",":")},Q.escape("a b&"),Q.unescape("a%20b+")]);
await t("sd",()=>{const d=new SD("utf8");return [d.write(Buffer.from([0xe2,0x82])),d.write(Buffer.from([0xac])),d.end(),new SD("base64").write(Buffer.from("ab")),new SD("hex").end(Buffer.from("ab"))]});
await t("sd2",()=>{const d=new SD("utf8");d.write(Buffer.from([0xe2,0x82]));return d.end()});
await t("sd3",()=>{const d=new SD("base64");return [d.write(Buffer.from("abcd")),d.end()]});
await t("sdbad",()=>new SD("nope"));
return r;
