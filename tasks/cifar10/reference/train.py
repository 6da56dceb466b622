"""Trains a convolutional network with batch normalisation on pictures of equal contrast that are moved about, and writes the probabilities it gives to the classes of the test pictures."""
import csv

import numpy as np
import torch
from torch import nn
from torch.nn import functional

EPOCHS = 8
BATCH = 64
RATE = 2e-3
MOVE = 2
DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'


def block(before, after):
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2, 2))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 16, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(16), nn.ReLU(), block(16, 32), block(32, 64))
        self.out = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(64 * 4 * 4, 10))

    def forward(self, pictures):
        return self.out(self.features(pictures))


def moved(pictures):
    """Each picture a little aside, its edge repeated."""
    padded = functional.pad(pictures, (MOVE,) * 4, mode='replicate')
    places = torch.randint(0, 2 * MOVE + 1, (len(pictures), 2)).tolist()
    return torch.stack([picture[:, top:top + 32, left:left + 32] for picture, (top, left) in zip(padded, places)])


def as_input(images):
    """Each colour of each picture with mean 0 and deviation 1: how bright or colourful a picture is says little of its class."""
    pictures = torch.from_numpy(images).float()
    return (pictures - pictures.mean((2, 3), keepdim=True)) / (pictures.std((2, 3), keepdim=True) + 1)


def probabilities(model, images):
    model.eval()
    with torch.no_grad():
        parts = [functional.softmax(model(as_input(images[start:start + 1024]).to(DEVICE)), dim=1).cpu() for start in range(0, len(images), 1024)]
    return torch.cat(parts).numpy()


def main():
    with np.load('data/train.npz') as data:
        images, labels = data['images'], data['labels']
    with np.load('data/test.npz') as data:
        test = data['images']
    held_back = len(images) // 10
    images, seen_later = images[held_back:], images[:held_back]
    labels, labels_later = labels[held_back:], labels[:held_back]

    model = Net().to(DEVICE)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE)
    steps = EPOCHS * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=RATE * 2, total_steps=steps)
    for epoch in range(EPOCHS):
        model.train()
        order = torch.randperm(len(images)).numpy()
        total = 0.0
        for start in range(0, len(order), BATCH):
            batch = order[start:start + BATCH]
            optimiser.zero_grad()
            loss = functional.cross_entropy(model(moved(as_input(images[batch])).to(DEVICE)), torch.from_numpy(labels[batch]).to(DEVICE))
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(batch)
        print(f'epoch {epoch + 1}: loss {total / len(order):.4f}', flush=True)
    print(f'accuracy on pictures held back: {(probabilities(model, seen_later).argmax(1) == labels_later).mean():.4f}')

    with open('submission.csv', 'w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['', *range(10)])
        for index, row in enumerate(probabilities(model, test)):
            writer.writerow([index, *(f'{value:.6f}' for value in row)])


if __name__ == '__main__':
    main()
