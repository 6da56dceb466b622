"""Trains a small GPT on the bytes of a text, several times through, in smaller batches and with a rate that rises first."""
import math

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from net import Net

BATCH, CONTEXT, EPOCHS, RATE = 8, 64, 3, 5e-3
SETTINGS = {'layers': 2, 'width': 64, 'heads': 4, 'inner': 256, 'context': CONTEXT}


def blocks(path):
    """The text in blocks of CONTEXT bytes and the one that follows."""
    with open(path, 'rb') as file:
        text = np.frombuffer(file.read(), np.uint8).astype(np.int64)
    count = (len(text) - 1) // CONTEXT
    return torch.from_numpy(np.stack([text[index * CONTEXT:(index + 1) * CONTEXT + 1] for index in range(count)]))


def loss_of(net, batch):
    return cross_entropy(net(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())


@torch.no_grad()
def bits_per_byte(net, data):
    net.eval()
    losses = [loss_of(net, batch).item() * len(batch) for batch in data.split(64)]
    net.train()
    return sum(losses) / len(data) / math.log(2)


def main():
    train, dev = blocks('data/train.txt'), blocks('data/dev.txt')
    torch.manual_seed(0)
    net = Net(**SETTINGS)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.01)
    steps = EPOCHS * math.ceil(len(train) / BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) / 100, 1 - step / steps))
    for epoch in range(EPOCHS):
        for step, batch in enumerate(train[torch.randperm(len(train))].split(BATCH)):
            loss = loss_of(net, batch)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if step % 100 == 0:
                print(f'epoch {epoch + 1}, step {step}: {loss.item() / math.log(2):.3f} bits for each byte', flush=True)
    print(f'dev: {bits_per_byte(net, dev):.4f} bits for each byte')
    net.save()


if __name__ == '__main__':
    main()
