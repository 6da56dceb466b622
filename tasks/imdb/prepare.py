"""Film reviews: the IMDb set of 25 000 + 25 000 with DistilBERT's weights (full), or 2000 + 500 invented ones (small).

The published set is sorted by label and its file names tell the rating, so rows are shuffled with a seed and numbered anew.
"""
import shutil
from pathlib import Path

from kymo_data import CannotPrepare, prepare, say, unpack, write_csv

ARCHIVE = 'https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz'
MODEL, REVISION = 'distilbert/distilbert-base-uncased', '12040accade4e8a0f71eabdb258fecc2e7e948be'
MODEL_FILES = ['config.json', 'tokenizer_config.json', 'tokenizer.json', 'vocab.txt', 'model.safetensors']
TRAIN, TEST = 2000, 500


def main(request):
    parts = downloaded(request) if request.profile == 'full' else invented(request)
    for part in ('train', 'test'):
        reviews = parts[part]
        request.stream(part).shuffle(reviews)
        rows = [(index, text, label) for index, (text, label) in enumerate(reviews)]
        if part == 'train':
            write_csv(request.public / 'train.csv', ['idx', 'text', 'label'], rows)
        else:
            write_csv(request.public / 'test.csv', ['idx', 'text'], [row[:2] for row in rows])
            write_csv(request.answers / 'answers.csv', ['idx', 'label'], [(index, label) for index, _, label in rows])
        say(f'{part}: {len(rows)} reviews, {sum(row[2] for row in rows)} of them positive')


def downloaded(request):
    """{part: [(text, label)]} of the published archive, and the model beside the tables."""
    found = unpack(request.download(ARCHIVE), Path('unpacked'), wanted)
    parts = {'train': [], 'test': []}
    for path in sorted(found):
        parts[path.parts[-3]].append((path.read_text(encoding='utf-8'), int(path.parts[-2] == 'pos')))
    if not parts['train'] or not parts['test']:
        raise CannotPrepare(f'{ARCHIVE} holds no aclImdb/train and aclImdb/test: it is not the archive that this task was written for')
    folder = request.public / MODEL.split('/')[1]
    folder.mkdir()
    for name in MODEL_FILES:
        shutil.copyfile(request.huggingface(MODEL, name, revision=REVISION, kind='models'), folder / name)
    return parts


def wanted(path):
    """Labelled reviews alone; half of the archive is without labels."""
    parts = path.split('/')
    return len(parts) == 4 and parts[1] in ('train', 'test') and parts[2] in ('pos', 'neg') and path.endswith('.txt')


# ---- the small profile ----

ASPECTS = ['the plot', 'the acting', 'the script', 'the camera work', 'the music', 'the dialogue', 'the ending', 'the lead actor', 'the pacing', 'the editing', 'the humour', 'the first half', 'the second half', 'the cast', 'the direction']
WORDS = {
    1: ['wonderful', 'gripping', 'clever', 'moving', 'superb', 'charming', 'fresh', 'convincing', 'brilliant', 'touching', 'memorable', 'elegant', 'funny', 'rich', 'honest', 'good', 'great', 'fine'],
    0: ['dull', 'clumsy', 'tedious', 'flat', 'awful', 'silly', 'stale', 'wooden', 'dreadful', 'hollow', 'forgettable', 'messy', 'boring', 'thin', 'fake', 'bad', 'poor', 'weak'],
}
VERBS = {1: ['loved', 'enjoyed', 'admired', 'liked'], 0: ['hated', 'regretted', 'endured', 'disliked']}
ADVERBS = ['really', 'rather', 'truly', 'simply', 'quite', 'absolutely', 'fairly', 'very']
NEGATIONS = ['not', 'never', 'hardly', 'by no means', 'anything but']
FACTS = [
    'I saw it on a rainy Sunday with my sister.', 'It runs for about two hours.', 'The story begins in a small harbour town.', 'It was shot in black and white.', 'There are subtitles.',
    'My neighbour lent me the disc.', 'The book came out many years earlier.', 'Half of the scenes are set on a train.', 'It is the third film of this director.', 'The cinema was nearly empty.',
    'A detective looks for a missing painter.', 'Two brothers inherit a farm.', 'I had read nothing about it before.', 'The poster shows a lighthouse.', 'It was made on a small budget.',
]
VERDICTS = {
    1: ['I would watch it again.', 'Go and see it.', 'Well worth the ticket.', 'It stayed with me for days.'],
    0: ['I want those two hours back.', 'Stay at home instead.', 'I left before the credits.', 'Save your money.'],
}


def invented(request):
    random = request.stream('reviews')
    return {part: [(review(random, index % 2), index % 2) for index in range(count)] for part, count in (('train', TRAIN), ('test', TEST))}


def review(random, label):
    """Mostly opinions of the label's side, some of the other's, a third of them turned round by a negation; now and then a plain verdict."""
    sentences = [random.choice(FACTS) for _ in range(random.randrange(1, 4))]
    agreeing = random.randrange(2, 5)
    sides = [label] * agreeing + [1 - label] * random.randrange(0, agreeing)
    sentences += [opinion(random, side) for side in sides]
    random.shuffle(sentences)
    if random.random() < 0.35:
        # One in ten means the opposite of what it says.
        sentences.append(random.choice(VERDICTS[label if random.random() < 0.9 else 1 - label]))
    return ' '.join(sentences)


def opinion(random, side):
    aspect = random.choice(ASPECTS)
    turned = random.random() < 0.33
    word = random.choice(WORDS[1 - side if turned else side])
    form = random.randrange(4)
    if form == 0:
        text = f'{aspect} was {random.choice(NEGATIONS) if turned else random.choice(ADVERBS)} {word}.'
    elif form == 1:
        verb = random.choice(VERBS[1 - side if turned else side])
        text = f'I cannot say that I {verb} {aspect}.' if turned else f'I {random.choice(ADVERBS[:4])} {verb} {aspect}.'
    elif form == 2:
        text = f'nobody could call {aspect} {word}.' if turned else f'{random.choice(["how", "so"])} {word} I thought {aspect}.'
    else:
        other = random.choice(WORDS[side])
        text = f'they say {aspect} is {word}, but it is {other}.' if turned else f'{aspect}, {word} and {other}, made the difference.'
    return text[0].upper() + text[1:]


if __name__ == '__main__':
    prepare(main)
