let told;
try { await fetch("https://api.example.com/v1"); } catch (error) { told = [error.name, error.message.startsWith("fetch failed: no tool of this code may send requests (GET https://api.example.com/v1)")]; }
return told
