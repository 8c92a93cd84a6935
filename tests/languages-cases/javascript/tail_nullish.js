const config = { retries: 0, name: "" };
config.retries ||= 3;
config.name ??= "x";
config.extra &&= 1;
return config;
