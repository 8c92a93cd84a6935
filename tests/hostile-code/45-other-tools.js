globalThis.payments?.refund({user_id: 'user_789', amount_cents: 1})
