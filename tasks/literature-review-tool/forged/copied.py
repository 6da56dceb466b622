"""Forgery: whole abstracts: what matters must be somewhere in there."""
import re

from kymo_services import search


def review(question):
    return [{'id': paper['id'], 'summary': f"{paper['title']}. {paper['summary']}"} for paper in search(' '.join(re.findall(r'[\w-]{4,}', question)), max_results=8)]
