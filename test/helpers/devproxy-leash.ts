/** Loaded into a child process with `--import`: ends it when the test that started it has gone, however that ended. */
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(1);
}, 500).unref();
