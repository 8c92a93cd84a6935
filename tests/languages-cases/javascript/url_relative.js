const page = "https://site.example/docs/guide/intro.html?v=1#s";
["next.html", "../api/", "/root", "?v=2", "#x", "//cdn.example/x.js", "https://other.example", "./a/./b/../c", ""].map((link) => new URL(link, page).href);
