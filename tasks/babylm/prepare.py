"""Text to learn a language from: BabyLM's ten million words (full), or sentences of an invented language (small). The test part is hidden."""
from kymo_data import CannotPrepare, prepare, say, unpack, write_text

ARCHIVE = 'https://github.com/babylm/babylm.github.io/raw/main/babylm_data.zip'
TOKENIZER = 'openai-community/gpt2'
PARTS = ('babylm_10M', 'babylm_dev', 'babylm_test')


def main(request):
    if request.profile == 'small':
        small(request)
    else:
        full(request)


# ---- the small profile ----

SIZES = {'train': 6000, 'dev': 300, 'test': 500}


def small(request):
    """Sentences of a small grammar: words have genders, verbs agree in number across what stands between, a name comes back in its passage."""
    random = request.stream('language')
    language = Language(random)
    seen = set()
    for part in ('test', 'dev', 'train'):
        draw, passages, count = request.stream(part), [], 0
        while count < SIZES[part]:
            sentences = language.passage(draw)
            text = ' '.join(sentences)
            if text in seen:
                continue
            seen.add(text)
            passages.append(text + '\n')
            count += len(sentences)
        write_text((request.answers if part == 'test' else request.public / 'data') / f'{part}.txt', ''.join(passages))
        say(f'{part}: {count} sentences, {sum(map(len, passages))} bytes')


class Language:
    def __init__(self, random):
        made = set()

        def word(endings, syllables):
            while True:
                one = ''.join(random.choice('bdfgklmnprstvz') + random.choice('aeiou') for _ in range(random.choice(syllables))) + random.choice(endings)
                if one not in made:
                    made.add(one)
                    return one

        self.names = [word(['n', 'l', 's'], [1, 2]).capitalize() for _ in range(24)]
        self.nouns = [(word(['', 'k', 'm'], [1, 2]), index % 2) for index in range(60)]
        self.verbs = [word(['t', 'r'], [1, 2]) for _ in range(30)]
        self.adjectives = [word(['sh', 'ng'], [1]) for _ in range(24)]
        self.places = [word(['p'], [1, 2]) for _ in range(16)]

    def noun(self, draw, many):
        noun, gender = self.nouns[min(int(draw.random() ** 1.6 * len(self.nouns)), len(self.nouns) - 1)]
        article = ('le', 'la')[gender] if not many else 'lo'
        adjective = f' {draw.choice(self.adjectives)}{"oa"[gender]}' if draw.random() < 0.4 else ''
        return f'{article} {noun}{"i" if many else ""}{adjective}'

    def sentence(self, draw, name):
        many = draw.random() < 0.4
        subject = name if draw.random() < 0.4 else None
        if subject:
            many = False
        else:
            subject = self.noun(draw, many)
        aside = f' ta {draw.choice(self.places)}' if draw.random() < 0.3 else ''
        verb = f'{draw.choice(self.verbs)}{"en" if many else "e"}'
        rest = f' {self.noun(draw, draw.random() < 0.4)}' if draw.random() < 0.7 else f' ta {draw.choice(self.places)}'
        return f'{subject}{aside} {verb}{rest}.'

    def passage(self, draw):
        name = draw.choice(self.names)
        return [self.sentence(draw, name) for _ in range(draw.randrange(3, 7))]


# ---- the full profile ----

def full(request):
    archive = request.download(ARCHIVE, 'babylm_data.zip')
    unpack(archive, 'unpacked', lambda path: path.split('/')[0] != '__MACOSX' and any(f'{part}/' in path for part in PARTS))
    from pathlib import Path
    for part in PARTS:
        folders = [folder for folder in Path('unpacked').rglob(part) if folder.is_dir()]
        files = sorted(file for folder in folders for file in folder.iterdir() if file.is_file() and not file.name.startswith('.'))
        if not files:
            raise CannotPrepare(f'the archive holds no {part}: its publisher has changed it, and this task must be adapted')
        target = request.answers / 'test' if part == 'babylm_test' else request.public / 'babylm_data' / part
        for file in files:
            write_text(target / file.name, file.read_text('utf-8', 'replace'))
    tokenizer = request.huggingface(TOKENIZER, 'tokenizer.json', kind='models').read_text('utf-8')
    write_text(request.public / 'tokenizer/tokenizer.json', tokenizer)
    from tokenizers import Tokenizer
    import json
    owned = Tokenizer.from_str(tokenizer)
    text = ''.join(file.read_text('utf-8') for file in sorted((request.answers / 'test').iterdir()))
    tokens = owned.encode(text).ids
    write_text(request.answers / 'tokens.json', json.dumps({'bytes': len(text.encode()), 'end': owned.token_to_id('<|endoftext|>'), 'tokens': tokens}))
    say(f'test: {len(tokens)} tokens, {len(text.encode())} bytes')


if __name__ == '__main__':
    prepare(main)
