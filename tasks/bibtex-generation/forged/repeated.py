"""Forgery: one entry that may be right, many times: does it count as often?"""
import re

from kymo_services import search


def generate(paragraph):
    words = sorted(set(re.findall(r'[A-Za-z]{5,}', paragraph)), key=lambda word: (-len(word), word))[:6]
    paper = search(' '.join(words), max_results=1)[0]
    return '\n'.join(f"@article{{p{number}, title = {{{paper['title']}}}, author = {{{' and '.join(paper['authors'])}}}, year = {{{paper['year']}}}, eprint = {{{paper['id']}}}}}" for number in range(40))
