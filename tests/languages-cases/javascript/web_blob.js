const blob = new Blob(["héllo ", new Uint8Array([119, 111]), new Blob(["rld"])], { type: "text/plain" });
const file = new File([blob.slice(0, 6)], "a.txt", { type: "text/plain", lastModified: 0 });
return [blob.size, blob.type, await blob.text(), file.name, file.size, await file.text(), (await blob.arrayBuffer()).byteLength, await blob.slice(-3).text()];
