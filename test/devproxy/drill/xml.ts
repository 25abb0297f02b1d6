/** An element of an XML document. */
export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:(\w+);)?/g, (found, name) => {
    if (ENTITIES[name] === undefined) throw new Error(`Not an entity: ${found}`);
    return ENTITIES[name];
  });
}

/** Parses an XML document without comments, CDATA and namespaces. @throws Error if it is not well-formed */
export function parseXml(xml: string): Element {
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  let rest = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "");
  if (rest === xml) throw new Error("There is no XML declaration.");
  if (/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(rest)) throw new Error("Not a character of XML.");
  while (rest !== "") {
    const [tag, end, name = "", attributes = "", empty] =
      /^<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w.-]+="[^"<]*")*)\s*(\/?)>/.exec(rest) ?? [];
    const parent = open.at(-1) as Element;
    if (tag === undefined) {
      const [text] = /^[^<]+/.exec(rest) ?? [];
      if (text === undefined) throw new Error(`Not XML: ${rest.slice(0, 80)}`);
      parent.text += unescapeXml(text);
      rest = rest.slice(text.length);
      continue;
    }
    rest = rest.slice(tag.length);
    if (end === "/") {
      if (open.pop()?.name !== name) throw new Error(`</${name}> does not match its start.`);
      continue;
    }
    const pairs = [...attributes.matchAll(/([\w.-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [
      key,
      unescapeXml(value),
    ]);
    const element: Element = { name, attributes: Object.fromEntries(pairs), children: [], text: "" };
    parent.children.push(element);
    if (empty !== "/") open.push(element);
  }
  const [only] = root.children;
  if (open.length !== 1 || root.children.length !== 1 || only === undefined || root.text.trim() !== "")
    throw new Error("Not one element.");
  return only;
}
