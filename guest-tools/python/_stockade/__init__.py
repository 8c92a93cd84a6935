"""What makes of CPython in a sandbox what agent-written code expects."""
