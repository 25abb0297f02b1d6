/** The message of whatever was thrown. Never throws, though the value may be one that has no text. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${thrown.message}` : String(thrown);
  } catch {
    return "A value that cannot be shown as text was thrown; throw an Error with a message.";
  }
}

/** What is kept of an error: its kind and its message's start. */
export function describeThrown(thrown: unknown): string {
  let kind = "";
  try {
    if (thrown instanceof Error) kind = `${thrown.name}: `;
  } catch {
    // Its message says what there is to say.
  }
  return (kind + messageOf(thrown)).slice(0, 500);
}
