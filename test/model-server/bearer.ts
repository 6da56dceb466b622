/** The token of an Authorization header, if there is one. */
export const bearer = (headers: Readonly<Record<string, string>>): string | undefined => /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1]
