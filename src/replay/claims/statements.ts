/** A sentence as it was written, and as it is read: without marks of emphasis, list or quotation. */
export interface Statement {
  quote: string
  text: string
  /** the sentence cut where a new thought begins, so that a plan in one half does not excuse a claim in the other */
  clauses: string[]
  /** an item of a plan that is ticked off */
  done: boolean
  /** an instruction, a heading's to-do or a question: not said as a fact */
  planned: boolean
}

const LONGEST = 1200
const DONE = /\((?:[^()]{0,30}[,;] ?)?(?:done|complete|completed|finished)(?:[,;:][^()]{0,120})?\)|[✓✔✅☑]|\[x\]|\s[-–—:]+\s*(?:done|completed|finished)\b|^(?:done|completed|finished)\s*[:–—-]|\bstatus\s*:\s*(?:done|completed|finished)/iu
const LIST_MARK = /^(?:\s|[-*+•>#]|\d{1,2}[.)](?=\s)|\(\d{1,2}\)|[a-z][.)](?=\s)|\[[ xX]\]|[✓✔✅☑☐]|(?:step|phase|task)\s+\d{1,2}\s*[:.)-])+/iu
const TO_DO_HEAD = /\b(?:next|to-?do|remaining|future|planned|upcoming|goals?|ideas|hypothes[ei]s|expected|plan|steps to)\b[^:]{0,60}:\s*$/i
const BASE_VERB = /^(?:now |then |next,? |first,? |finally,? |also |please )*(?:re-?run|run|execute|train|test|try|add|use|implement|create|write|save|submit|generate|evaluate|improve|increase|reduce|decrease|lower|raise|achieve|reach|get|obtain|check|verify|compare|tune|change|modify|edit|make|build|load|fix|set|apply|continue|finish|complete|measure|establish|report|read|understand|inspect|explore|experiment|find|optimi[sz]e|double-check|investigate|select|choose|record|confirm|ensure|keep|replace|start|see)\b(?!\.\w)(?!\s*(?:\d|#|accuracy|acc\b|loss|set\b|error|scores?\b|auc|f1|results?\b|time\b|data|performance|metric|:))/i

/** Sentences of a text, in order. Never throws; a sentence without end is cut. */
export function statementsOf(text: string): Statement[] {
  const found: Statement[] = []
  let toDo = false
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') { toDo = false; continue }
    if (/:\s*[*_]*$/.test(line)) toDo = TO_DO_HEAD.test(line.replace(/[*_]+/g, '').trim())
    for (const sentence of sentencesOf(line)) found.push(statementOf(sentence, toDo || /^[\s\-*+•\d.)]*\[ ?\]/.test(line)))
  }
  return found
}

export function statementOf(sentence: string, toDo = false): Statement {
  const quote = sentence.trim().slice(0, LONGEST)
  const done = DONE.test(quote)
  const text = readable(quote)
  const planned = text.endsWith('?') || (!done && (toDo || BASE_VERB.test(text)))
  return { quote, text, clauses: clausesOf(text), done, planned }
}

/** A full stop ends a sentence only before a space, so that 52.53 and train.py stay whole. */
const sentencesOf = (line: string): string[] => line.split(/(?<=[.!?…]["')\]*_`]{0,4})(?<!^[\s\-*•(]*\d{1,2}[.)])(?<!\b(?:e\.g|i\.e|etc|vs|cf|approx|no)\.)\s+(?=[^\s\da-z]|\d{1,2}[.)]\s|[\w./-]{1,60}\.(?:py|sh|csv)\b)|[。！？]/u).filter((part) => /[\p{L}\p{N}]/u.test(part))

const readable = (quote: string): string => quote
  .replace(LIST_MARK, '').replace(/\*\*|__(?=\s|$)|[`"“”‘]/g, '').replace(/(?<![\p{L}\p{N}])'|'(?![\p{L}])/gu, '').replace(/’/g, "'")
  .replace(/\bwithout (?:any )?(?:errors?|issues?|problems?|failures?|crash(?:es|ing)?)\b/gi, 'successfully').replace(/\bno (?:errors?|issues?|problems?)\b/gi, 'success').replace(/\s+/g, ' ').trim()

const clausesOf = (text: string): string[] => text.split(/;\s|,?\s(?:but|while|whereas|although|though|however|so|therefore|thus|hence)\s|,\s(?=(?:and |which )?(?:I|we|it|they|then|next|now|suggest\w*|indicat\w*|need\w*|can|will)\b)|\s(?=and (?:I|we|it|they|will|then|next|now)\b)|\.\s|\s[–—-]\s(?=(?:next|then|now|I|we|will)\b)/i).filter((clause) => clause.trim() !== '')

const MODAL = /\b(?:will|would|shall|should|could|might|may|can|cannot|must|going to|about to|ready to|plan(?:s|ned|ning)? to|need(?:s|ed)?\b|intend\w*|aim\w*|want\w*|wish\w*|hop(?:e|es|ed|ing)\b|expect\w*|anticipat\w*|predicted to|try(?:ing)? to|let's|let us|to-?do|to be|yet|pending|remain\w*|unless|if|whether|once|until|before|instead of|rather than|in order to)\b|'ll\b|'d\b/i
const DOUBT = /\b(?:likely|probabl\w+|perhaps|maybe|possibl\w+|potential\w*|presumabl\w+|seems?|seemed|appears?|appeared|guess\w*|assum\w*|suppos\w*|suspect\w*|think|believe\w*|hypothes\w*|hypothetical\w*|estimat\w*|unclear|unknown|unverified|unconfirmed|unsure|questionable|allegedly|claim(?:s|ed|ing)?|said|stated|wrong(?:ly)?|incorrect\w*|mistak\w*|inaccurate\w*|false(?:ly)?|contradict\w*|misleading|actually|contrary)\b/i
const NEGATED = /\b(?:not|never|no|none|neither|nor|without|fail(?:s|ed|ing)? to|unable|lack\w*|yet to|hardly|cannot)\b|n't\b/i
const GENERAL = /\b(?:target\w*|goals?|objective|criteri(?:on|a)|require\w*|literature|paper|papers|published|state[- ]of[- ]the[- ]art|sota|typical\w*|usual\w*|commonly|generally|often|known|leaderboard|benchmarks?|random (?:guess\w*|chance)|chance|e\.g\.|for example|for instance|such as|imagine)\b/i

/** A target that a model predicts, not one that somebody aims at. */
const PREDICTED = /\blog[- ]target\b|\btransform\w* (?:of )?the target\b|\btarget (?:variable|column|encod\w*|transform\w*|label|distribution)\b/gi

/** The sentence itself casts doubt, or says that somebody said so. */
export const isDoubted = (text: string): boolean => DOUBT.test(text)
/** The words say that it may be so, not that it is so. */
export const isHedged = (text: string): boolean => MODAL.test(text) || DOUBT.test(text) || text.trimEnd().endsWith('?')
export const isNegated = (text: string): boolean => NEGATED.test(text)
/** About a goal, or what is known of the world, not about this run. */
export const isGeneral = (text: string): boolean => GENERAL.test(text.replace(PREDICTED, ''))
export const tellsFailure = (text: string): boolean => /\b(?:fail\w*|error\w*|crash\w*|exception\w*|traceback|time[ds]? out|timeout|bugs?|broke\w*|abort\w*|stopped|killed|unsuccessful\w*|issues?|problems?|attempted|tried)\b/i.test(text)

/** The same sentence said again, whatever its list number or emphasis. */
export const sameSentence = ({ text }: Statement): string => text.toLowerCase().replace(/[^\p{L}\p{N}.%]+/gu, ' ').trim()
