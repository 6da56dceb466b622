"""Essays of pupils who learn English, with six scores: the Kaggle competition's training table and a language model (full), or 900 invented essays (small)."""
import csv
import shutil
from pathlib import Path

from kymo_data import CannotPrepare, prepare, say, unpack, write_csv

SLUG = 'feedback-prize-english-language-learning'
SCORES = ['cohesion', 'syntax', 'vocabulary', 'phraseology', 'grammar', 'conventions']
MODEL, REVISION = 'distilbert/distilbert-base-uncased', '12040accade4e8a0f71eabdb258fecc2e7e948be'
MODEL_FILES = ['config.json', 'tokenizer_config.json', 'tokenizer.json', 'vocab.txt', 'model.safetensors']
# The original held out 2 % of about 3900 essays, which is 79: too few to tell good from better.
TEST_SHARE = {'full': 0.1, 'small': 0.2}
ESSAYS = 900


def main(request):
    essays = downloaded(request) if request.profile == 'full' else invented(request)
    names = sorted(essays)
    held_out = set(request.stream('split').sample(names, round(TEST_SHARE[request.profile] * len(names))))
    train, test = ([name for name in names if (name in held_out) == out] for out in (False, True))
    write_csv(request.public / 'train.csv', ['text_id', 'full_text', *SCORES], [[name, essays[name][0], *essays[name][1]] for name in train])
    write_csv(request.public / 'test.csv', ['text_id', 'full_text'], [[name, essays[name][0]] for name in test])
    write_csv(request.answers / 'answers.csv', ['text_id', *SCORES], [[name, *essays[name][1]] for name in test])
    say(f'{len(train)} essays to learn from, {len(test)} held out')


def downloaded(request):
    """{text_id: (text, scores)} of Kaggle's train.csv, whose test essays have no public scores; and the model beside it."""
    found = unpack(request.kaggle(SLUG), Path('unpacked'), lambda path: path == 'train.csv')
    if not found:
        raise CannotPrepare(f'the archive {SLUG}.zip holds no train.csv. Remove it and prepare again: {request.downloads / (SLUG + ".zip")}')
    with open(found[0], newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    lacking = [title for title in ('text_id', 'full_text', *SCORES) if not rows or title not in rows[0]]
    if lacking:
        raise CannotPrepare(f'train.csv of {SLUG} has no column {", ".join(lacking)}: Kaggle has changed the data, and this task must be adapted')
    folder = request.public / MODEL.split('/')[1]
    folder.mkdir()
    for name in MODEL_FILES:
        shutil.copyfile(request.huggingface(MODEL, name, revision=REVISION, kind='models'), folder / name)
    return {row['text_id']: (row['full_text'], [float(row[title]) for title in SCORES]) for row in rows}


# ---- the small profile ----

PEOPLE = ['my brother', 'the teacher', 'a student', 'my grandmother', 'the coach', 'our neighbour', 'my best friend', 'the principal']
SINGULAR = {'walks': 'walk', 'learns': 'learn', 'helps': 'help', 'works': 'work', 'tries': 'try', 'reads': 'read', 'plays': 'play', 'wants': 'want'}
PLACES = ['at school', 'in the library', 'at home', 'in the park', 'on the team', 'in the kitchen', 'after lunch', 'on the weekend']
PLAIN = ['good', 'bad', 'big', 'nice', 'fun', 'hard', 'easy', 'new']
RICH = ['rewarding', 'demanding', 'substantial', 'delightful', 'engaging', 'strenuous', 'effortless', 'innovative']
THINGS = ['project', 'game', 'lesson', 'habit', 'task', 'club', 'idea', 'activity']
LINKS = ['However,', 'For example,', 'As a result,', 'Moreover,', 'On the other hand,', 'In conclusion,']
PHRASES = [('takes part in', 'takes a part on'), ('pays attention to', 'gives attention for'), ('makes an effort with', 'does an effort of'), ('is interested in', 'has interest for')]
CLAUSES = ['because it matters', 'although it takes time', 'when the day is over', 'which surprises everybody', 'even if nobody notices', 'while others wait']
MISSPELT = {'because': 'becuse', 'although': 'althought', 'everybody': 'evrybody', 'library': 'libary', 'neighbour': 'naybor', 'activity': 'activty', 'friend': 'freind', 'weekend': 'weeknd', 'interested': 'intrested', 'attention': 'atention'}


def invented(request):
    """Every essay has six skills around one level; each skill sets how often one kind of thing goes right, and the score is the skill, rounded to halves."""
    random = request.stream('essays')
    essays = {}
    for index in range(ESSAYS):
        level = random.gauss(3.1, 0.6)
        skills = {score: min(5.0, max(1.0, level + random.gauss(0, 0.4))) for score in SCORES}
        # Those who read it do not quite agree.
        scores = [min(5.0, max(1.0, round(2 * (skills[score] + random.gauss(0, 0.22))) / 2)) for score in SCORES]
        essays[f'E{request.stream(f"name {index}").getrandbits(44):011X}'] = (essay(random, skills), scores)
    return essays


def essay(random, skills):
    chance = {score: (skill - 0.9) / 4.2 for score, skill in skills.items()}
    sentences = [sentence(random, lambda score: random.random() < chance[score]) for _ in range(random.randrange(14, 32))]
    paragraphs, at = [], 0
    while at < len(sentences):
        size = random.randrange(4, 8)
        paragraphs.append(' '.join(sentences[at:at + size]))
        at += size
    return '\n\n'.join(paragraphs)


def sentence(random, right):
    verb = random.choice(sorted(SINGULAR))
    good, odd = random.choice(PHRASES)
    words = [random.choice(PEOPLE)]
    if random.random() < 0.5:
        words += [verb if right('grammar') else SINGULAR[verb], random.choice(PLACES)]
    else:
        words += [good if right('phraseology') else odd, 'the' if right('grammar') else 'an', random.choice(RICH if right('vocabulary') else PLAIN), random.choice(THINGS)]
    if right('syntax'):
        words.append(random.choice(CLAUSES))
    elif random.random() < 0.5:
        words = [words[-1], *words[:-1]]
    text = ' '.join(words)
    if random.random() < 0.6 and right('cohesion'):
        text = f'{random.choice(LINKS)} {text}'
    if not right('conventions'):
        for correct, wrong in MISSPELT.items():
            text = text.replace(correct, wrong)
        return text + random.choice(['', ' ', ','])
    return text[0].upper() + text[1:] + '.'


if __name__ == '__main__':
    prepare(main)
