import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type CurlCommand, curlBody, curlCommand, INCOMPLETE, inlineText, safeLine } from "../report/index.js";
import type { Exchange } from "./exchanges.js";
import type { ExportContext } from "./export.js";
import { notWritable, writeExport } from "./output-file.js";
import { describe, headersFor, redactedBody } from "./redaction.js";

/** Characters per line of a body in base64. */
const BASE64_WIDTH = 76;

/** Exports pushes as one shell script with a curl command per push. */
export async function* exportCurl(exchanges: AsyncIterable<Exchange>, context: ExportContext): AsyncGenerator<string> {
  yield "#!/bin/sh\n";
  for await (const exchange of exchanges) {
    const { body, comment, command } = scriptOf(exchange, context);
    const text = inlineText(body);
    if (text !== undefined) yield `\n${comment}${command(curlBody(text))}\n`;
    else yield `\n${comment}base64 -d <<'END' | ${command(curlBody())}\n${base64Lines(body)}END\n`;
  }
}

/**
 * Exports pushes into a folder, which is created if necessary: `0012-call.completed.sh` sends the exact bytes of `0012.body`.
 * @throws DevproxyError `not_writable`
 */
export async function exportCurlFiles(
  exchanges: AsyncIterable<Exchange>,
  context: ExportContext,
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw notWritable(folder, error);
  });
  for await (const exchange of exchanges) {
    const { seq, type } = exchange.row.push;
    const { body, comment, command } = scriptOf(exchange, context);
    const number = String(seq).padStart(4, "0");
    const typeName = context.redactor.type(type).replace(/[^\w.-]+/g, "_");
    const script = `#!/bin/sh\n${comment}${command(`--data-binary "@$(dirname "$0")/${number}.body"`)}\n`;
    await writeExport(join(folder, `${number}.body`), [body]);
    await writeExport(join(folder, `${number}-${typeName}.sh`), [script], { isExecutable: true });
  }
}

/** The parts of a script that sends a push. */
interface Script {
  body: Buffer;
  /** Comment lines that say which push it is, each with its line feed. */
  comment: string;
  command: CurlCommand["command"];
}

function scriptOf({ row, content }: Exchange, { redactor, target }: ExportContext): Script {
  const { push } = row;
  const body = redactedBody(describe(push, content), content, redactor);
  const headers = redactor.isOff ? content.headers : headersFor(content.headers, body);
  const { command, isComplete } = curlCommand({ push, headers, target }, redactor);
  const what = `Push #${push.seq}, ${redactor.type(push.type)}, received ${redactor.text(push.at)}.`;
  const lines = [`# ${safeLine(what)}`, ...(isComplete && body.equals(content.body) ? [] : [INCOMPLETE])];
  return { body, comment: lines.map((line) => `${line}\n`).join(""), command };
}

function base64Lines(body: Buffer): string {
  return body.toString("base64").replace(new RegExp(`.{1,${BASE64_WIDTH}}`, "g"), "$&\n");
}
