"""Writes BibTeX for the works that a paragraph cites."""
import json
import re

from kymo_services import search


def generate(paragraph):
    """BibTeX entries, as one text, for the places marked [CITE] in `paragraph`."""
    entries = []
    for sentence in re.split(r'(?<=[.!?])\s+', paragraph):
        if '[CITE]' not in sentence:
            continue
        words = re.findall(r'[a-z]{5,}', sentence.lower())
        # The longest words tend to be the telling ones.
        found = search(' '.join(sorted(set(words), key=lambda word: (-len(word), word))[:3]), max_results=1)
        entries += [f"@misc{{p{paper['id'].replace('.', '')},\n  title = {{{paper['title']}}},\n  author = {{{paper['authors'][0]}}},\n  year = {{{paper['year']}}},\n  eprint = {{{paper['id']}}}\n}}\n" for paper in found]
    return '\n'.join(entries)


if __name__ == '__main__':
    with open('examples.json') as file:
        examples = json.load(file)
    for example in examples:
        text = generate(example['paragraph'])
        given = re.findall(r'eprint = \{(.*?)\}', text)
        print(f"{len(set(given) & set(example['references']))} of {len(example['references'])} references found, with {len(given)} entries")
    print(text)
