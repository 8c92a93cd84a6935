let text = "";
for await (const chunk of process.stdin) text += chunk;
return text.length;
