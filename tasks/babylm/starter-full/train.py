"""Trains GPT-2 from scratch on BabyLM's ten million words with Hugging Face's Trainer, once through."""
import os

import torch
from tokenizers import Tokenizer
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

BLOCK, BATCH, EPOCHS = 1024, 16, 1
LAYERS, WIDTH, HEADS = 12, 768, 12


class Blocks(torch.utils.data.Dataset):
    """The files of a folder as one text, in blocks of BLOCK tokens; the rest at the end is left out."""

    def __init__(self, folder, tokenizer, most=None):
        end, tokens = tokenizer.token_to_id('<|endoftext|>'), []
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), encoding='utf-8') as file:
                tokens += tokenizer.encode(file.read()).ids + [end]
        count = max(1, len(tokens) // BLOCK)
        self.blocks = torch.tensor(tokens[:count * BLOCK]).view(count, -1)[:most]

    def __len__(self):
        return len(self.blocks)

    def __getitem__(self, index):
        return {'input_ids': self.blocks[index], 'labels': self.blocks[index]}


def main():
    tokenizer = Tokenizer.from_file('tokenizer/tokenizer.json')
    train, dev = Blocks('babylm_data/babylm_10M', tokenizer), Blocks('babylm_data/babylm_dev', tokenizer, most=200)
    print(f'{len(train)} blocks to train on, {len(dev)} to compare with', flush=True)
    model = GPT2LMHeadModel(GPT2Config(n_layer=LAYERS, n_embd=WIDTH, n_head=HEADS, n_positions=1024, vocab_size=50257))
    every = max(1, len(train) // BATCH // 5)
    settings = TrainingArguments(
        output_dir='/tmp/trainer', num_train_epochs=EPOCHS, per_device_train_batch_size=BATCH, per_device_eval_batch_size=4, eval_strategy='steps', eval_steps=every, logging_steps=every,
        prediction_loss_only=True, save_strategy='no', report_to=[], disable_tqdm=True)
    trainer = Trainer(model=model, args=settings, train_dataset=train, eval_dataset=dev)
    trainer.train()
    print(f'dev: mean loss of a token {trainer.evaluate()["eval_loss"]:.4f}')
    model.save_pretrained('output')


if __name__ == '__main__':
    main()
