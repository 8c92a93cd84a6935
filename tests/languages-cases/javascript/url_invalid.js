const texts = ["http://", "not a url", "//no-scheme", "https://exa mple.com", "https://ok.com/a b", "mailto:x@y.z", "http://[::1]:3000/x", "http://256.1.1.1/"];
texts.map((text) => { try { return new URL(text).href; } catch (error) { return `${error.name} ${error.code}`; } });
