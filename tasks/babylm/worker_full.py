"""Sandboxed side of the grading, full profile: GPT-2 of transformers with the submitted weights. Nothing of the submission is imported, and its tokenizer is not looked at."""
import json
import math
from pathlib import Path

import numpy as np

from kymo_task import Refused
from kymo_weights import serve_files

CONFIG, WEIGHTS = 'output/config.json', 'output/model.safetensors'
MAX_BYTES = 8 << 30
TYPES = {'F32': 4, 'F16': 2, 'BF16': 2}
# What of a GPT-2 may be chosen; everything else in the file is left aside.
FIELDS = {'n_layer': (1, 48), 'n_embd': (16, 2048), 'n_head': (1, 32), 'n_positions': (16, 1024), 'vocab_size': (50257, 50257)}
ACTIVATIONS = ('gelu_new', 'gelu', 'relu', 'silu')


def checked(config, weights):
    """(config, {name: shape}) from the bytes of both files: sizes within bounds, plain tensors and nothing else."""
    bad = lambda message: Refused('bad_submission', message)
    try:
        given = json.loads(config.decode())
        if not isinstance(given, dict):
            raise ValueError
    except (ValueError, RecursionError):
        raise bad(f'{CONFIG} is no JSON object. Write it with save_pretrained.') from None
    if given.get('model_type') != 'gpt2':
        raise bad(f'{CONFIG}: model_type is {str(given.get("model_type"))[:60]!r}; only gpt2 is graded.')
    chosen = {}
    for key, (low, high) in FIELDS.items():
        value = given.get(key)
        if type(value) is not int or not low <= value <= high:
            raise bad(f'{CONFIG}: {key} is {str(value)[:60]}; it must be ' + (f'{low}, the size of the given tokenizer.' if low == high else f'a whole number from {low} to {high}.'))
        chosen[key] = value
    if chosen['n_embd'] % chosen['n_head']:
        raise bad(f'{CONFIG}: n_embd must be a multiple of n_head.')
    inner, activation = given.get('n_inner'), given.get('activation_function', 'gelu_new')
    if not (inner is None or type(inner) is int and 16 <= inner <= 16384) or activation not in ACTIVATIONS:
        raise bad(f'{CONFIG}: n_inner must be null or a whole number from 16 to 16384, and activation_function one of {", ".join(ACTIVATIONS)}.')
    chosen.update(n_inner=inner, activation_function=activation, tie_word_embeddings=given.get('tie_word_embeddings') is not False)

    try:
        length = int.from_bytes(weights[:8], 'little')
        if not 2 <= length <= min(len(weights) - 8, 16 << 20):
            raise ValueError
        header = json.loads(weights[8:8 + length].decode())
        tensors = {name: facts for name, facts in header.items() if name != '__metadata__'}
        body = len(weights) - 8 - length
        for facts in tensors.values():
            begin, end = facts['data_offsets']
            if not 0 <= begin <= end <= body or end - begin != TYPES[facts['dtype']] * math.prod(facts['shape']):
                raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise bad(f'{WEIGHTS} is no safetensors file of float tensors. Write it with save_pretrained (safe_serialization=True).') from None
    if not tensors:
        raise bad(f'{WEIGHTS} holds no tensors.')
    return chosen, {name: facts['shape'] for name, facts in tensors.items()}


def prepare(folder):
    import torch
    from safetensors.torch import load_file
    from transformers import GPT2Config, GPT2LMHeadModel
    path = Path(folder) / WEIGHTS
    config, _ = checked((Path(folder) / CONFIG).read_bytes(), path.read_bytes())
    model = GPT2LMHeadModel(GPT2Config(**config, attn_pdrop=0, embd_pdrop=0, resid_pdrop=0))
    weights = load_file(str(path))
    if config['tie_word_embeddings'] and 'lm_head.weight' not in weights and 'transformer.wte.weight' in weights:
        weights['lm_head.weight'] = weights['transformer.wte.weight']
    missing, odd = model.load_state_dict(weights, strict=False)
    # Masks that older versions kept among the weights.
    missing = [name for name in missing if not name.endswith(('.attn.bias', '.attn.masked_bias'))]
    odd = [name for name in odd if not name.endswith(('.attn.bias', '.attn.masked_bias'))]
    if missing or odd:
        raise ValueError(f'{WEIGHTS}: {(missing or odd)[0]} is {"missing" if missing else "not a weight of this model"}')
    return model.float().to('cuda' if torch.cuda.is_available() else 'cpu').eval()


def call(model, _header, arrays):
    import torch
    blocks = torch.from_numpy(arrays['blocks'].astype(np.int64)).to(model.device)
    with torch.no_grad():
        scores = torch.log_softmax(model(input_ids=blocks[:, :-1]).logits.double(), dim=2)
        return {'logs': scores.gather(2, blocks[:, 1:, None])[:, :, 0].cpu().numpy()}


if __name__ == '__main__':
    serve_files(prepare, call)
