/** Loaded into a child process with `--import`. Ends the process when its parent, the test, has ended in any way. */
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(1);
}, 500).unref();
