"""Makes the model whose inference is to be sped up: a small decoder with random weights (small), or LLaMA-7B and text to draw prompts from (full)."""
import json

from kymo_data import prepare, say, write_json, write_npz, write_text

SMALL = {'vocabulary': 512, 'width': 128, 'layers': 4, 'heads': 4, 'inner': 320, 'context': 128, 'rope_base': 10000.0, 'norm_epsilon': 1e-6}

# LLaMA's first generation, in the layout of Hugging Face; the copy that the paper used was taken down.
MODEL = 'huggyllama/llama-7b'
MODEL_FILES = ('config.json', 'generation_config.json', 'model.safetensors.index.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json')
TEXT = 'Salesforce/wikitext'
TEXT_FILE = 'wikitext-103-raw-v1/test-00000-of-00001.parquet'


def main(request):
    if request.profile == 'small':
        small(request)
    else:
        full(request)


# ---- the small profile ----

def small(request):
    """Weights are bytes of the standard library's generator, scaled: the same on every machine, to the last bit."""
    write_json(request.public / 'model/config.json', SMALL)
    width, inner = SMALL['width'], SMALL['inner']
    shapes = {'embedding': (SMALL['vocabulary'], width), 'final_norm': (width,), 'output': (width, SMALL['vocabulary'])}
    for layer in range(SMALL['layers']):
        shapes.update({f'layers.{layer}.{name}': shape for name, shape in (
            ('attention_norm', (width,)), ('query', (width, width)), ('key', (width, width)), ('value', (width, width)), ('attention_out', (width, width)),
            ('feed_norm', (width,)), ('gate', (width, inner)), ('up', (width, inner)), ('down', (inner, width)))})
    write_npz(request.public / 'model/weights.npz', **{name: weights(request.stream(name), name, shape) for name, shape in shapes.items()})


# Sharp attention and strong branches, so that the next token depends on the whole context and not on the last token alone.
SPREAD = {'embedding': 1.0, 'query': 1.9, 'key': 1.9, 'value': 1.4, 'attention_out': 1.8, 'gate': 1.2, 'up': 1.2, 'down': 1.8, 'output': 1.0}


def weights(random, name, shape):
    import numpy as np
    if len(shape) == 1:
        return np.ones(shape, '<f4')
    count = shape[0] * shape[1]
    drawn = np.frombuffer(random.getrandbits(16 * count).to_bytes(2 * count, 'little'), '<i2').astype('<f8') / 2 ** 15
    # Uniform on [-1, 1) has a variance of 1/3.
    scale = SPREAD[name.rsplit('.', 1)[-1]] * 3 ** 0.5 / (1 if name == 'embedding' else shape[0] ** 0.5)
    return (drawn * scale).reshape(shape).astype('<f4')


# ---- the full profile ----

def full(request):
    import pyarrow.parquet
    import tokenizers
    for name in MODEL_FILES:
        link_or_copy(request.huggingface(MODEL, name, kind='models'), request.public / 'model' / name)
    index = json.loads((request.public / 'model/model.safetensors.index.json').read_text())
    for name in sorted(set(index['weight_map'].values())):
        link_or_copy(request.huggingface(MODEL, name, kind='models'), request.public / 'model' / name)
    table = pyarrow.parquet.read_table(request.huggingface(TEXT, TEXT_FILE), columns=['text'])
    text = ''.join(table['text'].to_pylist())
    write_text(request.public / 'wikitext-103-test.txt', text)
    tokenizer = tokenizers.Tokenizer.from_file(str(request.public / 'model/tokenizer.json'))
    tokens = tokenizer.encode(text, add_special_tokens=False).ids
    say(f'{len(tokens)} tokens of text to draw prompts from')
    write_json(request.answers / 'tokens.json', tokens)


def link_or_copy(source, target):
    """The cache may hold 13 GB once or twice; once is enough where the file system can link."""
    import os
    import shutil
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


if __name__ == '__main__':
    prepare(main)
