export { type Config, configPath, readConfig, readOrCreateConfig } from "./config.js";
export { editDistance, isSimilar, mostSimilar, suggestion } from "./edit-distance.js";
export { configuredTarget, tokenFromEnvironment, unsetEmptyVariables } from "./environment.js";
export { type FolderIdentity, identityOf, isSameFolder } from "./folder.js";
export { type BullmqUrl, type InboxUrl, isUrl, type PostgresUrl, parseInboxUrl } from "./inbox-url.js";
export { jsonErrorPosition, type TextPosition } from "./json-error.js";
export { writePrivateFile } from "./private-file.js";
export { readProjectConfig } from "./project.js";
export { findUpwards } from "./search.js";
export { splitTunnel, TUNNEL_KINDS, TUNNEL_VALUES, type TunnelKind } from "./tunnel-kinds.js";
export {
  DEFAULT_TARGET,
  parseDuration,
  parseRetention,
  parseTarget,
  parseTimestamp,
  type RetentionRule,
  WHEN_DOWN,
  type WhenDown,
} from "./values.js";
export { packageVersion } from "./version.js";
