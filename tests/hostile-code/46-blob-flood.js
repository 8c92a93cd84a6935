let blob = new Blob(["x".repeat(1000)]);
for (;;) blob = new Blob([blob, blob]);
