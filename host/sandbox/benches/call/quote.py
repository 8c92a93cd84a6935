import json, sys
order = json.loads(sys.stdin.read())
lines = [{"sku": line["sku"], "quantity": line["quantity"], "cents": line["quantity"] * line["price_cents"]} for line in order["lines"]]
net = sum(line["cents"] for line in lines)
tax = net * order["rate_percent"] // 100
print(json.dumps({
    "customer": order["customer"]["name"], "country": order["customer"]["country"], "lines": lines,
    "net_cents": net, "tax_cents": tax, "total_cents": net + tax, "note": order["note"],
    "summary": "%d lines for \"%s\"" % (len(lines), order["customer"]["id"]),
}))
