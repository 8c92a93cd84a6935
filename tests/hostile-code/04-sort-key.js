const a = Array.from({length: 1e5}, (_, i) => i); a.sort(() => { for (;;); })
