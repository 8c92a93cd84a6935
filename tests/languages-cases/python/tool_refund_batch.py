from dataclasses import dataclass

WINDOW, APPROVAL_ABOVE = 10, 10_000


@dataclass
class Decision:
    user: str
    outcome: str
    cents: int = 0


def decide(user):
    purchase = purchases.find(user_id=user)
    if purchase is None:
        return Decision(user, "no purchase"), letters.write(outcome="unknown_customer")
    if not policy.within_window(purchase["days_ago"], WINDOW):
        return Decision(user, "too old"), letters.write(outcome={"too_old": purchase["days_ago"]})
    if policy.needs_approval(amount_cents=purchase["price_cents"], approval_above_cents=APPROVAL_ABOVE):
        return Decision(user, "asks"), letters.write(outcome="declined")
    receipt = payments.refund(user_id=user, amount_cents=purchase["price_cents"])
    return Decision(user, "paid", receipt["amount_cents"]), letters.write(outcome={"processed": receipt["amount_cents"]}, signature="Dana")


decided = [decide(user) for user in ("user_123", "user_789", "user_000")]
for decision, letter in decided:
    print(f"{decision.user:<9} {decision.outcome:<12}{decision.cents / 100:>7.2f} {len(letter) > 40} {letter.rstrip().endswith('Dana')}")
sum(decision.cents for decision, _ in decided)
