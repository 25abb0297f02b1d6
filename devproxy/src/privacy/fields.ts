/** What kind of data a value is that is not to be seen; part of its placeholder. */
export type Kind = "phone" | "name" | "text" | "amount" | "link" | "person" | "number" | "sign";

/** Fields of Airudder's pushes that hold personal data, or what proves where a push is from, in lower case without underscores. */
const FIELDS: Partial<Record<Kind, readonly string[]>> = {
  phone: [
    "calleenumber",
    "callernumber",
    "phonenumber",
    "mainnumber",
    "callee",
    "channelid",
    "phone",
    "mobile",
    "msisdn",
  ],
  name: [
    "calleename",
    "contactname",
    "agentname",
    "customername",
    "fullname",
    "firstname",
    "lastname",
    "threewayaccount",
  ],
  text: ["robottext", "text", "talkremarks", "comments", "remark", "body", "footer", "transcript", "asrptp", "content"],
  amount: ["borrowedamount", "totalowingamount", "amount"],
  link: ["reclink", "recordinglink", "recordingurl", "recordurl", "audiourl", "originurl"],
  person: ["calleegender", "address", "email", "privatedata", "info1", "info2", "info3", "extraa", "extrab", "extrac"],
  sign: ["sign", "signature", "xairuddersign"],
};

const KIND_OF = new Map<string, Kind>(
  Object.entries(FIELDS).flatMap(([kind, names]) => names.map((name) => [name, kind as Kind] as const)),
);

function plain(name: string): string {
  return name.toLowerCase().replace(/[_\-\s]/g, "");
}

/** The kind of data that a field holds, by its name; `undefined` for what is not personal. */
export function kindOfField(name: string): Kind | undefined {
  const key = plain(name);
  const known = KIND_OF.get(key);
  if (known !== undefined) return known;
  if (/(phone|mobile|msisdn)(no|number)?$/.test(key)) return "phone";
  if (/(amount|balance|salary)$/.test(key)) return "amount";
  if (/(recording|record|audio)(link|url)$/.test(key)) return "link";
  return /email|address$/.test(key) ? "person" : undefined;
}

/** The kind of data that a text is, by a look that leaves no doubt. */
export function kindOfText(text: string): Kind | undefined {
  if (/^\+\d[\d\s().-]{6,18}$/.test(text)) return "phone";
  if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)) return "person";
  return /^https?:\/\/\S+\.(mp3|wav|ogg|m4a|amr)(\?|$)/i.test(text) ? "link" : undefined;
}

/** A phone number within a text, not the zone of a time, and an address of e-mail; both also as they stand in a URL. */
const PHONE = /(?<!:\d\d(?:\.\d{1,9})?)(?:\+|%2b)\d(?:[\s().-]{0,3}\d){6,}/gi;
const MAIL =
  /[^\s@<>"'(),:;=&?/[\]\\]{1,64}(?:@|%40)[^\s@<>"'(),:;=&?/[\]\\.%]{1,63}(?:\.[^\s@<>"'(),:;=&?/[\]\\.%]{1,63})+/gi;

/** A text with what is personal beyond doubt replaced in it. */
export function replaceWithin(text: string, replace: (kind: Kind, value: string) => string): string {
  const rest = text.replace(PHONE, (value) => replace("phone", value));
  return /@|%40/.test(rest) ? rest.replace(MAIL, (value) => replace("person", value)) : rest;
}

/** The kind of data that a text may be: a number without `+` is a phone's where nobody says what it is. */
export function kindOfLook(text: string): Kind | undefined {
  const isDate = /^\d{4}-\d\d-\d\d/.test(text);
  return kindOfText(text) ?? (/^\(?\d(?:[\s().-]*\d){6,14}$/.test(text) && !isDate ? "phone" : undefined);
}

/** The kind of data that a name is, such as a key of an object: the names of fields are not, those of people are. */
export function kindOfName(name: string): Kind | undefined {
  const isTelling = /\d{6}|\S@\S/.test(name) || replaceWithin(name, () => "") !== name;
  return kindOfLook(name) ?? (isTelling ? "text" : undefined);
}
