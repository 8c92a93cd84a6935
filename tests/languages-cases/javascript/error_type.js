const user = undefined;
const pad = 1;
user.name;
