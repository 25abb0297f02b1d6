import { render } from "preact";
import { App } from "./app.js";
import { ApiClient } from "./client.js";
import { chooseToken } from "./token.js";

const root = document.getElementById("page") as HTMLElement;

async function start(): Promise<void> {
  const { token, notice } = await chooseToken((offered) =>
    new ApiClient(offered).get("/state").then(
      () => true,
      () => false,
    ),
  );
  render(<App key={`${token} ${notice}`} token={token} notice={notice} />, root);
}

// Each journal has its own token. The URL of another one may be opened in the same tab.
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#token=")) void start();
});
void start();
