"""Looks at the neighbourhood of every pixel with dilated convolutions, and at two frames before the one that counts."""
import csv
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from encode import encode

EPOCHS = 20
BATCH = 8
FRAME = 4
WIDTH = 16


def features(folder):
    band = {number: np.load(os.path.join(folder, f'band_{number}.npy')) for number in (11, 14, 15)}
    now = {number: values[:, :, FRAME] for number, values in band.items()}
    # Trails fade in: what was there before is cloud.
    channels = [now[15] - now[14] + 1, now[14] - now[11] - 1, (now[14] - now[14].mean()) / 6, (band[14][:, :, FRAME] - band[14][:, :, 0]) / 6, band[15][:, :, 0] - band[14][:, :, 0] + 1]
    return np.clip(np.stack(channels), -4, 4).astype(np.float32)


def network():
    layers, width = [], 5
    for dilation in (1, 2, 4, 8, 1):
        layers += [nn.Conv2d(width, WIDTH, 3, padding=dilation, dilation=dilation, padding_mode='reflect' if dilation < 4 else 'zeros'), nn.BatchNorm2d(WIDTH), nn.ReLU()]
        width = WIDTH
    return nn.Sequential(*layers, nn.Conv2d(width, 1, 1))


def turned(pictures, way):
    """One of the eight ways to turn and mirror a picture."""
    pictures = torch.rot90(pictures, way % 4, (-2, -1))
    return pictures.flip(-1) if way >= 4 else pictures


def loss_of(scores, masks):
    chance = torch.sigmoid(scores)
    overlap = 1 - (2 * (chance * masks).sum() + 1) / (chance.sum() + masks.sum() + 1)
    return overlap + functional.binary_cross_entropy_with_logits(scores, masks)


def main():
    torch.manual_seed(1)
    names = sorted(os.listdir('train'))
    pictures = torch.from_numpy(np.stack([features(f'train/{name}') for name in names]))
    masks = torch.from_numpy(np.stack([np.load(f'train/{name}/human_pixel_masks.npy')[:, :, 0] for name in names]).astype(np.float32))
    model = network()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    steps = EPOCHS * -(-len(names) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.02, total_steps=steps)
    for epoch in range(EPOCHS):
        order = torch.randperm(len(names))
        for number, start in enumerate(range(0, len(order), BATCH)):
            batch, way = order[start:start + BATCH], int(torch.randint(8, ()))
            optimiser.zero_grad()
            loss = loss_of(model(turned(pictures[batch], way))[:, 0], turned(masks[batch], way))
            loss.backward()
            optimiser.step()
            schedule.step()
        print(f'epoch {epoch + 1}: loss {loss.item():.4f}', flush=True)
    model.eval()
    with open('submission.csv', 'w', newline='') as file, torch.no_grad():
        writer = csv.writer(file)
        writer.writerow(['record_id', 'encoded_pixels'])
        for name in sorted(os.listdir('test')):
            writer.writerow([name, encode((model(torch.from_numpy(features(f'test/{name}'))[None])[0, 0] > 0).numpy())])


if __name__ == '__main__':
    main()
