for (let at = 0; ; at++) new Intl.NumberFormat("de-DE", { minimumFractionDigits: 100 }).format(at / 3) + new Date(at).toLocaleString("fr-FR") + ["b", "ä"].sort(new Intl.Collator("de-DE").compare)
