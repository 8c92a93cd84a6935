const n = 2n ** 100n;
return [n.toString(), Number(10n / 3n), typeof n, BigInt("12345678901234567890") % 97n === 12345678901234567890n % 97n, 5n > 4];
