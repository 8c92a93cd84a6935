import subprocess

try:
    subprocess.run(["ls", "/"], check=True)
except OSError as error:
    said = "there are no other programs in the sandbox" in str(error)
said
