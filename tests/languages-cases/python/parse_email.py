from email import message_from_string, policy
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
raw = """From: Ada <ada@example.org>
To: bob@example.org
Subject: =?utf-8?q?Caf=C3=A9?=
Content-Type: text/plain; charset="utf-8"

Hello
"""
message = message_from_string(raw, policy=policy.default)
made = EmailMessage()
made["Subject"], made["To"] = "Report", "x@example.org"
made.set_content("See it.")
made.add_attachment("a,b\n1,2\n", filename="data.csv")
both = MIMEMultipart("alternative")
both.attach(MIMEText("plain"))
both.attach(MIMEText("<b>html</b>", "html"))
[message["Subject"], message["From"].addresses[0].username, message.get_content().strip(), made.is_multipart(),
 [part.get_filename() for part in made.iter_attachments()], [part.get_content_type() for part in both.walk()]]
