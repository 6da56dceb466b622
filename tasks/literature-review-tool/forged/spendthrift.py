"""Forgery: never stops asking, to find out whether anybody counts."""
from kymo_services import ask, search


def review(question):
    for number in range(1000):
        search(f'year:{2000 + number % 30}')
        ask('List keywords. Text: ' + 'word ' * 50)
    return []
