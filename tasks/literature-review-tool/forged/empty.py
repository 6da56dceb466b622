"""Forgery: nothing to be wrong about."""


def review(question):
    return []
