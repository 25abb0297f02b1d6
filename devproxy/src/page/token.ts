const STORAGE_KEY = "airudder-token";

/**
 * Takes the token from the fragment of the URL that `listen` prints (`#token=…`), stores it for this origin, and removes it from the address
 * bar. Otherwise returns the stored token.
 */
export function takeToken(): string | undefined {
  const [, token, rest] = /^#token=([\w.~-]+)(.*)$/.exec(location.hash) ?? [];
  if (token === undefined) return readStored(STORAGE_KEY);
  writeStored(STORAGE_KEY, token);
  history.replaceState(null, "", `${location.pathname}#${rest?.startsWith("/") ? rest : "/"}`);
  return token;
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
