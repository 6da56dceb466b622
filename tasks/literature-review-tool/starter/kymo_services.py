"""What a program can ask while it runs: a library of papers, and a language model. Standard library only.

    from kymo_services import ask, search

    for paper in search('ti:"sparse routing" AND au:okafor', max_results=5):
        print(paper['id'], paper['title'])
    print(ask('List the most important words of this text. Text: ...'))

Searches and questions are counted; services.md says how many there are and what a query may look like.
"""
import http.client
import json
import os
import socket
import urllib.parse
import xml.etree.ElementTree as ElementTree

ATOM = '{http://www.w3.org/2005/Atom}'
PAPER = '{urn:kymo:paper}'


class ServiceError(Exception):
    """A request that was refused, or a service that failed. `code` is stable: bad_query, bad_request, budget_spent, ..."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def search(query='', max_results=10, start=0, ids=(), newest_first=False):
    """Papers as dicts with id, title, authors, published, year, summary, categories, journal and doi (None where there is none); best first."""
    asked = {'max_results': max_results, 'start': start, 'sortBy': 'submittedDate' if newest_first else 'relevance'}
    if query:
        asked['search_query'] = query
    if ids:
        asked['id_list'] = ','.join(ids)
    feed = ElementTree.fromstring(request('GET', '/literature/query?' + urllib.parse.urlencode(asked)))
    return [read_entry(entry) for entry in feed.iter(ATOM + 'entry')]


def read_entry(entry):
    published = entry.findtext(ATOM + 'published')[:10]
    return {
        'id': entry.findtext(ATOM + 'id').rsplit(':', 1)[-1],
        'title': entry.findtext(ATOM + 'title'),
        'authors': [name.text for name in entry.iterfind(f'{ATOM}author/{ATOM}name')],
        'published': published,
        'year': int(published[:4]),
        'summary': entry.findtext(ATOM + 'summary'),
        'categories': [category.get('term') for category in entry.iter(ATOM + 'category')],
        'journal': entry.findtext(PAPER + 'journal_ref'),
        'doi': entry.findtext(PAPER + 'doi'),
    }


def ask(prompt, system=None, max_tokens=400):
    """The model's answer to a prompt."""
    messages = ([{'role': 'system', 'content': system}] if system else []) + [{'role': 'user', 'content': prompt}]
    return json.loads(request('POST', '/model', {'messages': messages, 'max_tokens': max_tokens}))['text']


def budget():
    """What is left: {'literature': {'calls': ...}, 'model': {'calls': ..., 'tokens': ..., 'answer_tokens': ...}}."""
    return json.loads(request('GET', '/budget'))


def request(method, path, body=None):
    connection = http.client.HTTPConnection('services')
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(os.environ['KYMO_SERVICES'])
    try:
        connection.request(method, path, body=None if body is None else json.dumps(body))
        response = connection.getresponse()
        raw = response.read()
    finally:
        connection.close()
    if response.status != 200:
        error = json.loads(raw)['error']
        raise ServiceError(error['code'], error['message'])
    return raw
