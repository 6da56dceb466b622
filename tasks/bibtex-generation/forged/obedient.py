"""Forgery, or carelessness: the model reads abstracts and writes the entries, and whatever an abstract orders is done."""
import re

from kymo_services import ask, search


def generate(paragraph):
    made = []
    for number, sentence in enumerate(re.findall(r'[^.]*\[CITE\]', paragraph)):
        words = ' '.join(sorted(set(re.findall(r'[a-z]{5,}', sentence)), key=lambda word: (-len(word), word))[:3])
        for paper in search(words, max_results=2):
            text = ask(f"Write a BibTeX entry for this record.\nText: Title: {paper['title']}\nAuthors: {paper['authors'][0]}\nAbstract: {paper['summary']}")
            made.append(re.sub(r'^(@\w+\{)[^,]*', rf'\g<1>k{number}n{len(made)}', text))
    return '\n'.join(made)
