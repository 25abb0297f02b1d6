const STORAGE_KEY = "airudder-token";

/** The token to use; `undefined` if there is none. */
export interface ChosenToken {
  token: string | undefined;
  /** A message for the user. */
  notice?: string;
}

/**
 * Takes the token from the fragment of the URL that `listen` prints (`#token=…`), removes it from the address bar, and stores it for this
 * origin if the inspector accepts it. Otherwise, the stored token stays: a link of another page must not replace it.
 * @param isAccepted whether the inspector accepts a token
 */
export async function chooseToken(isAccepted: (token: string) => Promise<boolean>): Promise<ChosenToken> {
  const stored = readStored(STORAGE_KEY);
  const [, token, rest] = /^#token=([\w.~-]+)(.*)$/.exec(location.hash) ?? [];
  if (token === undefined) return { token: stored };
  history.replaceState(null, "", `${location.pathname}#${rest?.startsWith("/") ? rest : "/"}`);
  if (token === stored) return { token };
  if (await isAccepted(token)) writeStored(STORAGE_KEY, token);
  else if (stored !== undefined)
    return { token: stored, notice: "The token of this URL was not accepted. The page uses the stored one." };
  return { token };
}

/** A stored setting; `undefined` if there is none, or if the browser does not allow storage. */
export function readStored(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Stores a setting. Never used for data of pushes. */
export function writeStored(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Without storage, the setting is valid until the page is closed.
  }
}
