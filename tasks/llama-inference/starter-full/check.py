"""How far given tokens are from the most likely ones. The grader uses this on its own copy of the starter; use it to test yours. Read-only.

    python check.py     compares generate() of inference.py with the model in single precision
"""
import numpy as np
import torch


@torch.no_grad()
def margins(model, sequences, start):
    """For each token from position `start` on: the best score at its place minus its own, 0 where it is the best. Shape (batch, length - start)."""
    tokens = torch.from_numpy(np.asarray(sequences)).to(model.device)
    scores = model(input_ids=tokens[:, :-1]).logits[:, start - 1:].double()
    own = scores.gather(2, tokens[:, start:, None])[:, :, 0]
    return (scores.max(2).values - own).cpu().numpy()


def main():
    import gc

    import inference
    vocabulary = inference.LlamaForCausalLM.config_class.from_pretrained('model').vocab_size
    prompts = np.random.default_rng(2).integers(vocabulary, size=(inference.BATCH, inference.CONTEXT))
    model = inference.load()
    tokens = inference.generate(model, prompts, inference.NEW_TOKENS)
    del model
    gc.collect()
    judge = inference.LlamaForCausalLM.from_pretrained('model').float().to(inference.DEVICE).eval()
    worst = margins(judge, np.concatenate([prompts, tokens], axis=1), inference.CONTEXT).max()
    print(f'{"same tokens" if worst <= 0.1 else "WRONG tokens"}: the worst is {worst:.4f} below the best')


if __name__ == '__main__':
    main()
