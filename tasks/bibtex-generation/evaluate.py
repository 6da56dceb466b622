"""Scores the BibTeX that a program writes for hidden paragraphs.

For each paragraph: is the text valid BibTeX, are the cited works there and no others (F1), do the entries say what the records say? The score is
F1 times the share of right fields, averaged over the paragraphs. Each paragraph has a worker and a budget of its own.
"""
import codecs
import json
import re
import unicodedata
from pathlib import Path

import latexcodec  # noqa: F401  registers the codec "ulatex"
import pybtex
from pybtex.database.input.bibtex import Parser

from kymo_task import Refused, Worker, grade, read_submitted
from kymo_text import Services, ask

MOST_CHARACTERS = 200_000
FIELDS = ('title', 'author', 'year', 'eprint')
OPTIONAL = ('journal', 'doi')
# A program that fails on more than this share of the paragraphs is refused.
FAILURES = 0.25


def folded(text):
    """For comparison: LaTeX and accents resolved, only letters and digits, lower case."""
    if '\\' in text:
        try:
            text = codecs.decode(text, 'ulatex')
        except (ValueError, RecursionError):
            pass
    text = text.translate({0xD8: 'O', 0xF8: 'o', 0x141: 'L', 0x142: 'l', 0xDF: 'ss'})
    return re.sub(r'[^a-z0-9]', '', unicodedata.normalize('NFKD', text).lower())


def people(names):
    """(family, first given letter) of each, so that initials are as good as first names."""
    return [(folded(' '.join([*person.prelast_names, *person.last_names])), folded(' '.join(person.first_names))[:1]) for person in names]


def expected_people(names):
    return [(folded(name.rsplit(' ', 1)[-1]), folded(name)[:1]) for name in names]


def parsed(text):
    """[(fields, persons)] of the entries. Throws ValueError with what a BibTeX parser says."""
    if not isinstance(text, str):
        raise ValueError(f'generate() gave {type(text).__name__}, not a text')
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f'the text has {len(text)} characters; at most {MOST_CHARACTERS} are read')
    if re.search(r'@\s*string', text, re.I):
        raise ValueError('@string is not read here; write values in full')
    try:
        database = Parser().parse_string(text)
    except Exception as error:  # of whatever class: it is this text that pybtex could not read
        raise ValueError(f'{type(error).__name__}: {str(error)[:300]}') from error
    return [({name.lower(): value for name, value in entry.fields.items()}, entry.persons.get('author', [])) for entry in database.entries.values()]


def eprint_of(fields):
    return re.sub(r'^arxiv:', '', fields.get('eprint', '').strip().lower())


def right_fields(fields, persons, paper):
    """(right, asked) of an entry that claims to be this paper. What is optional counts where it is written."""
    checks = [folded(fields.get('title', '')) == folded(paper['title']), people(persons) == expected_people(paper['authors']), fields.get('year', '').strip() == paper['published'][:4], eprint_of(fields) == paper['id']]
    if 'journal' in fields:
        checks.append(bool(folded(fields['journal'])) and folded(fields['journal']) in folded(paper.get('journal', '')))
    if 'doi' in fields:
        checks.append(fields['doi'].strip().lower() == paper.get('doi'))
    return sum(checks), len(checks)


def judge(text, wanted, papers, by_title):
    """The parts of the score of one paragraph."""
    parts = {'valid': False, 'entries': 0, 'right': 0, 'wanted': len(wanted), 'invented': 0, 'faithful': 0.0, 'score': 0.0, 'problem': ''}
    try:
        entries = parsed(text)
    except ValueError as error:
        parts['problem'] = str(error)
        return parts
    parts.update(valid=True, entries=len(entries))
    found, right, asked = set(), 0, 0
    for fields, persons in entries:
        paper = papers.get(eprint_of(fields)) or by_title.get(folded(fields.get('title', '')))
        # A work that is named by its number only is no reference: the title must be there, and be its own.
        if paper is None or folded(fields.get('title', '')) != folded(paper['title']):
            parts['invented'] += 1
        elif paper['id'] in wanted and paper['id'] not in found:
            found.add(paper['id'])
            good, all_of_them = right_fields(fields, persons, paper)
            right, asked = right + good, asked + all_of_them
    parts['right'] = len(found)
    if found:
        parts['faithful'] = right / asked
        parts['score'] = 2 * len(found) / (len(entries) + len(wanted)) * parts['faithful']
    return parts


def add(total, facts):
    for service, counts in facts.items():
        for name, count in counts.items():
            total.setdefault(service, {})
            total[service][name] = count if isinstance(count, str) else total[service].get(name, 0) + count


def evaluate(request):
    read_submitted(request['tree_dir'], 'bibtex_generation.py')
    answers = Path(request['answers_dir'])
    papers = {paper['id']: paper for paper in map(json.loads, (answers / 'papers.jsonl').read_text('utf-8').splitlines())}
    by_title = {folded(paper['title']): paper for paper in papers.values()}
    inputs = json.loads((answers / 'inputs.json').read_text('utf-8'))
    services, limits = Services(request), request['limits']
    asked, judged, failed = {}, [], 0
    for index, given in enumerate(inputs):
        services.begin()
        try:
            with Worker(request['submission'], 'bibtex_generation.py') as worker:
                worker.ready(limits['start_seconds'])
                text = ask(worker, given['paragraph'], limits['call_seconds'])
            judged.append(judge(text, set(given['references']), papers, by_title))
        except Refused as refusal:
            failed += 1
            judged.append({**judge(None, set(given['references']), papers, by_title), 'problem': f'{refusal.code}: {refusal}'[:500]})
            if refusal.code in ('import_failed', 'timed_out', 'protocol') or failed > FAILURES * len(inputs):
                refusal.details = {'paragraph': index + 1, 'failed': failed}
                raise
        add(asked, services.begin())
    entries, right, wanted = (sum(parts[name] for parts in judged) for name in ('entries', 'right', 'wanted'))
    faithful = [parts['faithful'] for parts in judged if parts['right']]
    return {
        'value': sum(parts['score'] for parts in judged) / len(judged),
        'details': {
            'paragraphs': len(judged), 'validity': sum(parts['valid'] for parts in judged) / len(judged), 'coverage': right / wanted, 'precision': right / entries if entries else 0.0,
            'faithfulness': sum(faithful) / len(faithful) if faithful else 0.0, 'entries': entries, 'invented': sum(parts['invented'] for parts in judged),
            'problems': [f"paragraph {index + 1}: {parts['problem']}" for index, parts in enumerate(judged) if parts['problem']][:10], 'services': asked, 'pybtex': pybtex.__version__,
        },
    }


if __name__ == '__main__':
    grade(evaluate)
