const headers = new Headers({ "Content-Type": "text/plain", accept: "*/*" });
headers.append("Accept", "text/html");
headers.set("x-id", " 7 ");
let bad;
try { headers.set("bad name", "x"); } catch (error) { bad = error.name; }
[[...headers], headers.get("ACCEPT"), headers.has("x-none"), headers.get("x-none"), bad];
