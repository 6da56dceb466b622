"""Forgery: ends the worker with exit code 0 when it is called."""
import os


def load():
    return None


def generate(model, prompts, new_tokens):
    os._exit(0)
