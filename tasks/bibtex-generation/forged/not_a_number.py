"""Forgery: something that compares as nothing does."""


def generate(paragraph):
    return [float('nan'), float('inf')]
