"""Judges every pixel by its own three colours, and writes where it sees trails."""
import csv
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from encode import encode

EPOCHS = 30
BATCH = 8
RATE = 0.1
# Pixels of trails are rare.
WEIGHTS = torch.tensor([0.57, 4.17])
FRAME = 4


def scaled(values, low, high):
    return np.clip((values - low) / (high - low), 0, 1)


def colours(folder):
    """Differences and temperature of three infrared bands as a picture: 3 x height x width, from 0 to 1."""
    band = {number: np.load(os.path.join(folder, f'band_{number}.npy'))[:, :, FRAME] for number in (11, 14, 15)}
    return np.stack([scaled(band[15] - band[14], -4, 2), scaled(band[14] - band[11], -4, 5), scaled(band[14], 243, 303)]).astype(np.float32)


def dice(guess, truth):
    return float(2 * (guess & truth).sum() / max(1, guess.sum() + truth.sum()))


def main():
    torch.set_num_threads(1)
    names = sorted(os.listdir('train'))
    pictures = torch.from_numpy(np.stack([colours(f'train/{name}') for name in names]))
    masks = torch.from_numpy(np.stack([np.load(f'train/{name}/human_pixel_masks.npy')[:, :, 0] for name in names]).astype(np.int64))
    held_back = len(names) // 10
    model = nn.Conv2d(3, 2, kernel_size=1)
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    for epoch in range(EPOCHS):
        order = torch.randperm(len(names) - held_back) + held_back
        for start in range(0, len(order), BATCH):
            batch = order[start:start + BATCH]
            optimiser.zero_grad()
            loss = functional.cross_entropy(model(pictures[batch]), masks[batch], weight=WEIGHTS)
            loss.backward()
            optimiser.step()
        if epoch % 5 == 4:
            with torch.no_grad():
                print(f'epoch {epoch + 1}: loss {loss.item():.4f}, Dice on scenes held back {dice(model(pictures[:held_back]).argmax(1).bool(), masks[:held_back].bool()):.4f}', flush=True)
    with open('submission.csv', 'w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['record_id', 'encoded_pixels'])
        for name in sorted(os.listdir('test')):
            with torch.no_grad():
                writer.writerow([name, encode(model(torch.from_numpy(colours(f'test/{name}'))[None])[0].argmax(0).numpy())])


if __name__ == '__main__':
    main()
