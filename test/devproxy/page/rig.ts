import type { TestContext } from "node:test";
import type { PushType } from "airudder-webhooks";
import { samplePush } from "airudder-webhooks/testing";
import { type CampaignOptions, campaignPushes } from "../../../devproxy/src/campaign/index.js";
import { send, startProxy, type TestProxy } from "../../helpers/devproxy.js";
import type { RecorderApp } from "../../helpers/recorder-app.js";
import { buildPageForTests } from "./browser.js";

export interface Inspector extends TestProxy {
  /** URL of the inspector, with its token. */
  url: string;
}

let isBuilt: Promise<void> | undefined;

/** Starts a dev proxy with its inspector on a free port. */
export async function startInspector(
  t: TestContext,
  options: { app?: RecorderApp; journal?: string; inspect?: number } = {},
): Promise<Inspector> {
  isBuilt ??= buildPageForTests();
  await isBuilt;
  const started = await startProxy(t, { inspect: 0, ...options });
  return { ...started, url: started.proxy.inspectorUrl as string };
}

/** Sends the pushes of a fictitious campaign to the proxy. */
export async function sendCampaign(
  { proxy }: Inspector,
  options: CampaignOptions,
  max = Number.POSITIVE_INFINITY,
): Promise<number> {
  let sent = 0;
  for (const { body } of campaignPushes(options)) {
    if (sent === max) break;
    await send(proxy.localUrl, body);
    sent++;
  }
  return sent;
}

/** The body of a fictitious push, the same each time. */
export function bodyOf(type: PushType): string {
  return JSON.stringify(samplePush(type, {}, { seed: 1 }));
}

/** Makes the app fail for bodies that contain a text, and report as the middleware does, until `fix` is called. */
export function failFor({ app }: Inspector, text: string): { fix(): void } {
  let isFixed = false;
  app.reply = ({ body }, response) => {
    const isBad = !isFixed && body.includes(text);
    const outcome = isBad
      ? { result: "failed", error: "TypeError: Cannot read properties of undefined" }
      : { result: "handled" };
    response
      .writeHead(isBad ? 500 : 200, {
        "content-type": "application/json",
        "airudder-outcome": JSON.stringify(outcome),
      })
      .end(isBad ? '{"error":{"code":"handler_failed"}}' : "{}");
  };
  return {
    fix: () => {
      isFixed = true;
    },
  };
}
