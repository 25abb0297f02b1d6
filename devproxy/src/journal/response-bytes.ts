/** Most of an app's answer that the journal keeps, bytes. */
export const RESPONSE_BYTES = 64 * 1024;
