"""Runs the submission's generate() for one paragraph, in the sandbox, beside the services' socket."""
from kymo_text import serve

if __name__ == '__main__':
    serve(lambda module, paragraph: module.generate(paragraph))
