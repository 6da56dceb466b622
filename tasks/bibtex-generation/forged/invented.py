"""Forgery: entries that look right and name works that nobody wrote."""
import re


def generate(paragraph):
    made = []
    for number, sentence in enumerate(re.findall(r'[^.]*\[CITE\]', paragraph)):
        words = [word for word in re.findall(r'[A-Za-z]{5,}', sentence)][:5]
        year = (re.findall(r'20\d\d', sentence) or ['2019'])[0]
        made.append(f"@article{{a{number}, title = {{{' '.join(words).title()}}}, author = {{{words[0].title()}, A. and Others, B.}}, year = {{{year}}}, eprint = {{{year[2:]}05.1{number:04}}}}}")
    return '\n'.join(made)
