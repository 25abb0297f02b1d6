/** A push that a command sends in place of Airudder. */
export interface TestPush {
  /** Its type, such as `call.completed`; for messages. */
  type: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Sent byte for byte. */
  body: Buffer;
  /** Query of a recorded push, with its question mark. It is added to that of the destination. */
  query?: string | undefined;
}

/** The headers of every push: those that Airudder documents. */
export const VENDOR_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/json",
  "user-agent": "Airudder",
};
