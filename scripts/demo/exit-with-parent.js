/** Loaded into the demo's child processes with `--import`. Ends them when the demo has ended in any way. */
process.channel?.unref();
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
