// Greets people.

export const greetings = {
  greet(name) {
    if (name === "") throw "nobody to greet"; // what is thrown is the error case
    return `Hello, ${name}`;
  },
};
