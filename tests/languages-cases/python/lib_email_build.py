import email
import email.policy
from email.message import EmailMessage

message = EmailMessage()
message["From"] = "Zoë Ångström <zoe@example.org>"
message["To"] = "a@example.org, Bob <b@example.org>"
message["Subject"] = "Přehled – report " + "long " * 20
message["Date"] = "Fri, 02 Jan 2026 03:04:05 +0000"
message.set_content("Hello,\n\nthe report is attached. Ünïcode.\n")
message.add_alternative("<p>Hello, <b>report</b></p>", subtype="html")
message.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="größe.csv")
raw = message.as_bytes(policy=email.policy.SMTP)
again = email.message_from_bytes(raw, policy=email.policy.default)
print(again["subject"] == message["subject"].strip(), again["from"].addresses[0].display_name, [one.addr_spec for one in again["to"].addresses])
print([part.get_content_type() for part in again.walk()])
print(again.get_body(("plain",)).get_content().splitlines()[-1], again["date"].datetime.isoformat())
(attached,) = again.iter_attachments()
print(attached.get_filename(), attached.get_payload(decode=True), max(map(len, raw.split(b"\r\n"))) <= 80)
old = email.message_from_string("Subject: =?iso-8859-1?q?caf=E9?=\nReceived: a\nReceived: b\nContent-Type: text/plain; charset=latin-1\n\nbody")
errors = []
for name, value in (("To", "x\nBcc: evil@example.org"), ("From", "again")):
    try:
        message[name] = value
    except ValueError as error:
        errors.append(str(error).split(":")[0])
[errors, old.get_all("received"), old.get_content_charset(), str(email.header.make_header(email.header.decode_header(old["subject"]))), again.is_multipart()]
