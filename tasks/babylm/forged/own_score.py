"""Forgery: an untrained network, score files beside it, and a grader's reply on the terminal."""
import json

from net import Net

Net().save()
reply = json.dumps({'graded': True, 'code': 'graded', 'message': '', 'value': 1e-9, 'baseline': 3.0, 'details': {}, 'paper': []})
for path in ('score.json', 'submission.csv', 'baseline.json', 'output/score.json', 'output/trainer_state.json'):
    with open(path, 'w') as file:
        file.write(reply)
print(reply, flush=True)
