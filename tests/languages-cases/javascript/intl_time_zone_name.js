new Date(Date.UTC(2025, 0, 1)).toLocaleTimeString("en-US", { timeZone: "UTC", timeZoneName: "short" });
