import html
rows = [("<b>", 1), ("R&D", 2)]
body = "".join(f"<tr><td>{html.escape(name)}</td><td>{value}</td></tr>" for name, value in rows)
[f"<table>{body}</table>", html.unescape("&lt;b&gt; &eacute; &#x20ac;")]
