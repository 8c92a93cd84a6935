[
  "1234567.891".replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ","),
  "price: $5, cost: $12".match(/(?<=\$)\d+/g),
  "foobar foobaz".match(/foo(?!bar)\w+/g),
  "camelCaseToSnakeHTTP".replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase(),
  "a1b22c333".split(/(?<=\d)(?=[a-z])/),
];
