const texts = ["2024-02-30", "2024-13-01", "not a date", "2024-06-15T25:00:00Z", "2024-06-15"];
texts.map((text) => { const date = new Date(text); return Number.isNaN(date.getTime()) ? `${text}: invalid` : date.toISOString(); }).slice(1);
