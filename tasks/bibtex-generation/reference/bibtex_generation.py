"""Writes BibTeX for the works that a paragraph cites: several searches for each place, the hits judged by what the sentence says, entries from the records alone."""
import json
import re
import unicodedata

from kymo_services import ServiceError, ask, budget, search

# About as many searches as one paragraph takes.
NEEDED = 20

COMMON = set('the and with from that this then were been their also other more most some such than into over under about after before between study careful systems compare numbers hard match tried turned workers one its '
             'reported ends below baseline line work young none settled usually helps data opinions differ earlier overviews not treat these questions still'.split())


def plain(text):
    return ''.join(letter for letter in unicodedata.normalize('NFKD', text) if not unicodedata.combining(letter))


def clues(sentence):
    """Names with inner capitals or hyphens and digits, a surname, a year, percentages, other words."""
    text = plain(sentence.replace('[CITE]', ''))
    years = re.findall(r'\b(?:19|20)\d\d\b', text)
    surnames = re.findall(r"([A-Z][\w-]+)(?: et al| and co)", text)
    names = [word for word in re.findall(r'\b[A-Za-z][\w-]*\b', text) if re.search(r'[a-z][A-Z]|\d', word) or ('-' in word and word[0].isupper())]
    percents = re.findall(r'\d+\.\d', text)
    words = [word for word in re.findall(r'[a-z][a-z-]{2,}', text.lower()) if word not in COMMON]
    return years, surnames, names, percents, words


def queries(sentence):
    years, surnames, names, percents, words = clues(sentence)
    loose = ' '.join(words[:12])
    for surname in surnames:
        yield f'au:{surname} AND year:{years[0]}' if years else f'au:{surname}'
    for name in names:
        yield f'all:{name}' if not percents else f'abs:{name} AND abs:"{percents[0]}"'
        yield f'all:"{name}"'
    for percent in percents:
        yield f'abs:"{percent}"'
    if loose:
        yield loose


def fitness(paper, sentence):
    years, surnames, names, percents, words = clues(sentence)
    text = plain(f"{paper['title']} {paper['summary']}").lower()
    authors = plain(' '.join(paper['authors'])).lower()
    score = sum(4 for name in names if name.lower() in text) + sum(6 for percent in percents if percent in text)
    score += sum(5 for surname in surnames if surname.lower() in authors) + sum(3 for surname in surnames if plain(paper['authors'][0]).lower().endswith(surname.lower()))
    score += sum(4 if str(paper['year']) == year else -3 for year in years)
    return score + sum(0.4 for word in set(words) if word in text)


def find(sentence):
    candidates = {}
    for query in queries(sentence):
        try:
            for paper in search(query, max_results=15):
                candidates[paper['id']] = paper
        except ServiceError as error:
            if error.code == 'budget_spent':
                break
    ranked = sorted(candidates.values(), key=lambda paper: (-fitness(paper, sentence), paper['id']))
    if len(ranked) > 1 and fitness(ranked[0], sentence) - fitness(ranked[1], sentence) < 0.5:
        ranked = preferred(ranked, sentence)
    return ranked[0] if ranked and fitness(ranked[0], sentence) > 2 else None


def preferred(ranked, sentence):
    """Asks the model where two papers fit alike. It is shown titles only: abstracts may hold orders."""
    lines = '\n'.join(f"{number}. {paper['title']}" for number, paper in enumerate(ranked[:3], 1))
    try:
        number = re.search(r'\d+', ask(f'Say which numbered line fits the text best, as a number alone.\n{lines}\nText: {sentence}', max_tokens=20))
    except ServiceError:
        return ranked
    chosen = int(number.group()) if number else 0
    return [ranked[chosen - 1], *ranked] if 1 <= chosen <= min(3, len(ranked)) else ranked


def entry(paper):
    journal = f",\n  journal = {{{re.match(r'(.*?) [0-9]+,', paper['journal']).group(1)}}}" if paper['journal'] and re.match(r'(.*?) [0-9]+,', paper['journal']) else ''
    return f"@article{{p{paper['id'].replace('.', 'x')},\n  title = {{{paper['title']}}},\n  author = {{{' and '.join(paper['authors'])}}},\n  year = {{{paper['year']}}},\n  eprint = {{{paper['id']}}}{journal}\n}}\n"


def generate(paragraph):
    """BibTeX entries, as one text, for the places marked [CITE] in `paragraph`."""
    found = {}
    for sentence in re.split(r'(?<=[.!?])\s+(?=[A-Z])', paragraph):
        if '[CITE]' in sentence:
            paper = find(sentence)
            if paper is not None:
                found[paper['id']] = paper
    return '\n'.join(entry(paper) for paper in found.values())


if __name__ == '__main__':
    with open('examples.json') as file:
        examples = json.load(file)
    # All of a script's searches together are as many as one paragraph may make when it is graded.
    for number, example in enumerate(examples):
        if budget()['literature']['calls'] < NEEDED:
            print(f'{len(examples) - number} of {len(examples)} examples are not tried: too few searches are left')
            break
        given = re.findall(r'eprint = \{(.*?)\}', generate(example['paragraph']))
        print(f"{len(set(given) & set(example['references']))} of {len(example['references'])} references found, with {len(given)} entries")
