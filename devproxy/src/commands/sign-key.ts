import { connectControl } from "../client/index.js";

/** The key of `Sign`: that of the running `listen`, else AIRUDDER_KEY. `undefined`: the vendor's published key. */
export async function signKey(dir: string): Promise<string | undefined> {
  const control = await connectControl(dir).catch(() => undefined);
  if (control === undefined) return process.env.AIRUDDER_KEY || undefined;
  const { key } = control.state;
  return typeof key === "string" ? key : undefined;
}
