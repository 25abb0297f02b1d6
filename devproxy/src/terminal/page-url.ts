/**
 * The URL of the inspector page that shows a push. Without the token, which would then be visible in the list of processes: the page keeps it
 * after the URL that `listen` printed at its start was opened once.
 * @param inspectorUrl with the token in its fragment
 * @param seq the push; `undefined`: the page shows the list
 */
export function pageUrl(inspectorUrl: string, seq: number | undefined): string {
  const base = inspectorUrl.replace(/#.*$/s, "");
  return `${base}#/${seq === undefined ? "" : `pushes/${seq}`}`;
}
