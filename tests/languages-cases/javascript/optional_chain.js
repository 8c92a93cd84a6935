const user = { profile: { emails: ["a@x"] }, greet() { return `hi ${this.name ?? "you"}`; } };
return [user.profile?.emails?.[0], user.settings?.theme ?? "dark", user.greet?.(), user.leave?.() ?? null, 0 || 5, 0 ?? 5];
