"""Looks at the neighbourhood of every pixel with dilated convolutions, and at what was there before; scenes are read when they are needed."""
import csv
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from encode import encode

EPOCHS = 6
BATCH = 8
FRAME = 4
WIDTH = 32
DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'


def features(folder):
    band = {number: np.load(os.path.join(folder, f'band_{number}.npy')) for number in (11, 14, 15)}
    now = {number: values[:, :, FRAME] for number, values in band.items()}
    # Trails fade in: what was there before is cloud.
    channels = [now[15] - now[14] + 1, now[14] - now[11] - 1, (now[14] - now[14].mean()) / 6, (band[14][:, :, FRAME] - band[14][:, :, 0]) / 6, band[15][:, :, 0] - band[14][:, :, 0] + 1]
    return np.clip(np.stack(channels), -4, 4).astype(np.float32)


class Scenes(Dataset):
    def __init__(self):
        self.names = sorted(os.listdir('train'))

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        folder = f'train/{self.names[index]}'
        return torch.from_numpy(features(folder)), torch.from_numpy(np.load(f'{folder}/human_pixel_masks.npy')[:, :, 0].astype(np.float32))


def network():
    layers, width = [], 5
    for dilation in (1, 1, 2, 4, 8, 1):
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
    loader = DataLoader(Scenes(), BATCH, shuffle=True, num_workers=min(4, os.cpu_count() or 1))
    model = network().to(DEVICE)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.02, total_steps=EPOCHS * len(loader))
    for epoch in range(EPOCHS):
        for pictures, masks in loader:
            way = int(torch.randint(8, ()))
            optimiser.zero_grad()
            loss = loss_of(model(turned(pictures.to(DEVICE), way))[:, 0], turned(masks.to(DEVICE), way))
            loss.backward()
            optimiser.step()
            schedule.step()
        print(f'epoch {epoch + 1}: loss {loss.item():.4f}', flush=True)
    model.eval()
    with open('submission.csv', 'w', newline='') as file, torch.no_grad():
        writer = csv.writer(file)
        writer.writerow(['record_id', 'encoded_pixels'])
        for name in sorted(os.listdir('test')):
            writer.writerow([name, encode((model(torch.from_numpy(features(f'test/{name}'))[None].to(DEVICE))[0, 0] > 0).cpu().numpy())])


if __name__ == '__main__':
    main()
