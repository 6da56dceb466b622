"""Continues pieces of WikiText with LLaMA (Hugging Face), and the average time that takes."""
import json
import random
import time

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

BATCH, CONTEXT, NEW_TOKENS, BATCHES = 4, 128, 1, 100
DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'


def load():
    """What `generate` works with: the model in single precision. Called once."""
    return LlamaForCausalLM.from_pretrained('model').float().to(DEVICE).eval()


@torch.no_grad()
def generate(model, prompts, new_tokens):
    """The most likely next token of each prompt, then the next, `new_tokens` times: ids of shape (batch, new_tokens).

    `prompts` are ids of shape (batch, length), an array of numpy.
    """
    inputs = torch.from_numpy(prompts).to(DEVICE)
    outputs = model.generate(input_ids=inputs, attention_mask=torch.ones_like(inputs), do_sample=False, num_beams=1, max_new_tokens=new_tokens, min_new_tokens=new_tokens, pad_token_id=0)
    return outputs[:, prompts.shape[1]:].cpu().numpy()


def main():
    with open('wikitext-103-test.txt') as file:
        tokens = Tokenizer.from_file('model/tokenizer.json').encode(file.read(), add_special_tokens=False).ids
    model = load()
    draw = random.Random(1)
    seconds = []
    for batch in range(BATCHES):
        starts = [draw.randrange(len(tokens) - CONTEXT) for _ in range(BATCH)]
        prompts = np.array([tokens[start:start + CONTEXT] for start in starts])
        started = time.perf_counter()
        generate(model, prompts, NEW_TOKENS)
        seconds.append(time.perf_counter() - started)
        if batch % 10 == 9:
            print(f'batch {batch + 1}: {seconds[-1]:.4f} s', flush=True)
    average = sum(seconds[1:]) / len(seconds[1:])
    print(json.dumps({'device': DEVICE, 'torch': torch.__version__, 'average time of a batch': round(average, 6)}))
    with open('submission.csv', 'w') as file:
        file.write(f'{average:.6f}\n')


if __name__ == '__main__':
    main()
