import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, type TestContext } from "node:test";
import { describePush } from "airudder-webhooks/inspect";
import { Journal } from "airudder-webhooks/journal";
import { campaignPushes } from "../../../devproxy/src/campaign/index.js";
import { makeFolder } from "../../helpers/folder.js";
import { browserTest, closeBrowser, openPage, screenshot } from "./browser.js";
import { startInspector } from "./rig.js";

after(closeBrowser);
