files.read('/etc/passwd')
