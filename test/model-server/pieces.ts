/** A text in parts of about a dozen characters, as models say it. Never cuts a character in two; an empty text has no parts. */
export function pieces(text: string, length = 12): string[] {
  const characters = Array.from(text)
  return Array.from({ length: Math.ceil(characters.length / length) }, (_, index) => characters.slice(index * length, (index + 1) * length).join(''))
}

/** A coarse count that is the same everywhere: four characters to a token, at least one for any text. */
export const tokensIn = (text: string): number => Math.ceil(text.length / 4)
