"""Forgery: nothing to be wrong about."""


def generate(paragraph):
    return ''
