// Simulates a tunnel program: prints its second argument (PID becomes its process id), then stays or ends.
// "raw" prints no line end, and control characters for ESC and BEL.
const [, , what, text = ""] = process.argv;
const print = { out: process.stdout, err: process.stderr }[what] ?? process.stdout;
if (what === "raw") print.write(text.replaceAll("ESC", "\u001b").replaceAll("BEL", "\u0007"));
else for (const line of text.replaceAll("PID", String(process.pid)).split("|")) print.write(`${line}\n`);
if (what === "end") process.exitCode = 3;
else if (what === "brief") setTimeout(() => process.exit(0), 300);
else setInterval(() => {}, 1_000);
