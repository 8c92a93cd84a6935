import chart
svg = chart.bar(["Q1", "Q2 & Q3"], {"2025": [3, 4.5], "2026": [5, float("nan")]}, title="Sales <net>", y_label="kEUR")
[svg.startswith("<svg "), svg.endswith("</svg>\n"), svg.count("<rect"), "Sales &lt;net&gt;" in svg, "1 value is left out" in svg, len(svg)]
