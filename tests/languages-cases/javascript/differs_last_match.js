const found = /(\d+)-(\d+)/.exec("from 10-20");
console.log(found[1], found[2]);
RegExp.$1
