import subprocess
try:
    subprocess.run(["stockade-no-such-program"], check=True)
except OSError as error:
    told = "refused"
told
