const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
[999, 1234, 15600, 1.5e6, 2e9, -4200].map((value) => compact.format(value));
