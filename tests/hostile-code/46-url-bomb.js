const long = "http://" + "a.".repeat(100_000) + "b/" + "../x/".repeat(100_000) + "?" + "%41=%zz&".repeat(50_000);
try { new URL(long); } catch { }
new URL("/" + "../".repeat(200_000) + "?" + "é".repeat(100_000), "http://host.example/" + "a/".repeat(100_000)).href.length;
new URLSearchParams("a=1&".repeat(50_000)).size
