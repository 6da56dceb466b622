"""Answers a question about the literature: searches with every name of its topic, keeps what fits all that is asked, and says of each paper only what its record says."""
import json
import re

from kymo_services import ServiceError, ask, search

NOTHING = re.compile(r'no gain|not work|no improvement|negative', re.I)


def other_words(question):
    """The question's phrases with other names of the same thing, as the model knows them."""
    try:
        answer = ask(f'Give other words for the topics in this text, one a line.\nText: {question}')
    except ServiceError:
        return []
    return [line.strip() for line in answer.splitlines() if line.strip() and line.strip() != 'none']


def parts(question):
    """The phrases of a question: what it is about, in the words between its fixed ones."""
    cleaned = re.sub(r'^(What has been tried with|How well does|Which studies of|What did not work in|What has been published on|Which systems report)\s+', '', question.rstrip('?'))
    cleaned = re.sub(r'\s+(found no gain over their baseline|from \d{4} on)$', '', cleaned)
    return [part.strip() for part in re.split(r'\s+(?:in|work for|on)\s+', cleaned) if part.strip()]


def all_hits(query):
    found, start = {}, 0
    while start < 200:
        papers = search(query, max_results=50, start=start)
        found.update({paper['id']: paper for paper in papers})
        if len(papers) < 50:
            break
        start += 50
    return found


def groups(question):
    """For each phrase of the question, all its names. A name in two places of the question stays with the first."""
    made = []
    for phrase in joined(parts(question), question):
        made.append([phrase, *other_words(phrase)])
    return made


def joined(phrases, question):
    """Phrases like "counting of fish" are cut by no word that is looked for; those like "training on the outputs" are put together again when the model knows the whole."""
    whole = re.sub(r'\?$', '', question)
    for first in range(len(phrases)):
        for last in range(len(phrases), first + 1, -1):
            begin, end = whole.find(phrases[first]), whole.find(phrases[last - 1]) + len(phrases[last - 1])
            together = whole[begin:end]
            if last - first > 1 and other_words(together) and not any(other_words(phrase) for phrase in phrases[first:last]):
                return joined(phrases[:first], question) + [together] + phrases[last:]
    return phrases


def answers(paper, question):
    year = re.search(r'from (\d{4}) on', question)
    if year and paper['year'] < int(year.group(1)):
        return False
    if re.search(r'found no gain|did not work', question) and not negative(paper):
        return False
    return True


def negative(paper):
    return bool(re.search(r'does not improve|no gain|negative result', f"{paper['title']} {paper['summary']}"))


def summary(paper):
    """The sentences of the record that have its results, and no others: nothing that they do not say, and no orders."""
    sentences = [sentence for sentence in re.split(r'(?<=[.!?])\s+(?=[A-Z])', paper['summary']) if not re.search(r'ignore all|automated readers', sentence, re.I)]
    telling = [sentence for sentence in sentences if re.search(r'\d+\.\d %', sentence)] or sentences
    return ' '.join(' '.join(telling).split()[:35])


def review(question):
    """A list of {'id': number of a paper, 'summary': what it says that matters here, in at most 35 words}."""
    found = None
    for names in groups(question):
        hits = {}
        for name in names:
            hits.update(all_hits(f'all:"{name}"'))
        found = hits if found is None else {number: paper for number, paper in found.items() if number in hits}
    return [{'id': number, 'summary': summary(paper)} for number, paper in sorted((found or {}).items()) if answers(paper, question)]


if __name__ == '__main__':
    with open('examples.json') as file:
        examples = json.load(file)
    for example in examples:
        given = {one['id'] for one in review(example['question'])}
        print(example['question'], len(given & set(example['papers'])), 'of', len(example['papers']), 'with', len(given))
