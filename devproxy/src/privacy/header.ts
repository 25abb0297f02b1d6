const SECRET_NAME =
  /^(authorization|cookie|set-cookie|proxy-authorization)$|(^|-)(auth|session|token|secret|api-?key|password)(-|$)/;

const DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;
const COUNT = /^\d{1,8}$/;
const CODINGS =
  /^(?:(?:gzip|x-gzip|deflate|br|zstd|identity|compress|chunked|\*)(?:;q=[01](?:\.\d{1,3})?)?(?:, ?|$))+$/;
const MEDIA =
  "(?:application|text|multipart|image|audio|video|\\*)/(?:json|[a-z]{1,12}\\+json|plain|html|xml|x-www-form-urlencoded|form-data|octet-stream|\\*)";

/** The headers whose values may be printed, with the pattern of their harmless values. */
const HARMLESS: Readonly<Record<string, RegExp>> = {
  accept: new RegExp(`^(?:${MEDIA}(?:;q=[01](?:\\.\\d{1,3})?)?(?:, ?|$))+$`, "i"),
  "accept-encoding": CODINGS,
  "airudder-devproxy": /^1$/,
  allow: /^[A-Z]{3,7}(?:, ?[A-Z]{3,7})*$/,
  connection: /^(?:keep-alive|close|upgrade)$/i,
  "content-encoding": CODINGS,
  "content-length": COUNT,
  "content-type": new RegExp(`^${MEDIA}(?:; ?charset=(?:utf-?8|us-ascii|iso-8859-1))?$`, "i"),
  date: DATE,
  expires: DATE,
  host: /^(?:localhost|127\.0\.0\.1|\[::1\]|[a-z][a-z-]{0,62}(?:\.[a-z][a-z-]{1,62}){1,4})(?::\d{1,5})?$/i,
  "keep-alive": /^timeout=\d{1,5}(?:, ?max=\d{1,5})?$/,
  "last-modified": DATE,
  "retry-after": COUNT,
  "transfer-encoding": CODINGS,
  "x-forwarded-port": /^\d{1,5}$/,
  "x-forwarded-proto": /^https?$/,
  "x-powered-by": /^Express$/,
};

/** Whether the name of a header says that its value is a secret. */
export function isSecretHeader(name: string): boolean {
  return SECRET_NAME.test(name.toLowerCase());
}

/** Whether a header's value may be printed. */
export function isHarmlessHeader(name: string, value: string): boolean {
  const key = name.toLowerCase();
  return value === "" || (Object.hasOwn(HARMLESS, key) && (HARMLESS[key] as RegExp).test(value));
}
