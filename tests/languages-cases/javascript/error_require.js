const axios = require("axios");
