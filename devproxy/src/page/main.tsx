import { render } from "preact";
import { App } from "./app.js";
import { takeToken } from "./token.js";

const root = document.getElementById("page") as HTMLElement;

function start(): void {
  const token = takeToken();
  render(<App key={token} token={token} />, root);
}

// A new start of listen has a new token. Its URL may be opened in the same tab.
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#token=")) start();
});
start();
