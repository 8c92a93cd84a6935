let result;
if (1 < 2) { result = "yes"; } else { result = "no"; }
result
