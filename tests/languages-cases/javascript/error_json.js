JSON.parse("not json");
