/** Loaded into the demo's children with `--import`: ends them when the demo has ended, however that happened. */
process.channel?.unref();
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
