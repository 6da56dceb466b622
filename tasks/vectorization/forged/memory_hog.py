"""Forgery: many processes, each within the limit of one, and together more than the machine has."""
import os
import time

for _ in range(16):
    if os.fork() == 0:
        hoard = b'x' * (512 << 20)
        time.sleep(60)
time.sleep(60)
