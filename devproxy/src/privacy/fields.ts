/** What kind of personal data a value is; part of its placeholder. */
export type Kind = "phone" | "name" | "text" | "amount" | "link" | "person";

/** Fields of Airudder's pushes that hold personal data, in lower case without underscores. */
const FIELDS: Record<Kind, readonly string[]> = {
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
};

/** Objects whose keys are the customer's own: whatever is in them may be personal. */
const FREE_MAPS = new Set(["variables", "nerslots", "customizeresults", "customerinfo"]);

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

/** Whether everything below a field is the customer's own. */
export function isFreeMap(name: string): boolean {
  return FREE_MAPS.has(plain(name));
}

/** The kind of data that a text is, by its look. */
export function kindOfText(text: string): Kind | undefined {
  if (/^\+\d[\d\s().-]{6,18}$/.test(text)) return "phone";
  if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)) return "person";
  return /^https?:\/\/\S+\.(mp3|wav|ogg|m4a|amr)(\?|$)/i.test(text) ? "link" : undefined;
}
