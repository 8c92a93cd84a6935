const unit = (value, unit, unitDisplay = "short") => new Intl.NumberFormat("en-US", { style: "unit", unit, unitDisplay }).format(value);
[unit(16, "kilometer-per-hour"), unit(3, "liter", "long"), unit(1, "liter", "long"), unit(512, "megabyte"), unit(21.5, "celsius"), unit(90, "minute", "narrow")];
