"""Scores essays of pupils who learn English with a language model: data, tokens, training loop and submission are here, the model is not yet."""
import pandas as pd
import torch
from torch.utils.data import DataLoader
from transformers import AutoTokenizer

SCORES = ['cohesion', 'syntax', 'vocabulary', 'phraseology', 'grammar', 'conventions']
# A pre-trained language model is a folder of the workspace; nothing is downloaded.
PRETRAINED = 'distilbert-base-uncased'
MAX_TOKENS = 512
BATCH = 16
EPOCHS = 1
LEARNING_RATE = 3e-5
SEED = 42


def batches(table, tokenizer, shuffle=False):
    """Gives (tokens, scores) of BATCH essays at a time; scores are None where there are none."""
    def collate(rows):
        tokens = tokenizer([row['full_text'] for row in rows], truncation=True, max_length=MAX_TOKENS, padding=True, return_tensors='pt')
        return tokens, torch.tensor([[row[score] for score in SCORES] for row in rows], dtype=torch.float32) if SCORES[0] in rows[0] else None
    return DataLoader(table.to_dict('records'), batch_size=BATCH, shuffle=shuffle, collate_fn=collate)


def train_model(model, loader, device):
    """`model(tokens)` gives a tensor of (essays, 6)."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    model.train()
    for epoch in range(EPOCHS):
        total = 0.0
        for tokens, scores in loader:
            loss = torch.nn.functional.mse_loss(model(tokens.to(device)), scores.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f'epoch {epoch + 1}: mean squared error {total / len(loader):.4f}', flush=True)


def predict(model, table, tokenizer, device, average):
    if model is None:
        return average.repeat(len(table), 1)
    model.eval()
    with torch.no_grad():
        return torch.cat([model(tokens.to(device)).cpu() for tokens, _ in batches(table, tokenizer)])


def mcrmse(truth, predicted):
    """The mean of the columns' root mean squared errors."""
    return ((truth - predicted) ** 2).mean(dim=0).sqrt().mean().item()


def main():
    torch.manual_seed(SEED)
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    essays, test = pd.read_csv('train.csv'), pd.read_csv('test.csv')
    valid = essays.sample(frac=0.1, random_state=SEED)
    train = essays.drop(valid.index)
    tokenizer = AutoTokenizer.from_pretrained(PRETRAINED)
    print(f'{len(train)} essays to learn from, {len(valid)} to check with, {len(test)} to predict, on {device}')
    print('the first one begins:', tokenizer.tokenize(train['full_text'].iloc[0])[:12])
    average = torch.tensor(train[SCORES].to_numpy(), dtype=torch.float32).mean(dim=0)

    # The model: so far there is none, and every essay gets the average scores. Put a language model with six outputs here, loaded from PRETRAINED.
    model = None

    if model is not None:
        train_model(model.to(device), batches(train, tokenizer, shuffle=True), device)
    truth = torch.tensor(valid[SCORES].to_numpy(), dtype=torch.float32)
    print(f'validation MCRMSE: {mcrmse(truth, predict(model, valid, tokenizer, device, average)):.4f}')

    predicted = pd.DataFrame(predict(model, test, tokenizer, device, average).numpy(), columns=SCORES)
    predicted.insert(0, 'text_id', test['text_id'])
    predicted.to_csv('submission.csv', index=False)
    print('submission.csv is written')


if __name__ == '__main__':
    main()
