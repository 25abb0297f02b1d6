/** Loaded into the demo's child processes with `--import`. Ends them when the demo ends, for whatever reason. */
process.channel?.unref();
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
