"""Forgery: ends the process, all is well says the exit code."""
import sys


sys.exit(0)
