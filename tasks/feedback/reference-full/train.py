"""Improved solution of the full profile, never shown to agents: DistilBERT with mean pooling and six outputs, each essay as its first and last tokens."""
import pandas as pd
import torch
from torch.nn.utils import clip_grad_norm_
from transformers import AutoModel, AutoTokenizer

SCORES = ['cohesion', 'syntax', 'vocabulary', 'phraseology', 'grammar', 'conventions']
PRETRAINED = 'distilbert-base-uncased'
MAX_TOKENS = 512
BATCH = 16
EPOCHS = 4
LEARNING_RATE = 4e-5
SEED = 42


class EssayScorer(torch.nn.Module):
    def __init__(self, average):
        super().__init__()
        self.encoder = AutoModel.from_pretrained(PRETRAINED)
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, len(SCORES))
        torch.nn.init.zeros_(self.head.weight)
        self.head.bias.data.copy_(average)

    def forward(self, tokens):
        states = self.encoder(**tokens).last_hidden_state
        mask = tokens['attention_mask'].unsqueeze(-1).to(states.dtype)
        return self.head((states * mask).sum(dim=1) / mask.sum(dim=1))


def encoded(texts, tokenizer):
    """Token ids of each text. Long ones keep their beginning and their end."""
    pieces = tokenizer(list(texts), truncation=False)['input_ids']
    return [ids if len(ids) <= MAX_TOKENS else ids[:MAX_TOKENS // 2] + ids[-(MAX_TOKENS - MAX_TOKENS // 2):] for ids in pieces]


def padded(ids, tokenizer, device):
    return tokenizer.pad({'input_ids': ids}, return_tensors='pt').to(device)


def main():
    torch.manual_seed(SEED)
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    train, test = pd.read_csv('train.csv'), pd.read_csv('test.csv')
    tokenizer = AutoTokenizer.from_pretrained(PRETRAINED)
    scores = torch.tensor(train[SCORES].to_numpy(), dtype=torch.float32)
    model = EssayScorer(scores.mean(dim=0)).to(device)
    ids = encoded(train['full_text'], tokenizer)

    steps = EPOCHS * -(-len(ids) // BATCH)
    optimizer = torch.optim.AdamW([{'params': model.encoder.parameters()}, {'params': model.head.parameters(), 'lr': 20 * LEARNING_RATE}], lr=LEARNING_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) / max(1, 0.1 * steps), (steps - step) / steps))
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for chosen in torch.randperm(len(ids)).split(BATCH):
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == 'cuda'):
                predicted = model(padded([ids[index] for index in chosen], tokenizer, device))
            loss = torch.nn.functional.smooth_l1_loss(predicted.float(), scores[chosen].to(device))
            optimizer.zero_grad()
            loss.backward()
            clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
        print(f'epoch {epoch + 1}: mean loss {total / len(ids):.4f}', flush=True)

    model.eval()
    held = encoded(test['full_text'], tokenizer)
    with torch.no_grad():
        predicted = torch.cat([model(padded(held[start:start + BATCH], tokenizer, device)).float().cpu() for start in range(0, len(held), BATCH)]).clamp(1, 5)
    pd.DataFrame(predicted.numpy(), columns=SCORES).assign(text_id=test['text_id'])[['text_id', *SCORES]].to_csv('submission.csv', index=False)


if __name__ == '__main__':
    main()
