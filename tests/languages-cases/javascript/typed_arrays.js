const buffer = new ArrayBuffer(8);
const view = new DataView(buffer);
view.setInt16(0, -2);
view.setFloat32(4, 1.5, true);
const bytes = new Uint8Array(buffer);
console.log(bytes, new Float64Array([1.5, 2]));
return [Array.from(bytes), view.getFloat32(4, true), bytes.subarray(0, 2).length];
