/** Loaded into the demo's children with `--import`. Ends them when the demo has ended in any way. */
process.channel?.unref();
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
