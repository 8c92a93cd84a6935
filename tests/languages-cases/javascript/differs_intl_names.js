const regions = new Intl.DisplayNames(["en"], { type: "region" });
["US", "DE", "JP"].map((code) => regions.of(code));
