/** A dev proxy in a process of its own: options as JSON in, events as lines of JSON out. */
import { type DevproxyOptions, startDevproxy } from "airudder-devproxy";

const options = JSON.parse(process.argv[2] ?? "{}") as DevproxyOptions;
const print = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);
const started = performance.now();
startDevproxy({ tunnel: "none", ...options }).then(
  ({ localUrl, store }) => {
    const ms = Math.round(performance.now() - started);
    print({ event: "ready", local: localUrl, public: null, pushes: store.index.rows.length, ms });
  },
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
);
