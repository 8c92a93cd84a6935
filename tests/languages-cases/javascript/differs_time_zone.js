const instant = new Date("2025-03-30T01:30:00Z");
const zones = ["America/New_York", "Europe/London", "Asia/Kolkata", "Asia/Tokyo"];
zones.map((timeZone) => `${timeZone} ${instant.toLocaleString("en-US", { timeZone, hour: "2-digit", minute: "2-digit", hour12: false })}`);
