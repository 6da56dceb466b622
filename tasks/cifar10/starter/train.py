"""Trains a small convolutional network and writes the probabilities it gives to the classes of the test pictures."""
import csv

import numpy as np
import torch
from torch import nn
from torch.nn import functional

EPOCHS = 5
BATCH = 64
RATE = 0.03
DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 6, 5)
        self.second = nn.Conv2d(6, 16, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.hidden = nn.Linear(16 * 5 * 5, 120)
        self.narrow = nn.Linear(120, 84)
        self.out = nn.Linear(84, 10)

    def forward(self, pictures):
        pictures = self.pool(functional.relu(self.first(pictures)))
        pictures = self.pool(functional.relu(self.second(pictures)))
        features = functional.relu(self.hidden(torch.flatten(pictures, 1)))
        return self.out(functional.relu(self.narrow(features)))


def as_input(images):
    """Bytes as numbers from -1 to 1."""
    return torch.from_numpy(images).float() / 127.5 - 1


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
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    for epoch in range(EPOCHS):
        model.train()
        order = torch.randperm(len(images)).numpy()
        total = 0.0
        for start in range(0, len(order), BATCH):
            batch = order[start:start + BATCH]
            optimiser.zero_grad()
            loss = functional.cross_entropy(model(as_input(images[batch]).to(DEVICE)), torch.from_numpy(labels[batch]).to(DEVICE))
            loss.backward()
            optimiser.step()
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
