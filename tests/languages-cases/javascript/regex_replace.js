const masked = "card 4111 1111 1111 1234 ok".replace(/\b(?:\d{4} ){3}(\d{4})\b/, "**** $1");
const camel = "user_first_name".replace(/_(\w)/g, (_, c) => c.toUpperCase());
return [masked, camel, "a1b22".match(/\d+/g), /(?<=\$)\d+/.exec("cost $42")[0], "x".replaceAll("x", "$&$&")];
