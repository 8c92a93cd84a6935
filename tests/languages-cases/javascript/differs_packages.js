const _ = require("lodash");
_.chunk([1, 2, 3], 2);
