/**
 * What stands in for the real data of each full profile where the real data cannot be had: a miniature in its format (test/fixtures/miniatures),
 * made by a program of its own and served like the original. Vectorization has none: its full profile is the small one.
 */
export interface Miniature {
  /** in words, for tables */
  data: string
  /** the program in test/fixtures/miniatures that makes what is downloaded, and what it imports; absent where prepare.py makes everything itself */
  maker?: { file: string; needs: string[] }
  /** what is made smaller, or set for a model that was never trained before: [file of the task, text, its replacement] */
  changes?: ReadonlyArray<readonly [file: string, text: string, replacement: string]>
}

const DISTILBERT = ['torch', 'transformers', 'tokenizers']

export const MINIATURES: Readonly<Record<string, Miniature>> = {
  'babylm': {
    data: '900 + 360 lines of invented words in the archive\'s folders, a tokenizer of GPT-2\'s size; GPT-2 with 1 layer of 64 instead of 12 of 768',
    maker: { file: 'babylm.py', needs: ['tokenizers'] },
    changes: [
      ['starter-full/train.py', 'LAYERS, WIDTH, HEADS = 12, 768, 12', 'LAYERS, WIDTH, HEADS = 1, 64, 2'], ['starter-full/train.py', 'BATCH, EPOCHS = 1024, 16, 1', 'BATCH, EPOCHS = 1024, 2, 1'],
      ['reference-full/train.py', 'LAYERS, WIDTH, HEADS = 12, 768, 12', 'LAYERS, WIDTH, HEADS = 1, 64, 2'], ['reference-full/train.py', 'BATCH, EPOCHS = 256, 32, 3', 'BATCH, EPOCHS = 256, 2, 3'],
    ],
  },
  'bibtex-generation': { data: 'its own: the full profile is generated' },
  'cifar10': { data: '4,310 + 360 handwritten digits in colour, in CIFAR-10\'s binary archive', maker: { file: 'cifar10.py', needs: ['numpy', 'scikit-learn'] } },
  'clrs': {
    data: '8 + 8 graphs of 10 and 16 nodes from the package\'s own builder; training on one small size, for 10 and 60 steps',
    maker: { file: 'clrs.py', needs: ['dm-clrs', 'importlib-resources'] },
    changes: [['starter-full/train.py', '(4, 7, 11, 13, 16), 32, 500, 50, 42', '(4,), 32, 10, 10, 42'], ['reference-full/train.py', '(7, 11, 16, 20), 32, 3000, 100, 42', '(7,), 32, 60, 30, 42']],
  },
  'fathomnet': { data: '520 drawn pictures of 48 x 48 with COCO\'s notes; fewer epochs', maker: { file: 'fathomnet.py', needs: [] }, changes: [['reference-full/train.py', 'EPOCHS = 15', 'EPOCHS = 1']] },
  'feedback': {
    data: '900 invented essays, and a DistilBERT of 3 layers and 96 units with random weights',
    maker: { file: 'feedback.py', needs: DISTILBERT },
    changes: [['reference-full/train.py', 'EPOCHS = 4', 'EPOCHS = 3'], ['reference-full/train.py', 'LEARNING_RATE = 4e-5', 'LEARNING_RATE = 1e-3']],
  },
  'house-price': { data: '1,460 invented houses in all 81 columns', maker: { file: 'house_price.py', needs: [] } },
  'identify-contrails': {
    data: '60 + 16 invented scenes of 64 x 64 pixels, nine bands; more epochs, since each has few steps', maker: { file: 'identify_contrails.py', needs: ['numpy'] }, changes: [['reference-full/train.py', 'EPOCHS = 6', 'EPOCHS = 25']],
  },
  'imdb': {
    data: '2,000 + 500 invented reviews, and a DistilBERT of 3 layers and 96 units with random weights',
    maker: { file: 'imdb.py', needs: DISTILBERT },
    changes: [['reference-full/train.py', 'EPOCHS = 2', 'EPOCHS = 6'], ['reference-full/train.py', 'LEARNING_RATE = 3e-5', 'LEARNING_RATE = 1e-3']],
  },
  'literature-review-tool': { data: 'its own: the full profile is generated' },
  'llama-inference': { data: 'a LLaMA of 4 layers and 128 units with random weights in two shards, and 400 lines of text', maker: { file: 'llama_inference.py', needs: ['torch', 'transformers', 'tokenizers', 'pyarrow'] } },
  'ogbn-arxiv': { data: '600 papers in OGB\'s folders', maker: { file: 'ogbn_arxiv.py', needs: [] } },
  'parkinsons-disease': { data: '60 invented patients', maker: { file: 'parkinsons_disease.py', needs: [] } },
  'spaceship-titanic': { data: '2,000 invented passengers', maker: { file: 'spaceship_titanic.py', needs: [] } },
}
