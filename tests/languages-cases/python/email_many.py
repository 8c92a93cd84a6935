import email, email.policy, email.utils, mimetypes, base64, quopri
from email.message import EmailMessage
from email.mime.text import MIMEText
from email.mime.multipart import MIMEMultipart
from email.mime.application import MIMEApplication
m = EmailMessage(); m["Subject"] = "Héllo — wörld " * 3; m["From"] = "Ann Ü <a@x.org>"; m["To"] = "b@y.org, C <c@z.org>"; m.set_content("Plain é\n"); m.add_alternative("<p>é</p>", subtype="html"); m.add_attachment(b"\x00\x01", maintype="application", subtype="octet-stream", filename="ü.bin")
m.set_boundary("BB"); 
for p in m.walk(): 
    if p.is_multipart() and p is not m: p.set_boundary("CC")
print(m.as_string())
r = email.message_from_bytes(m.as_bytes(), policy=email.policy.default); print(r["subject"], r["to"].addresses[1].display_name, r.get_body(("plain",)).get_content(), [a.get_filename() for a in r.iter_attachments()], r.get_content_type())
q = MIMEMultipart(); q.attach(MIMEText("hi", "plain", "utf-8")); q.attach(MIMEApplication(b"z", Name="z.bin")); print(q.get_content_type(), q.get_payload()[0].get_payload(decode=True), len(q.get_payload()))
raw = "From: x\nSubject: =?utf-8?b?w6k=?= =?iso-8859-1?q?=E9_x?=\nReceived: a\nReceived: b\nContent-Type: text/plain; charset=latin-1\nContent-Transfer-Encoding: quoted-printable\n\n=E9=\n end"
e = email.message_from_string(raw); print(e.get_payload(decode=True).decode("latin-1"), e.get_all("received"), str(email.header.make_header(email.header.decode_header(e["subject"]))), e.get_content_charset(), e.get("nope", "d"), e.items()[0])
print(email.utils.parseaddr("A B <a@b>"), email.utils.formataddr(("é", "a@b")), email.utils.getaddresses(["a@b, X <y@z>"]), email.utils.parsedate_to_datetime("Mon, 01 Jan 2024 10:00:00 +0100"), email.utils.format_datetime(email.utils.parsedate_to_datetime("Mon, 01 Jan 2024 10:00:00 -0000")), mimetypes.guess_type("a.tar.gz"), mimetypes.guess_extension("text/html"), mimetypes.guess_type("x.csv"))
print(quopri.encodestring("é=\n".encode()))
