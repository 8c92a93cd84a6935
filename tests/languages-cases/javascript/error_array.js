return new Array(-1);
