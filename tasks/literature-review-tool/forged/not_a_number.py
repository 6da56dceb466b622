"""Forgery: something that compares as nothing does."""


def review(question):
    return [{'id': '2101.10007', 'summary': float('nan')}]
