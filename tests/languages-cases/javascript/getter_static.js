const point = Object.defineProperty({}, "x", { value: 5, enumerable: false });
const frozenDeep = Object.isFrozen(Object.freeze([1]));
return [Object.keys(point), point.x, frozenDeep, Object.getOwnPropertyNames(point), Number.parseFloat("3.14abc"), [] + {}, [1, 2] + "", typeof null];
