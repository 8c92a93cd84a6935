const summary = input.orders.map(({ id, lines, coupon }) => {
  const gross = lines.reduce((sum, { qty, price }) => sum + Math.round(qty * price * 100), 0);
  const discount = Math.round(gross * (input.coupons[coupon] ?? 0));
  return { id, gross, discount, net: gross - discount };
});
const skus = Object.entries(input.orders.flatMap((order) => order.lines).reduce((all, { sku, qty }) => ({ ...all, [sku]: (all[sku] ?? 0) + qty }), {}));
({ summary, skus, empty: summary.filter((one) => one.gross === 0).map((one) => one.id) });
