from datetime import datetime
texts = ["2026-03-04", "04/03/2026", "Mar 4, 2026", "4 March 2026 15:30", "20260304", "yesterday"]
FORMATS = ["%Y-%m-%d", "%d/%m/%Y", "%b %d, %Y", "%d %B %Y %H:%M", "%Y%m%d"]

def parse(text):
    for form in FORMATS:
        try:
            return datetime.strptime(text, form).isoformat()
        except ValueError:
            continue
    return None

[parse(text) for text in texts]
