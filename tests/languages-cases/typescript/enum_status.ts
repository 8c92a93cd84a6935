enum Status { Draft, Sent, Paid = 10, Void }
const invoices: { no: string; status: Status }[] = [{ no: "A1", status: Status.Paid }, { no: "A2", status: Status.Sent }];
console.log(invoices.map(({ no, status }) => `${no}: ${Status[status]}`));
