import { render } from "preact";
import { App } from "./app.js";
import { takeToken } from "./token.js";

const root = document.getElementById("page") as HTMLElement;

function start(): void {
  const token = takeToken();
  render(<App key={token} token={token} />, root);
}

// Each journal has its own token. The URL of another one may be opened in the same tab.
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#token=")) start();
});
start();
