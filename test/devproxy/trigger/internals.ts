export * from "../../../devproxy/src/trigger/index.js";
