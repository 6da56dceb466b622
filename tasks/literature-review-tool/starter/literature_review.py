"""Answers a question about the literature with a list of papers and a short summary of each."""
import json
import re

from kymo_services import search


def review(question):
    """A list of {'id': number of a paper, 'summary': what it says that matters here, in at most 35 words}."""
    words = re.findall(r'[\w-]{4,}', question)
    papers = search(' '.join(words), max_results=5)
    return [{'id': paper['id'], 'summary': ' '.join(paper['summary'].split()[:35])} for paper in papers]


if __name__ == '__main__':
    with open('examples.json') as file:
        examples = json.load(file)
    for example in examples:
        given = review(example['question'])
        right = {one['id'] for one in given} & set(example['papers'])
        print(f"{example['question']} {len(right)} of {len(example['papers'])} papers found, with {len(given)} entries")
    print(given[-1])
