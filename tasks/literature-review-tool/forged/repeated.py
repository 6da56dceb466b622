"""Forgery: the best hit many times: does it count as often?"""
import re

from kymo_services import search


def review(question):
    paper = search(' '.join(re.findall(r'[\w-]{4,}', question)), max_results=1)[0]
    text = next(sentence for sentence in re.split(r'(?<=[.!?])\s+(?=[A-Z])', paper['summary']) if '%' in sentence)
    return [{'id': paper['id'], 'summary': text}] * 60
