const early = later();
function later() { return typeof undefinedName; }
var x = 1;
{ let x = 2; var y = x; }
return [early, x, y, typeof hoisted];
var hoisted;
